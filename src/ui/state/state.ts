import type { Measurement } from '../../core/evaluate/behaviour/agreement.ts';
import type { Taxonomy } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { Exhibit } from '../../core/evaluate/table.ts';
import type { ModelEntry, SeatKind, SessionQuery, SessionSummary } from '../../core/ports.ts';
import type { Candidate } from '../../core/preference/candidates.ts';
import type { ContextPart, RenderedContext } from '../../core/prompt/context.ts';
import type { Context, LiveSession, Role } from '../../core/session/schema.ts';
import type { Activity, Seats } from '../../core/workflows/converse/types.ts';
import type { LabelEvent, ShownItem } from '../../core/workflows/evaluate/label-types.ts';
import type { Why } from '../../core/workflows/evaluate/whys.ts';
import type { Place } from '../../core/workflows/review/types.ts';
import type { TuringView } from '../../core/workflows/turing/types.ts';
import { type ComposerState, newComposer } from '../components/composer.ts';
import { START_TRANSCRIPT, type TranscriptState } from '../components/transcript.ts';
import type { Tone } from '../theme.ts';
import { type EvaluationsState, NO_EVALUATIONS } from './evaluate.ts';
import type { FormOption, Free } from './form-fields.ts';
import { type LoopsState, NO_LOOPS } from './loop.ts';
import type { ReviewUi } from './review.ts';
import type { ReviewChoice } from './review-choices.ts';
import { NO_RUNS, type RunsState } from './runs.ts';

/** One line below the panes; `until` lets a message give way to the activity. */
export interface Message {
  readonly tone: Tone;
  readonly text: string;
}

export interface ChatState {
  readonly session: LiveSession | null;
  readonly seats: Seats;
  readonly running: boolean;
  readonly activity: Activity | null;
  /** The reply that is being streamed. */
  readonly live: { readonly role: Role; readonly text: string } | null;
  readonly focus: 'composer' | 'transcript' | 'tree';
  readonly transcript: TranscriptState;
  readonly showScores: boolean;
  readonly showTree: boolean;
  /** Selected turn node in the tree. */
  readonly treeSelected: number | null;
  readonly composer: ComposerState;
}

export interface SessionsState {
  readonly query: SessionQuery;
  readonly rows: readonly SessionSummary[];
  /** Place of rows[0] among all that match. */
  readonly offset: number;
  readonly total: number;
  /** Among all that match. */
  readonly selected: number;
  readonly search: ComposerState | null;
  readonly corpora: readonly string[];
  readonly loading: boolean;
  /** What of an evaluation the sessions stand behind; null where they are not asked for so. */
  readonly behind: string | null;
  /** What lay on the evaluation when they were asked for: it lies there again when one goes back. */
  readonly below: readonly Overlay[];
}

/** What an edited text is for. */
export type EditPurpose =
  | { readonly kind: 'turn'; readonly node: number }
  | { readonly kind: 'candidate'; readonly node: number }
  | { readonly kind: 'context'; readonly part: ContextPart }
  /** `pair` is what `pairKey` gave when the field was opened. */
  | { readonly kind: 'side'; readonly place: Place; readonly pair: string }
  | { readonly kind: 'note'; readonly pair: string }
  | { readonly kind: 'reviewer' }
  /** `at` is what the sitting showed when the field was opened. */
  | { readonly kind: 'turing'; readonly at: string | undefined };

export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'palette'; readonly query: ComposerState; readonly selected: number }
  | { readonly kind: 'seats'; readonly selected: number }
  /** Figures of the review; `top` is the first row that shows. */
  | { readonly kind: 'statistics'; readonly top: number }
  | { readonly kind: 'models'; readonly role: SeatKind; readonly selected: number }
  | {
      readonly kind: 'alternatives';
      readonly node: number;
      readonly candidates: readonly Candidate[];
      readonly previousZ: number | null;
      readonly done: boolean;
      readonly selected: number;
      /** Indexes of candidates: the first is chosen, the second rejected. */
      readonly marks: readonly number[];
    }
  /** A sample that is labelled by hand. */
  | {
      readonly kind: 'label';
      readonly name: string;
      readonly labeller: string;
      readonly taxonomy: Taxonomy;
      readonly keys: readonly { readonly key: string | null; readonly category: string }[];
      /** Null at the end of the sample. */
      readonly shown: ShownItem | null;
      readonly turns: Extract<LabelEvent, { type: 'item' }>['turns'];
      /** How far the session is scrolled; null for where the message is. */
      readonly top: number | null;
      readonly labelled: number;
      readonly of: number;
    }
  /** A sitting of blind Turing mode. */
  | {
      readonly kind: 'turing';
      readonly name: string;
      readonly by: string;
      readonly scale: readonly number[];
      /** Null until the first turn is read. */
      readonly view: TuringView | null;
      /** Rows scrolled up from the turn that is guessed. */
      readonly up: number;
    }
  /** Tables on what a person said in a sitting, which lies below. */
  | {
      readonly kind: 'exhibits';
      readonly exhibits: readonly Exhibit[];
      /** Corpora whose sessions are simulated. */
      readonly simulated: ReadonlySet<string>;
      /** Which of them shows, and where its cursor is. */
      readonly at: number;
      readonly row: number;
      readonly column: number;
      /** First row of the notes; null while the table shows. */
      readonly notes: number | null;
      /** The agreement that shows, which can be kept; null for other tables. */
      readonly agreement: {
        readonly sample: string;
        readonly labeller: string;
        readonly by: string;
        readonly measurement: Measurement;
      } | null;
    }
  /** Why a user turn looks real or simulated; parts come as they are asked about. */
  | {
      readonly kind: 'why';
      readonly node: number;
      readonly t: number;
      readonly text: string;
      readonly discriminator: string;
      /** Of the turn as it is; null before it is known. */
      readonly z: number | null;
      /** Largest change first. */
      readonly whys: readonly Why[];
      readonly done: number;
      readonly of: number;
      readonly state: 'asking' | 'done' | 'stopped';
      readonly selected: number;
    }
  | {
      readonly kind: 'context';
      readonly draft: Context;
      readonly rendered: (RenderedContext & { exact: boolean }) | null;
      readonly selected: number;
      /** Contexts of corpora to pick from; null while the parts are shown. */
      readonly pick: {
        readonly search: ComposerState;
        readonly searching: boolean;
        readonly rows: readonly SessionSummary[];
        readonly selected: number;
      } | null;
    }
  | { readonly kind: 'edit'; readonly title: string; readonly composer: ComposerState; readonly purpose: EditPurpose }
  | ChooseOverlay
  | {
      readonly kind: 'confirm';
      readonly question: string;
      readonly purpose:
        | { readonly kind: 'cancel-run'; readonly id: string }
        | { readonly kind: 'leave-form' }
        | { readonly kind: 'open-gate'; readonly loop: string; readonly iteration: number };
    }
  /** What something long does, as it does it. Closing it stops nothing. */
  | {
      readonly kind: 'steps';
      readonly title: string;
      readonly lines: readonly Message[];
      readonly done: boolean;
      /** Rows scrolled up from the end. */
      readonly up: number;
    };

/** A list to choose from; what is typed filters it. */
export interface ChooseOverlay {
  readonly kind: 'choose';
  readonly title: string;
  readonly purpose:
    | { readonly kind: 'stage' }
    | { readonly kind: 'field'; readonly key: string }
    /** A setting of a new loop. */
    | { readonly kind: 'setting'; readonly key: string }
    /** A sample to label. */
    | { readonly kind: 'sample' }
    /** A sitting of blind Turing mode. */
    | { readonly kind: 'sitting' }
    /** Whose agreement with labels shows. */
    | { readonly kind: 'annotator' }
    /** A setting of a sitting or a sample that is to be drawn. */
    | { readonly kind: 'drawing'; readonly key: string }
    /** A setting of an evaluation. */
    | { readonly kind: 'evaluation'; readonly key: string }
    | { readonly kind: 'review'; readonly choice: ReviewChoice };
  readonly options: readonly FormOption[];
  /** Several can be marked. */
  readonly many: boolean;
  readonly free: Free | null;
  readonly marked: readonly string[];
  readonly query: ComposerState;
  readonly selected: number;
}

export interface EngineState {
  /** `idle`: nothing needs it yet. */
  readonly status: 'idle' | 'fetching' | 'starting' | 'ready' | 'failed';
  /** What is being done, how far, how long still. */
  readonly detail: string;
}

export interface AppState {
  readonly screen: 'chat' | 'sessions' | 'review' | 'runs' | 'evaluate' | 'loop';
  readonly overlays: readonly Overlay[];
  /** The models that a new session begins with; null until they are known. */
  readonly roles: LiveSession['roles'] | null;
  readonly chat: ChatState;
  readonly sessions: SessionsState;
  /** Null until the screen is opened. */
  readonly review: ReviewUi | null;
  readonly runs: RunsState;
  readonly evaluate: EvaluationsState;
  readonly loop: LoopsState;
  readonly models: readonly ModelEntry[];
  readonly engine: EngineState;
  readonly message: Message | null;
  readonly size: { readonly columns: number; readonly rows: number };
  /** Ctrl+C was pressed with nothing to cancel: once more leaves. */
  readonly leaving: boolean;
}

export function initialState(size: AppState['size'], seats: Seats, roles: AppState['roles']): AppState {
  return {
    screen: 'chat',
    roles,
    overlays: [],
    chat: {
      session: null,
      seats,
      running: false,
      activity: null,
      live: null,
      focus: seats.user === 'model' && seats.assistant === 'model' ? 'transcript' : 'composer',
      transcript: START_TRANSCRIPT,
      showScores: true,
      showTree: false,
      treeSelected: null,
      composer: newComposer({ width: size.columns - 2 }),
    },
    sessions: {
      query: { sort: 'updated', descending: true, hideRisk: true },
      rows: [],
      offset: 0,
      total: 0,
      selected: 0,
      search: null,
      corpora: [],
      loading: false,
      behind: null,
      below: [],
    },
    review: null,
    runs: NO_RUNS,
    evaluate: NO_EVALUATIONS,
    loop: NO_LOOPS,
    models: [],
    engine: { status: 'idle', detail: '' },
    message: null,
    size,
    leaving: false,
  };
}

export function topOverlay(state: AppState): Overlay | undefined {
  return state.overlays.at(-1);
}

/** Replaces the overlay on top, if it is of that kind. */
export function changeOverlay<K extends Overlay['kind']>(
  state: AppState,
  kind: K,
  change: (overlay: Extract<Overlay, { kind: K }>) => Overlay,
): AppState {
  const index = state.overlays.findLastIndex((overlay) => overlay.kind === kind);
  const found = state.overlays[index];
  if (!found) return state;
  return { ...state, overlays: state.overlays.with(index, change(found as Extract<Overlay, { kind: K }>)) };
}
