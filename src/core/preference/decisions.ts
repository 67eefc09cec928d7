import { z } from 'zod';
import { type PreferencePair, type Side, sideSchema } from './schema.ts';

/**
 * One line of a decision journal. A pair is never rewritten: what it has become is the fold of its records.
 *
 * `amend` changes or annotates the pair and says nothing yet; `undo` takes back the reviewer's last record of that pair
 * in that pass. `edit` names the sides as they stood before the record; `swap` exchanges them after the edit.
 */
export const decisionSchema = z.object({
  schema: z.literal(1),
  /** Id of a pair of the set that the journal belongs to. */
  pair: z.string().min(1),
  /** A person; a rule that decides by itself calls itself `rule:NAME`. */
  reviewer: z.string().min(1),
  decision: z.enum(['approve', 'reject', 'skip', 'amend', 'undo']),
  at: z.iso.datetime(),
  /** Time that the pair was on the screen, in milliseconds; null where there was no screen. */
  ms: z.number().min(0).nullable(),
  /** 1, or more when reviewers judge again what they have judged. */
  pass: z.number().int().positive(),
  /** Which side stood on the left, as the sides stood before the record, and what was picked; null if not blind. */
  blind: z.object({ left: z.enum(['chosen', 'rejected']), picked: z.enum(['left', 'right', 'none']) }).nullable(),
  edit: z.object({ chosen: sideSchema.optional(), rejected: sideSchema.optional() }).optional(),
  swap: z.literal(true).optional(),
  note: z.string().optional(),
  /** The edit only adds the reward of what the record before wrote; an undo takes both. */
  rescored: z.literal(true).optional(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** Reviewers that are rules and not persons: their verdicts count only where no person has one. */
export const RULE_PREFIX = 'rule:';

/** Which side *of the pair as it was made* a reviewer prefers; `none` is a rejected pair. */
export type Label = 'chosen' | 'rejected' | 'none';

/** What one reviewer has made of a pair. */
export interface ReviewerState {
  readonly reviewer: string;
  /** Of the newest pass with a verdict. Skipped: looked at, and nothing said. */
  readonly verdict: 'approved' | 'rejected' | 'skipped' | 'pending';
  /** Label of each pass that has one, for agreement of a reviewer with himself. */
  readonly labels: Readonly<Record<number, Label>>;
  readonly chosen: Side;
  readonly rejected: Side;
  readonly swapped: boolean;
  readonly edited: boolean;
  readonly note: string | null;
  /** The record that gave the verdict. */
  readonly by: Decision | null;
}

/** A pair as it stands: `decision`, `chosen` and `rejected` are the fold of its journal. */
export interface ReviewedPair extends PreferencePair {
  readonly set: string;
  readonly review: {
    /** Those with a verdict, in the order in which they gave it. */
    readonly reviewers: readonly string[];
    /** Reviewers contradict each other: the pair is pending until one of them gives way. */
    readonly conflict: boolean;
    readonly skipped: boolean;
    readonly swapped: boolean;
    readonly edited: boolean;
    readonly notes: readonly string[];
  };
}

/** Adds a record to the effective records of one pair; null for an undo that finds nothing to take back. */
export function applyDecision(entries: readonly Decision[], decision: Decision): readonly Decision[] | null {
  if (decision.decision !== 'undo') return [...entries, decision];
  const at = entries.findLastIndex((entry) => entry.reviewer === decision.reviewer && entry.pass === decision.pass);
  return at === -1 ? null : entries.toSpliced(at, 1);
}

/** The state of a pair for one reviewer, from the effective records of the pair (others' are passed over). */
export function foldReviewer(pair: PreferencePair, entries: readonly Decision[], reviewer: string): ReviewerState {
  let { chosen, rejected } = pair;
  let [swapped, edited, note]: [boolean, boolean, string | null] = [false, false, null];
  const labels: Record<number, Label> = {};
  const verdicts = new Map<number, Decision>();
  for (const entry of entries) {
    if (entry.reviewer !== reviewer) continue;
    if (entry.edit) {
      chosen = entry.edit.chosen ?? chosen;
      rejected = entry.edit.rejected ?? rejected;
      edited = true;
    }
    if (entry.swap) {
      [chosen, rejected] = [rejected, chosen];
      swapped = !swapped;
    }
    if (entry.note !== undefined) note = entry.note === '' ? null : entry.note;
    if (entry.decision === 'amend') continue;
    verdicts.set(entry.pass, entry);
    delete labels[entry.pass];
    if (entry.decision === 'approve') labels[entry.pass] = swapped ? 'rejected' : 'chosen';
    else if (entry.decision === 'reject') labels[entry.pass] = 'none';
  }
  const newest = Math.max(0, ...Object.keys(labels).map(Number));
  const by = verdicts.get(newest) ?? null;
  const verdict = by
    ? by.decision === 'approve'
      ? 'approved'
      : 'rejected'
    : verdicts.size > 0
      ? 'skipped'
      : 'pending';
  return { reviewer, verdict, labels, chosen, rejected, swapped, edited, note, by };
}

/**
 * A pair as it stands for training: the newest pass of each reviewer. Persons go before rules. Approved only if all who
 * gave a verdict approve, with the same side chosen; if they contradict each other it is pending. Without a verdict it
 * stays as it was made. Of edits by several the last one holds.
 * @param reviewers only these count; all if not given, none if empty.
 */
export function foldPair(
  set: string,
  pair: PreferencePair,
  entries: readonly Decision[],
  reviewers?: readonly string[],
): ReviewedPair {
  const counted = reviewers ? entries.filter(({ reviewer }) => reviewers.includes(reviewer)) : entries;
  if (counted.length === 0) return { ...pair, set, review: UNTOUCHED };
  // In the order of their last records, so that the last state is the one that was changed last.
  const names = [...new Set(counted.map(({ reviewer }) => reviewer).reverse())].reverse();
  const states = names.map((name) => foldReviewer(pair, counted, name));
  const decided = states.filter(({ verdict }) => verdict === 'approved' || verdict === 'rejected');
  const persons = decided.filter(({ reviewer }) => !reviewer.startsWith(RULE_PREFIX));
  const judges = persons.length > 0 ? persons : decided;
  const [first] = judges;
  const agreed =
    first !== undefined &&
    judges.every(
      ({ verdict, swapped }) => verdict === first.verdict && (verdict === 'rejected' || swapped === first.swapped),
    );
  const shown = judges.at(-1) ?? (states.at(-1) as ReviewerState);
  const decision =
    first === undefined ? pair.decision : agreed ? (first.verdict as 'approved' | 'rejected') : 'pending';
  return {
    ...pair,
    ...{ chosen: shown.chosen, rejected: shown.rejected, decision, set },
    review: {
      reviewers: judges.map(({ reviewer }) => reviewer),
      conflict: first !== undefined && !agreed,
      skipped: first === undefined && states.some(({ verdict }) => verdict === 'skipped'),
      swapped: shown.swapped,
      edited: shown.edited,
      notes: states.flatMap(({ note }) => (note === null ? [] : [note])),
    },
  };
}

const UNTOUCHED: ReviewedPair['review'] = {
  reviewers: [],
  conflict: false,
  skipped: false,
  swapped: false,
  edited: false,
  notes: [],
};
