import type { FailedEvent, KnownEvent, MemoryEvent, PreflightEvent, StageEvent } from './events.ts';

/** One optimiser step, for plots; what a stage does not tell is null. */
export interface StepPoint {
  readonly step: number;
  /** Seconds since 1970. */
  readonly t: number;
  readonly loss: number | null;
  readonly learningRate: number | null;
  readonly gradNorm: number | null;
  readonly tokensPerS: number | null;
  /** DPO: beta times the log-ratio to the reference, of the chosen and the rejected side, and their difference. */
  readonly rewardChosen: number | null;
  readonly rewardRejected: number | null;
  readonly margin: number | null;
  readonly accuracy: number | null;
  readonly logpsChosen: number | null;
  readonly logpsRejected: number | null;
}

export interface ValidPoint {
  readonly step: number;
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly margin: number | null;
}

/** Counts of p(real) in ten equal bins from 0 to 1. */
export interface Histogram {
  readonly step: number;
  readonly real: readonly number[];
  readonly simulated: readonly number[];
}

/** All that the events of a run say of it so far. */
export interface Progress {
  readonly points: readonly StepPoint[];
  readonly valid: readonly ValidPoint[];
  readonly preflights: Readonly<Record<string, PreflightEvent>>;
  readonly memory: MemoryEvent | null;
  /** The newest one. */
  readonly histogram: Histogram | null;
  /** Steps of the checkpoints. */
  readonly saved: readonly number[];
  readonly stopping: string | null;
  readonly failed: FailedEvent | null;
  readonly done: boolean;
  readonly step: number | null;
  readonly steps: number | null;
  readonly loss: number | null;
  /** Seconds that are left, as of the newest step or estimate. */
  readonly eta: number | null;
}

export const NO_PROGRESS: Progress = {
  points: [],
  valid: [],
  preflights: {},
  memory: null,
  histogram: null,
  saved: [],
  stopping: null,
  failed: null,
  done: false,
  step: null,
  steps: null,
  loss: null,
  eta: null,
};

/**
 * Progress after more events. A resumed run tells steps again that it told before it was killed: the later telling counts,
 * and whatever an earlier attempt said of its end no longer does.
 */
export function progressOf(events: Iterable<StageEvent>, before: Progress = NO_PROGRESS): Progress {
  const next = {
    ...before,
    points: [...before.points],
    valid: [...before.valid],
    preflights: { ...before.preflights },
    saved: [...before.saved],
  };
  for (const event of events) apply(next, event);
  return next;
}

type Draft = { -readonly [K in keyof Progress]: Progress[K] extends readonly (infer T)[] ? T[] : Progress[K] };

function apply(progress: Draft, event: StageEvent): void {
  switch (event.event) {
    case 'preflight':
      // Nothing of an attempt comes before its preflight.
      Object.assign(progress, { failed: null, stopping: null, done: false });
      progress.preflights = { ...progress.preflights, [event.split]: event };
      return;
    case 'memory':
      progress.memory = event;
      return;
    case 'estimate':
      progress.eta = event.seconds;
      return;
    case 'step':
      dropFrom(progress.points, event.step);
      progress.points.push(pointOf(event));
      Object.assign(progress, { step: event.step, steps: event.steps, eta: event.eta, failed: null, done: false });
      progress.loss = event.loss;
      return;
    case 'valid': {
      const { step, loss, accuracy, margins, histogram } = event;
      dropFrom(progress.valid, step);
      progress.valid.push({ step, loss, accuracy, margin: margins });
      if (histogram) progress.histogram = { step, real: histogram.real, simulated: histogram.simulated };
      return;
    }
    case 'saved':
      progress.saved = [...progress.saved.filter((step) => step < event.step), event.step];
      return;
    case 'stopping':
      progress.stopping = event.why;
      return;
    case 'failed':
      progress.failed = event;
      progress.eta = null;
      return;
    case 'done':
      Object.assign(progress, { done: true, failed: null, eta: null });
      return;
    case 'other':
      return;
  }
}

/** Takes the points of `step` and later away: they are told anew. */
function dropFrom(points: { readonly step: number }[], step: number): void {
  while (points.length > 0 && points[points.length - 1]!.step >= step) points.pop();
}

function pointOf(event: Extract<KnownEvent, { event: 'step' }>): StepPoint {
  return {
    step: event.step,
    t: event.t,
    loss: event.loss,
    learningRate: event.learning_rate,
    gradNorm: event.grad_norm,
    tokensPerS: event.tokens_per_s,
    rewardChosen: event['rewards/chosen'],
    rewardRejected: event['rewards/rejected'],
    margin: event['rewards/margins'],
    accuracy: event['rewards/accuracies'],
    logpsChosen: event['logps/chosen'],
    logpsRejected: event['logps/rejected'],
  };
}
