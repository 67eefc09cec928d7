import { pathTo } from '../../core/session/tree.ts';
import { wrapRows } from '../../core/text/wrap.ts';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { Box } from '../ink.ts';
import type { Rect } from '../layout.ts';
import type { AppState, Overlay } from '../state/state.ts';
import { alternativesProgress, formatP, formatR } from '../state/view.ts';

type Alternatives = Extract<Overlay, { kind: 'alternatives' }>;

/** Alternatives at one user turn, ranked by r; the selected one is shown whole. */
export function AlternativesOverlay({ state, overlay, rect }: { state: AppState; overlay: Alternatives; rect: Rect }) {
  const { candidates, selected, marks, done, node: id } = overlay;
  const width = rect.width - 2;
  const session = state.chat.session;
  const node = session?.nodes[id];
  const before = session && node ? pathTo(session, node.parent).at(-1) : undefined;
  const activity = state.chat.activity;
  const progress =
    activity?.kind === 'alternatives' ? alternativesProgress(activity) : done ? `${candidates.length}` : 'sampling …';
  const current = candidates[selected];
  const whole = current
    ? wrapRows(current.text, width - 2).slice(0, Math.max(1, rect.height - candidates.length - 9))
    : [];
  return (
    <Frame
      title={`Alternatives at t ${node && session ? userTurn(session, id) : '?'}, ranked by r`}
      note={progress}
      focused
      width={rect.width}
      height={rect.height}
    >
      <Line
        segments={[
          { text: ' before: ', tone: 'dim' },
          { text: before?.content ?? '(the session begins here)', tone: 'dim' },
        ]}
        width={width}
      />
      <Line segments={[{ text: '        r_t     p_t  words', tone: 'strong' }]} width={width} />
      {candidates.map((candidate, index) => (
        <Line key={candidate.index} selected={index === selected} width={width} segments={row(candidate, marks)} />
      ))}
      <Line segments={[{ text: ' ' }]} width={width} />
      {current ? (
        <Box flexDirection="column">
          {whole.map((part) => (
            <Line
              key={part.start}
              segments={[{ text: ` ${current.text.slice(part.start, part.end)}` }]}
              width={width}
            />
          ))}
          <Line
            segments={[{ text: ` ${author(current)}${current.end ? ' · ends the session' : ''}`, tone: 'dim' }]}
            width={width}
          />
        </Box>
      ) : null}
    </Frame>
  );
}

function row(candidate: Alternatives['candidates'][number], marks: readonly number[]): Segment[] {
  const mark = marks.indexOf(candidate.index);
  const p = candidate.z === null ? '-' : formatP(1 / (1 + Math.exp(-candidate.z)));
  const words = candidate.text.split(/\s+/u).filter(Boolean).length;
  return [
    { text: mark === 0 ? ' + ' : mark === 1 ? ' - ' : '   ', tone: 'strong' },
    { text: candidate.index === 0 ? '★ ' : '  ' },
    {
      text: (candidate.r === null ? '-' : formatR(candidate.r)).padStart(6),
      tone: (candidate.r ?? 0) < 0 ? 'fake' : 'real',
    },
    { text: p.padStart(8) },
    { text: `${String(words).padStart(7)}  ` },
    { text: candidate.text === '' ? '(ends the session)' : candidate.text.replaceAll('\n', ' ⏎ ') },
  ];
}

function author({ by, index }: Alternatives['candidates'][number]): string {
  const who = by.kind === 'human' ? 'written by you' : `${by.name}${by.seed === undefined ? '' : `, seed ${by.seed}`}`;
  return index === 0 ? `the original (★), ${who}` : who;
}

function userTurn(session: NonNullable<AppState['chat']['session']>, id: number): number {
  return pathTo(session, id).filter((node) => node.role === 'user').length;
}
