import { NO_PROGRESS, type Progress, progressOf } from '../../core/stage/progress.ts';
import type { RunRequest, TrainingStage } from '../../core/stage/run.ts';
import type { Plan, PlanEvent } from '../../core/workflows/runs/types.ts';
import type { FormChoices } from './form-fields.ts';

/** A check of the run before it starts: what it does, what it found. */
export interface Preflight {
  readonly status: 'none' | 'running' | 'passed' | 'failed';
  /** What it was made for: it says nothing of another request. */
  readonly request: RunRequest | null;
  readonly plan: Plan | null;
  /** What is being done, and what programs print; the last ones. */
  readonly lines: readonly string[];
  readonly progress: Progress;
  readonly failure: string | null;
}

export const NO_PREFLIGHT: Preflight = {
  status: 'none',
  request: null,
  plan: null,
  lines: [],
  progress: NO_PROGRESS,
  failure: null,
};

export interface FormState {
  readonly request: RunRequest;
  readonly choices: FormChoices;
  readonly selected: number;
  readonly pane: 'fields' | 'preflight';
  /** First row of the preflight that shows. */
  readonly top: number;
  readonly preflight: Preflight;
  /** Run that one goes back to; null for the list. */
  readonly back: string | null;
}

const MAX_LINES = 200;

export function reducePreflight(preflight: Preflight, event: PlanEvent): Preflight {
  switch (event.type) {
    case 'event':
      return { ...preflight, progress: progressOf([event.event], preflight.progress) };
    case 'planned':
      return { ...preflight, status: 'passed', plan: event.plan };
    default: {
      const text = event.type === 'step' ? `${event.text} …` : event.type === 'notice' ? `! ${event.text}` : event.text;
      return { ...preflight, lines: [...preflight.lines, text].slice(-MAX_LINES) };
    }
  }
}

/** Whether what is asked for now was checked, and may start. */
export function canStart({ request, preflight }: FormState): boolean {
  return preflight.status === 'passed' && preflight.request === request;
}

/** The form of a new run of a stage. */
export function newRequest(stage: TrainingStage, choices: FormChoices): RunRequest {
  const kind = stage === 'discriminator' ? 'discriminator' : 'simulator';
  return {
    stage,
    name: freeName(stage === 'dpo' ? 'simulator-dpo' : kind, choices.taken),
    kind,
    preset: 'small',
    changes: {},
    seed: 17,
    rows: {
      train: stage === 'dpo' ? { from: 'pairs' } : null,
      valid: null,
      simulated: [],
      match: 'turns',
      context: true,
      system: null,
    },
    adapter: null,
    base: null,
    launcher: choices.launchers[0] ?? 'local',
    resources: { gpus: 0, cpus: null, memoryGb: null, hours: null },
    from: null,
  };
}

/** `base-1`, or with the first number that is free. */
export function freeName(base: string, taken: readonly string[]): string {
  for (let number = 1; ; number += 1) {
    const name = `${base}-${number}`;
    if (!taken.includes(name)) return name;
  }
}
