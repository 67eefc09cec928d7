/**
 * KL(p || q) = sum p_i ln(p_i / q_i) in nats over category proportions (Eq. 6), p real and q simulated.
 * @param p, q counts by category, in the same order. @param smoothing what is added to every count of both sides before
 *   they become proportions; 0 adds nothing, and gives infinity where q lacks a category that p has. The paper states none.
 * @returns null where a side has nothing at all to make proportions of.
 * @throws RangeError for sides of different length, or a negative count.
 */
export function klDivergence(p: readonly number[], q: readonly number[], smoothing: number): number | null {
  const [real, simulated] = [proportions(p, smoothing), proportions(q, smoothing)];
  if (p.length !== q.length) throw new RangeError(`${p.length} categories beside ${q.length}`);
  if (real === null || simulated === null) return null;
  let sum = 0;
  for (const [at, share] of real.entries()) {
    if (share > 0) sum += share * Math.log(share / (simulated[at] as number));
  }
  // rounding alone can leave it a little below 0, which it never is (Gibbs)
  return Math.max(0, sum);
}

/** Counts as shares that sum to 1, after `smoothing` was added to each; null for a sum of 0. */
export function proportions(counts: readonly number[], smoothing: number): number[] | null {
  if (counts.some((count) => !(count >= 0))) throw new RangeError('a count below 0');
  const total = counts.reduce((sum, count) => sum + count + smoothing, 0);
  return total === 0 ? null : counts.map((count) => (count + smoothing) / total);
}

/** Rates of 0 and 1 of the simulated side are read as this far from 0 and 1, since the logarithm of 0 ends all comparison. */
export const RATE_FLOOR = 1e-6;

/**
 * Binary cross-entropy of simulated rates q under real rates p (Eq. 7), in nats: the mean over categories of
 * -[p_i ln q_i + (1 - p_i) ln(1 - q_i)]. Eq. 7 writes the sum, but the totals of Table 4 lie between those of its groups,
 * so that they are means.
 * @param floor how far q is kept from 0 and 1. @returns null for no category. @throws RangeError for sides of different length.
 */
export function binaryCrossEntropy(
  p: readonly number[],
  q: readonly number[],
  floor: number = RATE_FLOOR,
): number | null {
  if (p.length !== q.length) throw new RangeError(`${p.length} categories beside ${q.length}`);
  if (p.length === 0) return null;
  let sum = 0;
  for (const [at, share] of p.entries()) {
    const rate = Math.min(1 - floor, Math.max(floor, q[at] as number));
    sum -= share * Math.log(rate) + (1 - share) * Math.log1p(-rate);
  }
  return sum / p.length;
}

/** What the real rates give against themselves, the least that any simulator can reach: their mean entropy in nats. */
export function leastCrossEntropy(p: readonly number[]): number | null {
  return binaryCrossEntropy(p, p, 0.5 * Number.EPSILON);
}
