import { sigmoid } from '../reward/reward.ts';

/** One verdict: log-odds that something is real, and whether it is. */
export interface Verdict {
  readonly z: number;
  readonly real: boolean;
}

/** Counts of a judge with "real" as the positive class. */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

/** z > 0 says real: p > 0.5. */
export function confusion(verdicts: readonly Verdict[]): Confusion {
  const counts = { tp: 0, fp: 0, tn: 0, fn: 0 };
  for (const { z, real } of verdicts) counts[z > 0 ? (real ? 'tp' : 'fp') : real ? 'fn' : 'tn'] += 1;
  return counts;
}

/** @returns NaN for no verdict. */
export function accuracy({ tp, fp, tn, fn }: Confusion): number {
  return (tp + tn) / (tp + fp + tn + fn);
}

/** F1 of the class "real"; 0 where nothing is real nor called so, as scikit-learn with `zero_division=0`. */
export function f1({ tp, fp, fn }: Confusion): number {
  return tp === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn);
}

/** Matthews' correlation coefficient; 0 where a class, or a verdict, is missing. */
export function mcc({ tp, fp, tn, fn }: Confusion): number {
  const scale = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return scale === 0 ? 0 : (tp * tn - fp * fn) / scale;
}

/** Area under the ROC curve: chance that a real one has a higher z than a simulated one, ties by half; null without both. */
export function auc(verdicts: readonly Verdict[]): number | null {
  const sorted = [...verdicts].sort((a, b) => a.z - b.z);
  let [below, wins, reals] = [0, 0, 0];
  for (let from = 0; from < sorted.length; ) {
    let [to, real] = [from, 0];
    for (; to < sorted.length && sorted[to]?.z === sorted[from]?.z; to += 1) real += Number(sorted[to]?.real);
    const simulated = to - from - real;
    wins += real * (below + simulated / 2);
    below += simulated;
    reals += real;
    from = to;
  }
  return reals === 0 || below === 0 ? null : wins / (reals * below);
}

/** A bin of the reliability plot: mean of p beside the share that is real. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly p: number;
  readonly real: number;
  readonly k: number;
  readonly n: number;
}

/** Bins of equal width over p = sigmoid(z) in [0, 1]; empty ones are left out. A p on a border belongs to the bin above it. */
export function reliability(verdicts: readonly Verdict[], bins: number): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ p: 0, k: 0, n: 0 }));
  for (const { z, real } of verdicts) {
    const p = sigmoid(z);
    const bin = sums[Math.min(bins - 1, Math.floor(p * bins))] as (typeof sums)[number];
    bin.p += p;
    bin.k += Number(real);
    bin.n += 1;
  }
  return sums.flatMap(({ p, k, n }, at) =>
    n === 0 ? [] : [{ low: at / bins, high: (at + 1) / bins, p: p / n, real: k / n, k, n }],
  );
}

/** Expected calibration error over bins of equal width: sum n_b / n |p_b - real_b| (Naeini et al. 2015); NaN for no verdict. */
export function calibrationError(verdicts: readonly Verdict[], bins: number): number {
  const sum = reliability(verdicts, bins).reduce((all, { p, real, n }) => all + n * Math.abs(p - real), 0);
  return sum / verdicts.length;
}

/** Mean negative log-likelihood in nats of the labels at p = sigmoid(z / temperature). */
export function negativeLogLikelihood(verdicts: readonly Verdict[], temperature = 1): number {
  const sum = verdicts.reduce((all, { z, real }) => all + softplus((real ? -z : z) / temperature), 0);
  return sum / verdicts.length;
}

const LOG_RANGE = Math.log(100);

/**
 * The temperature T in [0.01, 100] at which sigmoid(z / T) has the least negative log-likelihood (Guo et al. 2017). It is
 * convex in 1/T, whose root of the derivative bisection finds. Above 1, the judge is surer than it may be; at 100 it says
 * nothing, or points the wrong way; at 0.01 it is never wrong.
 * @returns null for no verdict.
 */
export function fitTemperature(verdicts: readonly Verdict[]): number | null {
  if (verdicts.length === 0) return null;
  const slope = (inverse: number) =>
    verdicts.reduce((sum, { z, real }) => sum + (sigmoid(z * inverse) - Number(real)) * z, 0);
  let [low, high] = [-LOG_RANGE, LOG_RANGE];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (slope(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp(-(low + high) / 2);
}

function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
