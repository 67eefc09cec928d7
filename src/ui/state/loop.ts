import type { LoopStage } from '../../core/workflows/loop/journal.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { Extent } from '../../core/workflows/loop/types.ts';
import type { LoopView } from '../../core/workflows/loop/view.ts';
import type { FieldPrompt } from './form-fields.ts';
import type { LoopForm } from './loop-form.ts';

export const LOOP_PANES = ['stage', 'alarms', 'figures'] as const;
export type LoopPane = (typeof LOOP_PANES)[number];

/** One loop in the list of all. */
export interface LoopRow {
  readonly name: string;
  /** Null before it was read. */
  readonly iterations: number | null;
  /** What comes next, in words. */
  readonly next: string;
  /** Codes of alarms that fire. */
  readonly alarms: readonly string[];
  /** Who else runs it; null if nobody does. */
  readonly holder: string | null;
  /** Why it cannot be read; null if it can. */
  readonly failed: string | null;
}

/** How many of the pairs at a gate are what. */
export interface GatePairs {
  readonly iteration: number;
  readonly set: string;
  readonly approved: number;
  readonly rejected: number;
  readonly pending: number;
}

/** How far a stage is. `at`: ms. */
export interface Mark {
  readonly done: number;
  readonly of: number | null;
  readonly at: number;
}

/** The first and the newest that is known of a count that grows: its rate. `key` says what is counted. */
export interface Meter {
  readonly key: string;
  readonly from: Mark;
  readonly now: Mark;
}

/** A loop as it is on the disk. */
export interface OpenLoop {
  readonly settings: LoopSettings;
  readonly view: LoopView;
  /** Who else runs it; null if nobody does. */
  readonly holder: string | null;
  readonly gate: GatePairs | null;
  /** Of the stage that another process runs. */
  readonly meter: Meter | null;
}

/** The loop that this process runs. */
export interface RunningLoop {
  readonly name: string;
  readonly extent: Extent;
  readonly settings: LoopSettings;
  readonly view: LoopView;
  readonly meter: Meter | null;
  readonly stopping: boolean;
  /** What is done, in a line for every screen. */
  readonly line: string;
}

export type LoopScreenView =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'loop';
      readonly name: string;
      /** The cell under the cursor. */
      readonly iteration: number;
      readonly stage: LoopStage;
      readonly pane: LoopPane;
      /** The alarm whose plot shows; null: the first one that fires. */
      readonly alarm: number | null;
      /** First row of the stage's details and of the figures that shows. */
      readonly top: number;
    }
  /** `back`: the loop that one goes back to; null for the list. */
  | { readonly kind: 'form'; readonly form: LoopForm; readonly back: string | null };

export interface LoopsState {
  /** Nothing was read yet. */
  readonly loading: boolean;
  readonly loops: readonly LoopRow[];
  /** By name, since loops come while one looks. */
  readonly selected: string | null;
  readonly view: LoopScreenView;
  readonly open: OpenLoop | null;
  /** Why the open loop cannot be read; null if it can. */
  readonly failed: string | null;
  readonly running: RunningLoop | null;
  /** A line of text for a field of the form. */
  readonly prompt: FieldPrompt | null;
}

export const NO_LOOPS: LoopsState = {
  loading: true,
  loops: [],
  selected: null,
  view: { kind: 'list' },
  open: null,
  failed: null,
  running: null,
  prompt: null,
};

/** The loop that is open, as it stands: what is run here is known newer than what is on the disk. */
export function shownLoop({ view, open, running }: LoopsState): (OpenLoop & { readonly here: boolean }) | null {
  if (view.kind !== 'loop') return null;
  if (running?.name === view.name) {
    const { settings, meter } = running;
    const gate = open?.settings.name === view.name ? open.gate : null;
    return { settings, view: running.view, holder: null, gate, meter, here: true };
  }
  return open?.settings.name === view.name ? { ...open, here: false } : null;
}

/** A loop of which only the name is known. */
export function unreadRow(name: string): LoopRow {
  return { name, iterations: null, next: 'not read yet', alarms: [], holder: null, failed: null };
}

export function selectedLoop({ loops, selected }: LoopsState): number {
  return Math.max(
    0,
    loops.findIndex(({ name }) => name === selected),
  );
}

/** The alarm whose plot shows: unless one is chosen, the first that fires, or else that is watched. */
export function shownAlarm({ alarms }: LoopView, chosen: number | null): number {
  const first = (['alarm', 'watch'] as const).map((word) => alarms.findIndex(({ verdict }) => verdict === word));
  return Math.min(chosen ?? first.find((at) => at >= 0) ?? 0, Math.max(0, alarms.length - 1));
}

export type GridMove = 'up' | 'down' | 'left' | 'right' | 'next';

/** Moves the cursor over the grid; `next` goes to the stage that comes next. It stays on a cell that there is. */
export function moveCursor(
  { grid }: LoopView,
  at: { readonly iteration: number; readonly stage: LoopStage },
  move: GridMove,
): { iteration: number; stage: LoopStage } {
  if (move === 'next') {
    const { iteration, stage } = grid.next ?? grid.rows.at(-1)?.cells.at(-1) ?? at;
    return { iteration, stage };
  }
  const row = Math.max(
    0,
    grid.rows.findIndex(({ iteration }) => iteration === at.iteration),
  );
  const column = Math.max(0, grid.rows[row]?.cells.findIndex(({ stage }) => stage === at.stage) ?? 0);
  const by = { up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] }[move] as [number, number];
  const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
  const cells = grid.rows[within(row + by[0], grid.rows.length)]?.cells ?? [];
  const cell = cells[within(column + by[1], cells.length)];
  return cell ? { iteration: cell.iteration, stage: cell.stage } : { iteration: at.iteration, stage: at.stage };
}
