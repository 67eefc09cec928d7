import type { EvaluationSpec } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluationView, Section } from '../../core/workflows/evaluate/view.ts';
import type { DrawForm } from './draw-form.ts';
import type { EvaluationForm } from './evaluate-form.ts';
import type { FieldPrompt } from './form-fields.ts';

export const EVALUATION_PANES = ['contents', 'exhibit', 'notes'] as const;
export type EvaluationPane = (typeof EVALUATION_PANES)[number];

/** One evaluation in the list of all. */
export interface EvaluationRow {
  readonly name: string;
  readonly state: 'new' | 'done' | 'unfinished' | 'unreadable';
  /** Who stands beside whom, with how many sessions. */
  readonly sides: string;
  /** Metrics that gave nothing. */
  readonly missing: number;
  /** When it was last run; null if never. */
  readonly at: string | null;
  /** Why it cannot be read; null if it can. */
  readonly failed: string | null;
}

/** An evaluation as it is on the disk. */
export interface OpenEvaluation {
  readonly spec: EvaluationSpec;
  /** Null for one that never ran. */
  readonly view: EvaluationView | null;
}

/** The evaluation that is computed here. */
export interface RunningEvaluation extends OpenEvaluation {
  readonly notices: readonly string[];
  readonly stopping: boolean;
  /** What is done, in a line for every screen. */
  readonly line: string;
}

export type EvaluationsView =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'one';
      readonly name: string;
      readonly pane: EvaluationPane;
      /** What of the contents is shown, by the id of its entry: exhibits come while one looks. */
      readonly entry: string;
      /** The row of the table, or the point of the figure, under the cursor. */
      readonly row: number;
      /** The column of figures under the cursor. */
      readonly column: number;
      /** First row of the notes that shows. */
      readonly top: number;
    }
  /** `back`: the evaluation that one goes back to; null for the list. */
  | { readonly kind: 'form'; readonly form: EvaluationForm; readonly back: string | null }
  /** A sitting or a sample that is to be drawn. */
  | { readonly kind: 'draw'; readonly form: DrawForm; readonly back: null };

export interface EvaluationsState {
  /** Nothing was read yet. */
  readonly loading: boolean;
  readonly rows: readonly EvaluationRow[];
  readonly selected: string | null;
  readonly view: EvaluationsView;
  readonly open: OpenEvaluation | null;
  /** Why the open evaluation cannot be read; null if it can. */
  readonly failed: string | null;
  readonly running: RunningEvaluation | null;
  /** A line of text for a field of the form. */
  readonly prompt: FieldPrompt | null;
}

export const NO_EVALUATIONS: EvaluationsState = {
  loading: true,
  rows: [],
  selected: null,
  view: { kind: 'list' },
  open: null,
  failed: null,
  running: null,
  prompt: null,
};

/** What the contents list: what the evaluation is of, then each exhibit, and what gave none. */
export type Entry =
  | { readonly id: string; readonly kind: 'about' }
  | {
      readonly id: string;
      readonly kind: 'exhibit';
      readonly section: Section;
      readonly exhibit: Extract<Section, { state: 'exhibits' }>['exhibits'][number];
    }
  | { readonly id: string; readonly kind: 'missing'; readonly section: Extract<Section, { state: 'missing' }> }
  | { readonly id: string; readonly kind: 'pending'; readonly section: Section };

export const ABOUT: Entry = { id: 'about', kind: 'about' };

export function entriesOf(view: EvaluationView | null): Entry[] {
  return [
    ABOUT,
    ...(view?.sections ?? []).flatMap((section): Entry[] => {
      const id = `metric ${section.metric}`;
      if (section.state === 'exhibits')
        return section.exhibits.map((exhibit) => ({ id: exhibit.id, kind: 'exhibit', section, exhibit }));
      return [section.state === 'missing' ? { id, kind: 'missing', section } : { id, kind: 'pending', section }];
    }),
  ];
}

/** The evaluation that is open, as it stands: what is computed here is known newer than what is on the disk. */
export function shownEvaluation({ view, open, running }: EvaluationsState): OpenEvaluation | null {
  if (view.kind !== 'one') return null;
  if (running?.spec.name === view.name) return running;
  return open?.spec.name === view.name ? open : null;
}

/** The entry under the cursor; the first one where it is gone. */
export function shownEntry(state: EvaluationsState): Entry {
  const { view } = state;
  const id = view.kind === 'one' ? view.entry : '';
  return entriesOf(shownEvaluation(state)?.view ?? null).find((entry) => entry.id === id) ?? ABOUT;
}

export function selectedEvaluation({ rows, selected }: EvaluationsState): number {
  return Math.max(
    0,
    rows.findIndex(({ name }) => name === selected),
  );
}
