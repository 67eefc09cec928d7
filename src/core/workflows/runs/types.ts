import type { StageEvent } from '../../stage/events.ts';
import type { GpuReading } from '../../stage/launcher.ts';
import type { SkippedFolder, TrainerEvent } from '../../stage/ports.ts';
import type { RunRecord, RunRequest, RunSummary } from '../../stage/run.ts';

/**
 * A piece of a log in whole lines, fit for a screen. A place in a log is a byte: no page costs more than it shows, however
 * long the log is.
 */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Byte at which the first of them starts: what was shown from there on, these lines replace. */
  readonly start: number;
  /** Where the next page starts: after the last line, or at it while it is still being written. */
  readonly end: number;
  /** Bytes that the log has now. */
  readonly size: number;
}

export interface LogLine {
  /** Byte at which it starts. */
  readonly at: number;
  readonly text: string;
}

/** `before` and `after` are the `start` and `end` of a page, or the `at` of a line. */
export type LogPlace = 'end' | { readonly before: number } | { readonly after: number };

/** What a run does, as it is seen from here. */
export type RunEvent =
  | { readonly type: 'state'; readonly summary: RunSummary }
  /** From the first one on, those that were told before in one go. */
  | { readonly type: 'events'; readonly events: readonly StageEvent[] }
  /** The end of the log, then what is added to it; a log that grows faster than it can be read is shown in leaps. */
  | { readonly type: 'log'; readonly page: LogPage }
  | { readonly type: 'gpus'; readonly readings: readonly GpuReading[] };

/** A run that was built and checked, and can be started. */
export interface Plan {
  readonly id: string;
  readonly request: RunRequest;
  readonly record: RunRecord;
}

export type PlanEvent = TrainerEvent | { readonly type: 'planned'; readonly plan: Plan };

export type StartEvent = TrainerEvent | { readonly type: 'started'; readonly record: RunRecord };

export type AdoptEvent =
  | TrainerEvent
  | {
      readonly type: 'adopted';
      readonly name: string;
      readonly folder: string;
      /** Why the engine did not load it; null if it is ready in Chat. */
      readonly notLoaded: string | null;
    };

/** One look at all runs. */
export interface RunList {
  readonly runs: readonly RunSummary[];
  readonly skipped: readonly SkippedFolder[];
}
