import { sigmoid } from '../reward/reward.ts';

/** One verdict: log-odds that something is real, and whether it is. */
export interface Verdict {
  readonly z: number;
  readonly real: boolean;
  /** How much it counts; 1 if left out. Both classes can so be made to count alike. */
  readonly weight?: number;
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
  for (const { z, real, weight = 1 } of verdicts) counts[outcome(z, real)] += weight;
  return counts;
}

/** Where a verdict counts. */
export function outcome(z: number, real: boolean): keyof Confusion {
  if (z > 0) return real ? 'tp' : 'fp';
  return real ? 'fn' : 'tn';
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
  /** From 0. */
  readonly bin: number;
  readonly p: number;
  readonly real: number;
  /** Weight of its verdicts. */
  readonly n: number;
}

/** The bin of p = sigmoid(z) among bins of equal width over [0, 1]; a p on a border belongs to the bin above it. */
export function binOf(z: number, bins: number): number {
  return Math.min(bins - 1, Math.floor(sigmoid(z) * bins));
}

/** Bins of equal width over p; empty ones are left out. */
export function reliability(verdicts: readonly Verdict[], bins: number): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ p: 0, k: 0, n: 0 }));
  for (const { z, real, weight = 1 } of verdicts) {
    const sum = sums[binOf(z, bins)] as (typeof sums)[number];
    sum.p += weight * sigmoid(z);
    sum.k += real ? weight : 0;
    sum.n += weight;
  }
  return sums.flatMap(({ p, k, n }, bin) => (n === 0 ? [] : [{ bin, p: p / n, real: k / n, n }]));
}

/** Expected calibration error over bins of equal width: sum n_b / n |p_b - real_b| (Naeini et al. 2015); NaN for no verdict. */
export function calibrationError(verdicts: readonly Verdict[], bins: number): number {
  const found = reliability(verdicts, bins);
  const total = found.reduce((sum, { n }) => sum + n, 0);
  return found.reduce((sum, { p, real, n }) => sum + n * Math.abs(p - real), 0) / total;
}

/** Mean negative log-likelihood in nats of the labels at p = sigmoid(z / temperature). */
export function negativeLogLikelihood(verdicts: readonly Verdict[], temperature = 1): number {
  let [sum, total] = [0, 0];
  for (const { z, real, weight = 1 } of verdicts) {
    sum += weight * softplus((real ? -z : z) / temperature);
    total += weight;
  }
  return sum / total;
}

/** Mean of (p - real)^2 at p = sigmoid(z) (Brier 1950): 0 for who is sure and right, 0.25 for who always says 0.5; NaN for no verdict. */
export function brierScore(verdicts: readonly Verdict[]): number {
  let [sum, total] = [0, 0];
  for (const { z, real, weight = 1 } of verdicts) {
    sum += weight * sigmoid(real ? -z : z) ** 2;
    total += weight;
  }
  return sum / total;
}

/** Temperatures are sought between 1 / MOST and MOST. */
const MOST = 100;

/**
 * The temperature T in [0.01, 100] at which sigmoid(z / T) has the least negative log-likelihood (Guo et al. 2017), which is
 * convex in 1/T: Newton's steps there, kept by bisection. Above 1, the judge is surer than it may be; at 100 it says nothing,
 * or points the wrong way; at 0.01 it is never wrong.
 * @param near where to begin: the temperature of nearly the same verdicts. @returns null for no verdict.
 */
export function fitTemperature(verdicts: readonly Verdict[], near = 1): number | null {
  if (verdicts.length === 0) return null;
  let [low, high] = [1 / MOST, MOST];
  let inverse = 1 / near;
  for (let step = 0; step < 100; step += 1) {
    let [slope, curve] = [0, 0];
    for (const { z, real, weight = 1 } of verdicts) {
      const p = sigmoid(z * inverse);
      slope += weight * (p - Number(real)) * z;
      curve += weight * p * (1 - p) * z * z;
    }
    if (slope < 0) low = inverse;
    else high = inverse;
    const newton = inverse - slope / curve;
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    const moved = Math.abs(next / inverse - 1);
    inverse = next;
    if (moved < 1e-10) break;
  }
  return 1 / inverse;
}

function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
