import type { SessionSummary } from '../../core/ports.ts';
import { fitWidth } from '../../core/text/wrap.ts';
import { Composer } from '../components/Composer.tsx';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { List } from '../components/List.tsx';
import { Box } from '../ink.ts';
import type { Regions } from '../layout.ts';
import type { AppState } from '../state/state.ts';
import { formatP, formatR } from '../state/view.ts';
import { Status } from './Status.tsx';

/** All sessions of all corpora, filtered and sorted by the index. */
export function Sessions({ state, regions }: { state: AppState; regions: Regions }) {
  const { sessions } = state;
  const { body } = regions;
  const height = body.height - 1 - regions.status.height;
  const inner = body.width - 2;
  const { query } = sessions;
  const filters = [
    sessions.behind === null ? '' : `Esc goes back · behind ${sessions.behind}`,
    query.corpus ?? 'all corpora',
    query.origin ?? 'all origins',
    query.text ? `"${query.text}"` : '',
    query.hideRisk ? 'risk language hidden' : 'risk language shown',
    `by ${query.sort}${query.descending ? ' ↓' : ' ↑'}`,
  ].filter(Boolean);
  return (
    <Box flexDirection="column" width={body.width} height={body.height}>
      <Frame
        title="Sessions"
        note={`${sessions.total === 0 ? 0 : sessions.selected + 1} of ${sessions.total}`}
        focused={sessions.search === null}
        width={body.width}
        height={height}
      >
        <Line segments={[{ text: ` ${filters.join(' · ')}`, tone: 'dim' }]} width={inner} />
        <Line segments={header(inner)} width={inner} />
        <List
          rows={sessions.rows.map((row) => ({ key: `${row.corpus}/${row.id}`, segments: cells(row, inner) }))}
          selected={sessions.selected - sessions.offset}
          width={inner}
          height={height - 4}
          empty={sessions.loading ? 'reading …' : 'no session matches; `foil import PATH` brings a corpus in'}
        />
      </Frame>
      <Status state={state} width={body.width} height={regions.status.height} />
      {sessions.search ? (
        <Composer
          state={sessions.search}
          x={body.x}
          y={body.y + body.height - 1}
          width={body.width}
          height={1}
          focused
          prompt="/ "
          placeholder="words that a session must hold"
        />
      ) : (
        <Line segments={[{ text: ' ' }]} width={body.width} />
      )}
    </Box>
  );
}

/** Below this width the words are left out: the opening, by which one knows a session, would have no room. */
const NARROW = 72;

function header(width: number): Segment[] {
  const words = width < NARROW ? '' : 'words'.padStart(7);
  return [
    {
      text: ` ${'corpus'.padEnd(16)}${'origin'.padEnd(originCells(width))}${'turns'.padStart(5)}${words}${'p_T'.padStart(6)}${'low r'.padStart(8)}  ${width > 110 ? 'updated            ' : ''}opening`,
      tone: 'strong',
    },
  ];
}

const originCells = (width: number) => (width < NARROW ? 7 : 11);

function cells(row: SessionSummary, width: number): Segment[] {
  const p = row.pT === null ? '-' : formatP(row.pT);
  const r = row.lowestR === null ? '-' : formatR(row.lowestR);
  return [
    { text: ` ${fitWidth(row.corpus, 15)} ` },
    {
      text: fitWidth(width < NARROW && row.origin === 'simulated' ? 'sim' : row.origin, originCells(width)),
      tone: row.origin === 'simulated' ? 'fake' : 'plain',
    },
    { text: String(row.userTurns).padStart(5) },
    { text: width < NARROW ? '' : String(row.words).padStart(7) },
    { text: p.padStart(6), tone: row.pT === null ? 'dim' : row.pT >= 0.5 ? 'real' : 'fake' },
    { text: r.padStart(8) },
    { text: '  ' },
    ...(width > 110
      ? [{ text: (row.updated ?? '').slice(0, 16).replace('T', ' ').padEnd(19), tone: 'dim' as const }]
      : []),
    ...(row.risk ? [{ text: '! risk  ', tone: 'warn' as const }] : []),
    { text: row.opening },
  ];
}
