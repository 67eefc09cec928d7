import { DROP_REASONS, type DropReason, signs } from '../../preference/filter.ts';
import type { MinedTurn } from '../../preference/mined.ts';
import { countWords } from '../../preference/similarity.ts';

/** Turns left after each step of mining, and why the others are not. */
export interface Funnel {
  readonly sessions: number;
  /** Sessions with scores under the discriminator. */
  readonly scored: number;
  readonly critical: number;
  /** Critical turns whose alternatives were sampled and judged. */
  readonly sampled: number;
  /** Texts that were judged, originals among them. */
  readonly candidates: number;
  /** Candidates that end the session without a word: they have no r and are in no pair. */
  readonly endsWithoutWords: number;
  /** Sampled turns with a candidate of r > 0, of r < 0, of both. */
  readonly positive: number;
  readonly negative: number;
  readonly both: number;
  /** Of `both`, those that passed each rule. */
  readonly margin: number;
  readonly distinct: number;
  readonly length: number;
  readonly kept: number;
  /** Kept ones that are not the best against the worst, which broke a rule. */
  readonly searched: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Mean words a side of the kept pairs; null without any. */
  readonly words: { readonly chosen: number; readonly rejected: number } | null;
  /** How often the original is a side. */
  readonly original: { readonly chosen: number; readonly rejected: number };
}

/** Counts of finished turns. `both` - dropped by margin, near-duplicate and length is `kept`. */
export function funnelOf(
  turns: readonly MinedTurn[],
  before: { readonly sessions: number; readonly scored: number; readonly critical: number },
): Funnel {
  const dropped = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
  const count = { candidates: 0, endsWithoutWords: 0, positive: 0, negative: 0, both: 0, kept: 0, searched: 0 };
  const words = { chosen: 0, rejected: 0 };
  const original = { chosen: 0, rejected: 0 };
  for (const { candidates, outcome } of turns) {
    const { positive, negative } = signs(candidates);
    count.candidates += candidates.length;
    count.endsWithoutWords += candidates.filter(({ text, end }) => end && text.trim() === '').length;
    count.positive += Number(positive);
    count.negative += Number(negative);
    count.both += Number(positive && negative);
    if (!outcome.kept) {
      dropped[outcome.reason] += 1;
      continue;
    }
    count.kept += 1;
    count.searched += Number(outcome.searched);
    for (const side of ['chosen', 'rejected'] as const) {
      words[side] += countWords(candidates.find(({ index }) => index === outcome[side])?.text ?? '');
      original[side] += Number(outcome[side] === 0);
    }
  }
  const { kept, both } = count;
  const margin = both - dropped.margin;
  const distinct = margin - dropped['near-duplicate'];
  return {
    ...before,
    ...{ sampled: turns.length, ...count, margin, distinct, length: distinct - dropped.length, dropped, original },
    words: kept === 0 ? null : { chosen: words.chosen / kept, rejected: words.rejected / kept },
  };
}
