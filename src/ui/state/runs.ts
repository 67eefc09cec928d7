import type { GpuReading } from '../../core/stage/launcher.ts';
import type { SkippedFolder } from '../../core/stage/ports.ts';
import type { Progress } from '../../core/stage/progress.ts';
import type { RunSummary } from '../../core/stage/run.ts';
import type { RunList } from '../../core/workflows/runs/types.ts';
import type { PromptLine } from '../components/Foot.tsx';
import type { FormState } from './form.ts';
import type { LogState } from './log.ts';

/** What is known of a run that is open. */
export interface RunDetail {
  readonly summary: RunSummary | null;
  readonly progress: Progress;
  readonly gpus: readonly GpuReading[];
  readonly log: LogState;
  /** What the search does or found, in words. */
  readonly search: string | null;
}

export const RUN_PANES = ['plots', 'log', 'details'] as const;
export type RunPane = (typeof RUN_PANES)[number];

export type RunsView =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'run';
      readonly id: string;
      readonly pane: RunPane;
      /** Page of the charts, where not all have room. */
      readonly page: number;
      /** First row of the details that shows. */
      readonly top: number;
    }
  | { readonly kind: 'compare'; readonly ids: readonly [string, string]; readonly metric: number }
  | { readonly kind: 'form'; readonly form: FormState };

/** A line of text that is asked for at the foot of the screen. */
export interface RunsPrompt extends PromptLine {
  readonly purpose:
    | { readonly kind: 'filter' }
    | { readonly kind: 'log'; readonly id: string }
    | { readonly kind: 'field'; readonly key: string }
    | { readonly kind: 'note'; readonly id: string }
    | { readonly kind: 'adopt'; readonly id: string };
}

export interface RunsState {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  readonly skipped: readonly SkippedFolder[];
  /** Nothing was read yet. */
  readonly loading: boolean;
  readonly filter: string;
  /** By id, since runs come and go while one looks. */
  readonly selected: string | null;
  /** To be compared with another one. */
  readonly marked: string | null;
  readonly view: RunsView;
  readonly details: Readonly<Record<string, RunDetail>>;
  readonly prompt: RunsPrompt | null;
  /** Now, for ages; moved on by each look. */
  readonly now: number;
}

export const NO_RUNS: RunsState = {
  runs: [],
  skipped: [],
  loading: true,
  filter: '',
  selected: null,
  marked: null,
  view: { kind: 'list' },
  details: {},
  prompt: null,
  now: 0,
};

/** The runs whose name, id, stage, launcher or state hold every word of the filter. */
export function matching(state: RunsState): readonly RunSummary[] {
  const words = state.filter.toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return state.runs;
  return state.runs.filter(({ record, report }) => {
    const { id, name, stage, launcher, notes } = record;
    const text = [id, name, stage, launcher, report.state, ...notes.map((note) => note.text)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Place of the selected run among those that match; the newest where it is not there any more. */
export function selectedIndex(state: RunsState): number {
  return Math.max(
    0,
    matching(state).findIndex(({ record }) => record.id === state.selected),
  );
}

/** The run that the keys are about: the open one, else the selected one. */
export function currentRun(state: RunsState): RunSummary | null {
  if (state.view.kind === 'run') return state.details[state.view.id]?.summary ?? null;
  return state.view.kind === 'list' ? (matching(state)[selectedIndex(state)] ?? null) : null;
}

/** A look at all runs. The selection stays on its run. */
export function reduceList(state: RunsState, { runs, skipped }: RunList, now: number): RunsState {
  const marked = runs.some(({ record }) => record.id === state.marked) ? state.marked : null;
  return { ...state, runs, skipped, marked, now, loading: false };
}

/** Runs that are watched one by one in this view. */
export function watchedRuns(view: RunsView): readonly string[] {
  return view.kind === 'run' ? [view.id] : view.kind === 'compare' ? view.ids : [];
}
