import type { FoilError } from '../../errors.ts';
import type { AgreementWithD, Kappa, Pace } from '../../preference/agreement.ts';
import type { Decision, Label, ReviewerState } from '../../preference/decisions.ts';
import type { LintCode, LintWarning } from '../../preference/lint.ts';
import type { CriticalKind, PreferencePair } from '../../preference/schema.ts';
import type { Author } from '../../session/schema.ts';

export type PairKind = 'manual' | CriticalKind;
export const PAIR_KINDS: readonly PairKind[] = ['highest', 'lowest', 'random', 'manual'];

/** What has been made of a pair, by the reviewer of the sitting unless it says otherwise. */
export const DECIDED = [
  /** Nothing said in this pass (in a later pass: of what he labelled before). */
  'pending',
  'approved',
  'rejected',
  'skipped',
  /** Approved or rejected in this pass. */
  'decided',
  /** Any reviewer's label contradicts D. */
  'against-d',
  /** Two reviewers' labels differ. */
  'conflict',
  'all',
] as const;
export type Decided = (typeof DECIDED)[number];

export interface ReviewFilter {
  /** All if not given. */
  readonly sets?: readonly string[] | undefined;
  readonly kinds?: readonly PairKind[] | undefined;
  /** Pairs with one of these warnings; an empty list: pairs without any. */
  readonly warnings?: readonly LintCode[] | undefined;
  readonly decided: Decided;
}

/**
 * `made`: as the sets hold them. `margin`: widest r_chosen - r_rejected first, pairs without rewards last.
 * `disagreement`: pairs on which labels contradict D or each other first, then the narrowest margin, where D is least sure.
 * `random`: shuffled by the seed.
 */
export const REVIEW_ORDERS = ['made', 'margin', 'disagreement', 'random'] as const;
export type ReviewOrder = (typeof REVIEW_ORDERS)[number];

export interface ReviewOptions {
  readonly reviewer: string;
  /** 1; 2 or more judges again what this reviewer labelled in an earlier pass. */
  readonly pass: number;
  /** Hides rewards, authors and what is chosen, and puts the sides left and right by the seed. */
  readonly blind: boolean;
  /** Of order and sides; the same seed shows the same. */
  readonly seed: number;
  readonly order: ReviewOrder;
  readonly filter: ReviewFilter;
}

export type Place = 'left' | 'right';

/** A side as it may be shown: in blind mode without what must not be seen. */
export interface ShownSide {
  /** Null while blind. */
  readonly role: 'chosen' | 'rejected' | null;
  readonly content: string;
  /** The simulator ends the session with this turn. */
  readonly end: boolean;
  /** Null while blind, or without a reward. */
  readonly r: number | null;
  readonly by: Author | null;
  readonly edited: boolean;
}

/** All that the screen shows of one pair. Open, the chosen side is on the left. */
export interface ShownPair {
  readonly set: string;
  readonly id: string;
  /** From 1, of `of` in the queue. */
  readonly position: number;
  readonly of: number;
  readonly kind: PairKind;
  readonly session: string;
  readonly corpus: string | null;
  readonly t: number;
  readonly context: PreferencePair['context'];
  readonly history: PreferencePair['history'];
  readonly left: ShownSide;
  readonly right: ShownSide;
  readonly blind: boolean;
  /** r_chosen - r_rejected; null while blind or without rewards. */
  readonly margin: number | null;
  readonly warnings: readonly (Omit<LintWarning, 'side'> & { readonly place: Place | null })[];
  readonly note: string | null;
  /** What this reviewer said in this pass. */
  readonly verdict: ReviewerState['verdict'];
  readonly swapped: boolean;
  readonly simulator: string;
  readonly discriminator: string | null;
}

export type ReviewCommand =
  /** Refused while blind: a pick says it. */
  | { readonly type: 'approve' }
  | { readonly type: 'reject' }
  | { readonly type: 'skip' }
  /** Blind: the better side, or none of both, which rejects the pair. */
  | { readonly type: 'pick'; readonly place: Place | 'none' }
  /** Exchanges chosen and rejected; stays on the pair. Refused while blind. */
  | { readonly type: 'swap' }
  /** Gives a side another text, written by a person, and has it scored; stays on the pair. */
  | { readonly type: 'edit'; readonly place: Place; readonly text: string; readonly end?: boolean }
  /** Empty takes the note away; stays on the pair. */
  | { readonly type: 'note'; readonly text: string }
  /** Takes back this reviewer's last record of this pass, of earlier sittings too, and goes to its pair. */
  | { readonly type: 'undo' }
  /** Look without deciding. */
  | { readonly type: 'next' }
  | { readonly type: 'previous' }
  | { readonly type: 'goto'; readonly set: string; readonly pair: string }
  /** Another queue: what is given replaces what there was. */
  | { readonly type: 'options'; readonly change: Partial<ReviewOptions> }
  /** Reads the sets again, where others write too. */
  | { readonly type: 'reload' };

export interface ReviewStats {
  /** Of the queue as it is: decided in this pass, and all. */
  readonly done: number;
  readonly of: number;
  /** This reviewer's, of this pass, in the sets of the filter. */
  readonly approved: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly pending: number;
  readonly pace: Pace;
  /** This reviewer's labels of this pass against D, and the blind ones among them. */
  readonly agreement: AgreementWithD;
  readonly blindAgreement: AgreementWithD;
  /** The two newest passes of this reviewer; null unless there are two. */
  readonly self: (Kappa & { readonly passes: readonly [number, number] }) | null;
  /** With each other reviewer, newest labels of both. */
  readonly others: readonly (Kappa & { readonly reviewer: string })[];
  /** Labels that contradict D, or each other: what the filters `against-d` and `conflict` show. */
  readonly againstD: number;
  readonly conflicts: number;
}

export type ReviewEvent =
  /** What to show now, also after an amendment; null at the end of the queue. Comes after its record is on the disk. */
  | { readonly type: 'pair'; readonly pair: ShownPair | null; readonly options: ReviewOptions }
  | {
      readonly type: 'decided';
      readonly set: string;
      readonly decision: Decision;
      readonly label: Label | null;
      /** Null if D has no preference, or no side was preferred. */
      readonly agreesWithD: boolean | null;
    }
  | { readonly type: 'amended'; readonly set: string; readonly decision: Decision }
  | { readonly type: 'undone'; readonly set: string; readonly pair: string; readonly decision: Decision }
  /** The command does not apply now; nothing was written. */
  | { readonly type: 'refused'; readonly reason: string }
  /** An edited side is being scored by this discriminator; null: done. */
  | { readonly type: 'scoring'; readonly discriminator: string | null }
  | { readonly type: 'stats'; readonly stats: ReviewStats }
  | { readonly type: 'error'; readonly error: FoilError };
