import { z } from 'zod';
import { type Candidate, rank } from './candidates.ts';
import { countWords, similarity } from './similarity.ts';

/**
 * Rules beyond the paper's sign rule (r_chosen > 0 and r_rejected < 0), which always holds. Without them a pair is the
 * best candidate against the worst, as in 3.5.
 */
export const rulesSchema = z.object({
  /** Least r_chosen - r_rejected. 0: the paper has none. */
  margin: z.number().min(0).default(0),
  /**
   * Sides at least this similar (see `similarity`) are near-duplicates; null switches the rule off. 0.9: fewer than one
   * token in ten differs, and such a pair teaches a typing habit at best. Design 8 asks for it; it seldom fires.
   */
  similarity: z.number().gt(0).max(1).nullable().default(0.9),
  /**
   * Length matching, off by default (both null): the paper has none, and a plain run should be the paper's. Its price is
   * measured (24.5 words chosen against 6.5 rejected, and a simulator that learnt to talk), so the funnel prints the gap.
   * A pair passes if the longer side has at most `ratio` times the words of the shorter, or at most `difference` words
   * more; with both set either is enough, since a ratio alone forbids one word against two.
   */
  ratio: z.number().min(1).nullable().default(null),
  difference: z.number().int().min(0).nullable().default(null),
  /** Where best against worst breaks a rule, take the widest pair of candidates that breaks none. */
  search: z.boolean().default(true),
});
export type PairRules = z.infer<typeof rulesSchema>;

/** Why a critical turn gave no pair, in the order in which it is asked. */
export const DROP_REASONS = [
  'too-few',
  'end-without-words',
  'no-positive',
  'no-negative',
  'margin',
  'near-duplicate',
  'length',
] as const;
export const dropReasonSchema = z.enum(DROP_REASONS);
export type DropReason = z.infer<typeof dropReasonSchema>;

export type Selection =
  | { readonly kept: true; readonly chosen: Candidate; readonly rejected: Candidate; readonly searched: boolean }
  | { readonly kept: false; readonly reason: DropReason };

/**
 * The pair of one critical turn, or why there is none (3.5, Dataset Filtering). Ends without words have no reward and are
 * left out; candidates that say the same count once. With `search`, ties go to the lower indices, so that the same
 * candidates always give the same pair; the reason given is that of the best against the worst.
 */
export function selectPair(candidates: readonly Candidate[], rules: PairRules): Selection {
  const judged = distinct(candidates.filter(({ r }) => r !== null)) as (Candidate & { r: number })[];
  if (judged.length < 2) {
    return {
      kept: false,
      reason: candidates.length - judged.length > 0 && hasBareEnd(candidates) ? 'end-without-words' : 'too-few',
    };
  }
  const ranked = rank(judged) as typeof judged;
  const positive = ranked.filter(({ r }) => r > 0);
  const negative = ranked.filter(({ r }) => r < 0).reverse();
  if (positive.length === 0) return { kept: false, reason: 'no-positive' };
  if (negative.length === 0) return { kept: false, reason: 'no-negative' };
  const [best, worst] = [positive[0] as (typeof judged)[0], negative[0] as (typeof judged)[0]];
  const reason = broken(best, worst, rules);
  if (reason === null) return { kept: true, chosen: best, rejected: worst, searched: false };
  // No pair is wider than best against worst, so a margin that it misses is missed by all.
  if (!rules.search || reason === 'margin') return { kept: false, reason };
  let found: { chosen: Candidate; rejected: Candidate; width: number } | null = null;
  for (const chosen of positive) {
    for (const rejected of negative) {
      const width = chosen.r - rejected.r;
      if ((found === null || width > found.width) && broken(chosen, rejected, rules) === null)
        found = { chosen, rejected, width };
    }
  }
  if (!found) return { kept: false, reason };
  return { kept: true, chosen: found.chosen, rejected: found.rejected, searched: true };
}

/** The first optional rule that a pair breaks; null if none. */
function broken(
  chosen: Candidate & { r: number },
  rejected: Candidate & { r: number },
  rules: PairRules,
): 'margin' | 'near-duplicate' | 'length' | null {
  if (chosen.r - rejected.r < rules.margin) return 'margin';
  if (rules.similarity !== null && similarity(chosen.text, rejected.text) >= rules.similarity) return 'near-duplicate';
  return lengthsMatch(countWords(chosen.text), countWords(rejected.text), rules) ? null : 'length';
}

/** Whether two sides of so many words pass the length rule; true if there is none. */
export function lengthsMatch(
  a: number,
  b: number,
  { ratio, difference }: Pick<PairRules, 'ratio' | 'difference'>,
): boolean {
  if (ratio === null && difference === null) return true;
  const [short, long] = a < b ? [a, b] : [b, a];
  return (ratio !== null && long <= ratio * short) || (difference !== null && long - short <= difference);
}

/** The paper's three questions of a turn, for the funnel. */
export function signs(candidates: readonly Candidate[]): { positive: boolean; negative: boolean } {
  return {
    positive: candidates.some(({ r }) => r !== null && r > 0),
    negative: candidates.some(({ r }) => r !== null && r < 0),
  };
}

function hasBareEnd(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ end, text }) => end && text.trim() === '');
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(
    ({ text, end }, at) => candidates.findIndex((other) => other.text === text && other.end === end) === at,
  );
}
