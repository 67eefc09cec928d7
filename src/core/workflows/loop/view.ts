import type { Alarm } from './alarms.ts';
import type { Cell, Grid } from './plan.ts';
import type { LoopEvent, Outcome } from './types.ts';

/** What a screen shows of a loop: what is on the disk, and what is done now. */
export interface LoopView {
  readonly grid: Grid;
  readonly alarms: readonly Alarm[];
  /** The stage that is being run here, with its newest progress. */
  readonly doing: {
    readonly iteration: number;
    readonly stage: Cell['stage'];
    readonly text: string;
    readonly done: number | null;
    readonly of: number | null;
    /** Training run that it waits for. */
    readonly run: string | null;
  } | null;
  /** The gate that waits, with the pairs to look at. */
  readonly waiting: Extract<LoopEvent, { type: 'waiting' }> | null;
  readonly failed: Extract<LoopEvent, { type: 'failed' }> | null;
  /** What was said about the stages that were run here, newest last. */
  readonly notices: readonly string[];
  readonly outcome: Outcome | null;
}

/** The view of a loop that nobody runs here. */
export function openView(grid: Grid, alarms: readonly Alarm[]): LoopView {
  return { grid, alarms, doing: null, waiting: null, failed: null, notices: [], outcome: null };
}

/** The view after an event of `runLoop`. */
export function reduceView(view: LoopView, event: LoopEvent): LoopView {
  switch (event.type) {
    case 'grid':
      return { ...view, grid: event.grid };
    case 'begin': {
      const { iteration, stage } = event;
      const doing = { iteration, stage, text: '', done: null, of: null, run: null };
      return { ...view, doing, waiting: null, failed: null, outcome: null };
    }
    case 'progress': {
      const { iteration, stage, text, done, of } = event;
      return { ...view, doing: { iteration, stage, text, done, of, run: view.doing?.run ?? null } };
    }
    case 'run':
      return view.doing ? { ...view, doing: { ...view.doing, run: event.run } } : view;
    case 'notice':
      return { ...view, notices: [...view.notices, event.text] };
    case 'end':
      return { ...view, doing: null };
    case 'failed':
      return { ...view, doing: null, failed: event };
    case 'waiting':
      return { ...view, doing: null, waiting: event };
    case 'alarm':
      return { ...view, alarms: withAlarm(view.alarms, event.alarm) };
    case 'stopped':
      return { ...view, doing: null, outcome: event.why };
  }
}

/** Each alarm keeps its place. */
function withAlarm(alarms: readonly Alarm[], alarm: Alarm): readonly Alarm[] {
  const known = alarms.some(({ code }) => code === alarm.code);
  return known ? alarms.map((one) => (one.code === alarm.code ? alarm : one)) : [...alarms, alarm];
}

/** How long a stage took, as far as it is known: what it took before it was cut off is in no file. */
export function timeOf({ seconds, resumed }: Cell, format: (seconds: number) => string): string {
  return seconds === null ? '' : `${resumed ? '> ' : ''}${format(seconds)}`;
}

/** What a stage came to, in few words: the figure that people look for first. */
export function yieldOf(cell: Cell): string {
  return yieldsOf(cell)[0] ?? '';
}

/** The same in fewer and fewer words, for where there is little room; nothing where nothing is known. */
export function yieldsOf({ stage, counts }: Cell): readonly string[] {
  const known = (name: string) => counts[name] ?? 0;
  if (Object.keys(counts).length === 0) return [];
  const of = (count: number, word: string, short: string) => [`${count} ${word}`, `${count} ${short}`, String(count)];
  switch (stage) {
    case 'simulate':
    case 'score':
      return of(known('sessions'), 'sessions', 'sess');
    case 'discriminator': {
      const accuracy = known('accuracy').toFixed(2);
      return counts['accuracy'] === undefined ? [] : [`accuracy ${accuracy}`, `acc ${accuracy}`, accuracy];
    }
    case 'mine':
      return [
        `${known('pairs')} pairs of ${known('turns')} turns`,
        ...[`${known('pairs')} of ${known('turns')}`, String(known('pairs'))],
      ];
    case 'review':
      return [
        `${known('approved')} approved, ${known('rejected')} rejected`,
        ...[`${known('approved')} yes, ${known('rejected')} no`, `${known('approved')}+ ${known('rejected')}-`],
        String(known('approved')),
      ];
    case 'dpo':
      return of(known('pairs'), 'pairs', 'prs');
    case 'check':
      return [
        `${known('sessions')} sessions, ${known('contexts')} contexts`,
        ...of(known('sessions'), 'sessions', 'sess'),
      ];
  }
}

/** Simulator that an iteration starts with, by the names in a grid; null if it is not made yet. */
export function simulatorOf({ rows }: Grid, iteration: number, first: string): string | null {
  if (iteration === 0) return first;
  const cell = rows[iteration - 1]?.cells.find(({ stage }) => stage === 'dpo');
  return cell?.state === 'done' ? (cell.outputs[0]?.name ?? null) : null;
}
