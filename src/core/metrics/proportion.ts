import { betaQuantile } from './special.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5% quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** 95% interval of a proportion of `k` in `n` (Wilson 1927), within [0, 1]. @throws RangeError for n = 0. */
export function wilson(k: number, n: number): Interval {
  if (n === 0) throw new RangeError('a proportion of nothing');
  const p = k / n;
  const scale = 1 + Z ** 2 / n;
  const middle = (p + Z ** 2 / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  return { low: k === 0 ? 0 : middle - half, high: k === n ? 1 : middle + half };
}

/**
 * Exact 95% interval of a proportion of `k` in `n` (Clopper & Pearson 1934): it holds at any n, also for k = 0, where it says
 * how rare a thing may be that was never seen. @throws RangeError for n = 0.
 */
export function clopperPearson(k: number, n: number): Interval {
  if (n === 0) throw new RangeError('a proportion of nothing');
  return {
    low: k === 0 ? 0 : betaQuantile(0.025, k, n - k + 1),
    high: k === n ? 1 : betaQuantile(0.975, k + 1, n - k),
  };
}

/** Between which shares of n tosses a fair coin shows heads, 95% of the time: 2.5% and 97.5% quantiles. @throws RangeError for n = 0. */
export function coinRange(n: number): Interval {
  if (n === 0) throw new RangeError('a proportion of nothing');
  // log of the binomial probability of no heads, then from k to k + 1; what is left out on each side is at most 2.5%
  let [log, below, k] = [-n * Math.LN2, 0, 0];
  for (; k < n; k += 1) {
    below += Math.exp(log);
    if (below >= 0.025) break;
    log += Math.log(n - k) - Math.log(k + 1);
  }
  return { low: k / n, high: 1 - k / n };
}
