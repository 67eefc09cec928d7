import { cellWidth, fitWidth } from '../../core/text/wrap.ts';
import { LOOP_STAGES, type LoopStage } from '../../core/workflows/loop/journal.ts';
import { givenTo } from '../../core/workflows/loop/needs.ts';
import type { Cell, StageState } from '../../core/workflows/loop/plan.ts';
import { simulatorOf, timeOf, yieldsOf } from '../../core/workflows/loop/view.ts';
import { oneRow, type Segment } from '../components/Line.tsx';
import type { Tone } from '../theme.ts';
import type { Meter, OpenLoop } from './loop.ts';
import { liveCell, secondsLeft } from './loop-run.ts';

interface StateSign {
  readonly sign: string;
  readonly word: string;
  /** In six cells. */
  readonly short: string;
  readonly tone: Tone;
}

/** A sign, a word and a tone each: the tone says nothing alone. */
export const STAGE_SIGNS: Readonly<Record<StageState, StateSign>> = {
  todo: { sign: '·', word: '', short: '', tone: 'dim' },
  ready: { sign: '○', word: 'ready', short: 'ready', tone: 'strong' },
  running: { sign: '●', word: 'running', short: 'runs', tone: 'focus' },
  waiting: { sign: '◆', word: 'waiting', short: 'waits', tone: 'warn' },
  done: { sign: '✓', word: 'done', short: 'done', tone: 'ok' },
  failed: { sign: '✗', word: 'failed', short: 'failed', tone: 'error' },
  stale: { sign: '~', word: 'stale', short: 'stale', tone: 'warn' },
};

export const STAGE_TITLES: Readonly<Record<LoopStage, { readonly title: string; readonly short: string }>> = {
  simulate: { title: 'simulate', short: 'simulate' },
  discriminator: { title: 'discriminator', short: 'discrim.' },
  score: { title: 'score', short: 'score' },
  mine: { title: 'mine', short: 'mine' },
  review: { title: 'review', short: 'review' },
  dpo: { title: 'dpo', short: 'dpo' },
  check: { title: 'check', short: 'check' },
};

/** Rows of the screen that an iteration takes. */
export const ROWS_AN_ITERATION = 2;
const MARK = '▸';

interface Columns {
  readonly label: number;
  readonly cell: number;
}

/** Cells for the iteration and its simulator at least, and at most. */
const LABEL = { least: 12, most: 24 };

function columnsOf(width: number): Columns {
  const least = Math.max(LABEL.least, Math.floor(width * 0.15));
  const cell = Math.floor((width - 1 - Math.min(LABEL.most, least)) / LOOP_STAGES.length);
  return { label: Math.min(LABEL.most, width - 1 - cell * LOOP_STAGES.length), cell };
}

export function gridHeader(width: number): Segment[] {
  const { label, cell } = columnsOf(width);
  const titles = LOOP_STAGES.map((stage) => {
    const { title, short } = STAGE_TITLES[stage];
    return fitWidth(` ${title.length + 2 <= cell ? title : short}`, cell);
  });
  return [{ text: ` ${fitWidth('iteration', label)}${titles.join('')}`, tone: 'strong' }];
}

/** The grid, two rows an iteration: sign and yield, then time or state. `cursor` is marked by a sign and inverse. */
export function gridRows(
  loop: OpenLoop,
  cursor: { readonly iteration: number; readonly stage: LoopStage },
  width: number,
): Segment[][] {
  const { label, cell: room } = columnsOf(width);
  const { grid } = loop.view;
  return grid.rows.flatMap(({ iteration, cells }): Segment[][] => {
    const simulator = simulatorOf(grid, iteration, loop.settings.simulator);
    const upper: Segment[] = [{ text: ` ${fitWidth(`k = ${iteration}`, label)}`, tone: 'strong' }];
    const lower: Segment[] = [{ text: ` ${fitWidth(oneRow(simulator ?? '', label - 1), label)}`, tone: 'user' }];
    for (const one of cells) {
      const cell = liveCell(loop, one);
      const chosen = cell.iteration === cursor.iteration && cell.stage === cursor.stage;
      const meter = cell.state === 'running' ? loop.meter : null;
      const given = givenTo(loop.settings, cell.iteration, cell.stage) !== null;
      const [first, second] = cellTexts(cell, meter, given, room - 3);
      const { sign, tone } = STAGE_SIGNS[cell.state];
      upper.push(
        { text: chosen ? MARK : ' ', tone: 'focus' },
        { text: fitWidth(`${sign} ${first}`, room - 1), tone: chosen ? 'selected' : tone },
      );
      lower.push({ text: ' ' }, { text: fitWidth(`  ${second}`, room - 1), tone: chosen ? 'selected' : 'dim' });
    }
    return [upper, lower];
  });
}

/** The two lines of a cell, of at most `room` cells each: what it came to; how long, or how it stands. */
function cellTexts(cell: Cell, meter: Meter | null, given: boolean, room: number): [string, string] {
  const fits = (texts: readonly string[], most: number) => texts.find((text) => cellWidth(text) <= most) ?? '';
  if (cell.state === 'running') {
    const left = meter && secondsLeft(meter);
    const done = meter?.now.done;
    const of = meter?.now.of ?? null;
    const count =
      done === undefined ? [] : of === null ? [`${done}`] : [`${done} of ${of}`, `${done}/${of}`, `${done}`];
    const time =
      left === null || left === undefined
        ? []
        : [`${shortTime(left)} left`, `-${shortTime(left).replace(/ min| /u, (unit) => unit.trim().slice(0, 1))}`];
    return [fits(count, room), fits([...time, 'running', 'runs'], room)];
  }
  const { word, short } = STAGE_SIGNS[cell.state];
  const time = given ? 'given' : timeOf(cell, shortTime);
  const state = cell.state === 'ready' && cell.begun ? ['begun, goes on', 'begun'] : [word, short];
  return [fits(yieldsOf(cell), room), cell.state === 'done' ? time : fits(state, room)];
}

/** A span of time in one unit: `45 s`, `12 min`, `2.4 h`. */
export function shortTime(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** The first row of the grid that shows, so that the cursor's iteration is in view. */
export function gridTop(rows: number, at: number, height: number): number {
  const whole = Math.max(ROWS_AN_ITERATION, height - (height % ROWS_AN_ITERATION));
  const first = Math.max(0, Math.min(at - Math.floor(whole / 2), rows - whole));
  return first - (first % ROWS_AN_ITERATION);
}
