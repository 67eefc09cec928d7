import type { JobState } from '../../core/stage/launcher.ts';
import type { RunAction } from '../../core/stage/run.ts';

/**
 * What the key table must know to say whether a key works now. The app computes it from its store; the table never
 * sees the store itself.
 */
export interface KeyFacts {
  /** A reply, a score or a set of alternatives is being computed. */
  readonly busy: boolean;
  /** The two models talk without being stepped. */
  readonly running: boolean;
  readonly seat: 'chatbot' | 'user' | 'watch';
  /** Turns of the open branch. */
  readonly turns: number;
  /** Role of the selected turn. */
  readonly selected: 'none' | 'user' | 'assistant';
  /** A discriminator is in use. */
  readonly scored: boolean;
  /** The open branch has ended: nobody speaks any more. */
  readonly ended: boolean;
  /** The open branch ends in a turn that was cut off. */
  readonly partial: boolean;
  /** A user turn of the open branch has no score by the discriminator in use: it failed or was stopped. */
  readonly unjudged: boolean;
  /** The session has more than one branch. */
  readonly branches: boolean;
  /** Several can be chosen of the list that is open. */
  readonly many: boolean;
  /** What the list that is open offers can be drawn: sittings, samples. */
  readonly drawn: boolean;
  /** Alternatives marked for a pair: the first is chosen, the second rejected. */
  readonly marked: number;
  /** Why no model can be asked now (for example "the base model is still being fetched"); null if one can. */
  readonly noModel: string | null;
  readonly review: {
    /** A pair is on the screen. */
    readonly pair: boolean;
    readonly blind: boolean;
    /** The terminal is too small to show anything. */
    readonly small: boolean;
  };
  /** The run that is selected or open; null if there is none. */
  readonly run: {
    readonly state: JobState;
    readonly actions: readonly RunAction[];
    readonly adopted: boolean;
    /** It is the one that is marked for a comparison. */
    readonly marked: boolean;
  } | null;
  /** A run is marked for a comparison. */
  readonly runMarked: boolean;
  /** Why the run in the form cannot be checked or started now; null if it can. */
  readonly formBusy: string | null;
  /** Something is searched for in the log. */
  readonly searched: boolean;
  /** The loop that is open; null if there is none. */
  readonly loop: {
    /** A gate waits for a person. */
    readonly waiting: boolean;
    /** The gate is what comes next. */
    readonly gateNext: boolean;
    readonly done: boolean;
    /** Who else runs it. */
    readonly holder: string | null;
  } | null;
  /** Name of the loop that is run here. */
  readonly loopHere: string | null;
  /** The loop that is run here is being stopped. */
  readonly loopStopping: boolean;
  /** A table or a figure of an evaluation shows, and not what it is of. */
  readonly exhibit: boolean;
  /** Tables that lie on a sitting. */
  readonly tables: number;
  /** They are the agreement of an annotator with labels. */
  readonly agreement: boolean;
  /** Name of the evaluation that is computed here. */
  readonly evaluationHere: string | null;
  /** It is being stopped. */
  readonly evaluationStopping: boolean;
}

export const NO_FACTS: KeyFacts = {
  busy: false,
  running: false,
  seat: 'chatbot',
  turns: 0,
  selected: 'none',
  scored: false,
  ended: false,
  partial: false,
  unjudged: false,
  branches: false,
  many: false,
  drawn: false,
  marked: 0,
  noModel: null,
  review: { pair: false, blind: false, small: false },
  run: null,
  runMarked: false,
  formBusy: null,
  searched: false,
  loop: null,
  loopHere: null,
  loopStopping: false,
  exhibit: false,
  tables: 0,
  agreement: false,
  evaluationHere: null,
  evaluationStopping: false,
};
