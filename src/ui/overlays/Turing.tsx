import { cellWidth, fitWidth } from '../../core/text/wrap.ts';
import { Rows } from '../components/Chart.tsx';
import { Frame } from '../components/Frame.tsx';
import type { Segment } from '../components/Line.tsx';
import type { Rect } from '../layout.ts';
import { wrapped } from '../state/runs-view.ts';
import type { Overlay } from '../state/state.ts';
import { saidRows } from './said.ts';

type Sitting = Extract<Overlay, { kind: 'turing' }>;
type View = NonNullable<Sitting['view']>;
type Shown = Exclude<View, { phase: 'end' }>;

/** A session up to the turn that is guessed, with the scale below; after its last guess, what it was. */
export function Turing({ overlay, rect }: { overlay: Sitting; rect: Rect }) {
  const { name, by, view } = overlay;
  const width = rect.width - 2;
  const foot = view === null ? [] : view.phase === 'end' ? endRows(view, name, width) : footRows(overlay, view, width);
  const height = Math.max(3, rect.height - 2 - foot.length);
  const rows = view === null || view.phase === 'end' ? [] : bodyRows(view, width - 2);
  const bottom = Math.max(0, rows.length - height);
  const top = Math.max(0, bottom - overlay.up);
  return (
    <Frame
      title={`Real or simulated? ─ ${name}, by ${by}`}
      note={noteOf(view, top)}
      focused
      width={rect.width}
      height={rect.height}
    >
      <Rows rows={rows.slice(top, top + height)} width={width} height={height} />
      <Rows rows={foot} width={width} height={foot.length} />
    </Frame>
  );
}

function noteOf(view: Sitting['view'], hidden: number): string {
  if (view === null) return '';
  if (view.phase === 'end') return `${view.judged} of ${view.sessions} judged`;
  const { session, sessions, t, turns } = view.standing;
  return `${hidden > 0 ? '↑ ' : ''}session ${session} / ${sessions} · turn ${t} / ${turns}`;
}

function bodyRows({ text, phase }: Shown, width: number): Segment[][] {
  const about = text.context === null ? [] : text.context.split('\n').flatMap((line) => wrapped(line, width - 1));
  const last = text.turns.length - 1;
  const said = text.turns.map((turn, at) => ({ ...turn, asked: phase === 'guess' && at === last }));
  return [
    ...about.map((line): Segment[] => [{ text: ` ${line}`, tone: 'dim' }]),
    ...(about.length > 0 ? [[]] : []),
    ...saidRows(said, width),
  ];
}

function footRows({ scale }: Sitting, view: Shown, width: number): Segment[][] {
  const { guesses, note } = view.standing;
  const mine: Segment[] = [
    { text: ' p(real) so far ' },
    { text: lastOf(guesses.map(shown), width - 16, 4, '…').join(' ') || 'none', tone: 'strong' },
  ];
  const kept: Segment[][] = note === null || note === '' ? [] : [[{ text: ` note: ${note}`, tone: 'dim' }]];
  if (view.phase === 'truth') return [...kept, ...truthRows(view, width)];
  if (view.phase === 'judged')
    return [
      ...kept,
      mine,
      [
        { text: ' All its turns are guessed. ' },
        { text: 'Enter', tone: 'focus' },
        { text: ' shows what it was; then the guesses stand.' },
      ],
    ];
  const wide = width >= 72;
  const half = scale.filter((p) => p < 0.5).length;
  const keys = scale.flatMap((p, at): Segment[] => [
    ...(at === half ? [{ text: '│ ', tone: 'dim' as const }] : []),
    { text: `${at + 1} `, tone: 'focus' },
    { text: `${shown(p)}${wide ? '  ' : ' '}` },
  ]);
  return [
    ...kept,
    mine,
    [
      { text: wide ? ' surely simulated  ' : ' simulated ', tone: 'dim' },
      ...keys,
      { text: wide ? 'surely real' : 'real', tone: 'dim' },
    ],
  ];
}

/** Cells of a guess that is right or wrong, with a space. */
const GUESS = 5;
/** Cells of the name of a judge: at most, and where a session has many turns. */
const MOST_NAME = 24;
const LEAST_NAME = 12;

function truthRows({ standing, truth }: Extract<View, { phase: 'truth' }>, width: number): Segment[][] {
  const { real, simulator, corpus, session, judges } = truth;
  const names = ['you', ...judges.map(({ name }) => name)];
  const needed = GUESS * standing.guesses.length;
  const longest = Math.max(...names.map(cellWidth));
  const column = Math.min(MOST_NAME, longest, Math.max(LEAST_NAME, width - 3 - needed));
  const row = (name: string, ps: readonly number[]): Segment[] => [
    { text: ` ${fitWidth(name, column)} ` },
    ...lastOf(
      ps.map(
        (p): Segment => ({
          text: ` ${shown(p)}${p > 0.5 === real ? '✓' : '✗'}`,
          tone: p > 0.5 === real ? 'ok' : 'warn',
        }),
      ),
      width - column - 2,
      GUESS,
      { text: ' …' },
    ),
  ];
  return [
    [
      { text: real ? ' It was a real person. ' : ` It was simulated, by ${simulator}. `, tone: 'strong' },
      { text: `${corpus}/${session}`, tone: 'dim' },
    ],
    row('you', standing.guesses),
    ...judges.map(({ name, p }) => row(name, p)),
    ...(judges.length === 0 ? [[{ text: ' no discriminator has scored it: foil score', tone: 'dim' as const }]] : []),
    [{ text: ' Enter', tone: 'focus' }, { text: ' goes to the next session.' }],
  ];
}

function endRows(
  { judged, sessions, skipped }: Extract<View, { phase: 'end' }>,
  name: string,
  width: number,
): Segment[][] {
  const said = `Ctrl+G shows how often you were right, beside the discriminators; an evaluation that names ${name} among those who guessed has the same tables.`;
  return [
    [{ text: ` ${judged} of ${sessions} sessions are judged, ${skipped} skipped.`, tone: 'strong' }],
    ...wrapped(said, width - 2).map((text): Segment[] => [{ text: ` ${text}` }]),
  ];
}

/** All where they fit; else as many of the last as do, for those a session is judged by, after what says that some are not shown. */
function lastOf<T>(all: readonly T[], room: number, cells: number, more: T): readonly T[] {
  if (all.length * cells <= room) return all;
  return [more, ...all.slice(-Math.max(1, Math.floor((room - 2) / cells)))];
}

const shown = (p: number) => p.toFixed(2).replace(/^0/u, '');
