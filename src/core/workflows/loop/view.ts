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
      return { ...view, alarms: [...view.alarms.filter(({ code }) => code !== event.alarm.code), event.alarm] };
    case 'stopped':
      return { ...view, doing: null, outcome: event.why };
  }
}

/** What a stage came to, in few words: the figure that people look for first. */
export function yieldOf({ stage, counts }: Cell): string {
  const known = (name: string) => counts[name] ?? 0;
  if (Object.keys(counts).length === 0) return '';
  switch (stage) {
    case 'simulate':
    case 'score':
      return `${known('sessions')} sessions`;
    case 'discriminator':
      return counts['accuracy'] === undefined ? '' : `accuracy ${known('accuracy').toFixed(2)}`;
    case 'mine':
      return `${known('pairs')} pairs of ${known('turns')} turns`;
    case 'review':
      return `${known('approved')} approved, ${known('rejected')} rejected`;
    case 'dpo':
      return `${known('pairs')} pairs`;
    case 'check':
      return `${known('sessions')} sessions, ${known('contexts')} contexts`;
  }
}

/** Simulator that an iteration starts with, by the names in a grid; null if it is not made yet. */
export function simulatorOf({ rows }: Grid, iteration: number, first: string): string | null {
  if (iteration === 0) return first;
  const cell = rows[iteration - 1]?.cells.find(({ stage }) => stage === 'dpo');
  return cell?.state === 'done' ? (cell.outputs[0]?.name ?? null) : null;
}
