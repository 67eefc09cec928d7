import { type Draws, percentiles, resample } from './bootstrap.ts';
import type { Interval } from './proportion.ts';
import { betaRegularised, normalTail } from './special.ts';

/** A coefficient with its two-tailed p-value; null where it does not exist: too few points, or a side without variance. */
export interface Correlation {
  readonly value: number | null;
  readonly p: number | null;
  readonly n: number;
}

/**
 * Pearson's r of paired values, p by the t-test with n - 2 degrees of freedom (Appendix B.4).
 * @throws RangeError for sides of different length.
 */
export function pearson(x: readonly number[], y: readonly number[]): Correlation {
  const value = coefficient(x, y);
  return { value, p: value === null ? null : pearsonP(value, x.length), n: x.length };
}

/**
 * Two-tailed p of Pearson's r at n points, from t = r sqrt((n-2)/(1-r^2)) with n - 2 degrees of freedom (Appendix B.4);
 * null for n < 3.
 */
export function pearsonP(r: number, n: number): number | null {
  // df / (df + t^2) is 1 - r^2, so t itself, infinite at |r| = 1, is never needed
  return n < 3 ? null : betaRegularised((1 - r) * (1 + r), (n - 2) / 2, 0.5);
}

/** Spearman's rank correlation, ties at their mean rank; p as of Pearson's r, as scipy does. */
export function spearman(x: readonly number[], y: readonly number[]): Correlation {
  return pearson(ranks(x), ranks(y));
}

/** Largest n for which p of Kendall's tau is exact; as in scipy. */
const EXACT_KENDALL = 33;

/**
 * Kendall's tau-b. p is exact without ties up to n = 33 (Kendall 1938), else by the normal approximation with the variance
 * for ties (Kendall 1970).
 */
export function kendall(x: readonly number[], y: readonly number[]): Correlation {
  const n = sameLength(x, y);
  let [concordant, discordant] = [0, 0];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const sign = Math.sign((x[i] as number) - (x[j] as number)) * Math.sign((y[i] as number) - (y[j] as number));
      if (sign > 0) concordant += 1;
      if (sign < 0) discordant += 1;
    }
  }
  const [tiesX, tiesY] = [tieSizes(x), tieSizes(y)];
  const pairs = (n * (n - 1)) / 2;
  const sum = (sizes: readonly number[], of: (size: number) => number) =>
    sizes.reduce((all, size) => all + of(size), 0);
  const tied = (size: number) => (size * (size - 1)) / 2;
  const [tiedX, tiedY] = [sum(tiesX, tied), sum(tiesY, tied)];
  if (pairs === 0 || tiedX === pairs || tiedY === pairs) return { value: null, p: null, n };
  const value = clamp((concordant - discordant) / Math.sqrt(pairs - tiedX) / Math.sqrt(pairs - tiedY));
  if (tiedX === 0 && tiedY === 0 && n <= EXACT_KENDALL) return { value, p: exactKendall(n, discordant), n };
  const v = (size: number) => size * (size - 1) * (2 * size + 5);
  const third = (size: number) => size * (size - 1) * (size - 2);
  const variance =
    (n * (n - 1) * (2 * n + 5) - sum(tiesX, v) - sum(tiesY, v)) / 18 +
    (2 * tiedX * tiedY) / (n * (n - 1)) +
    (n > 2 ? (sum(tiesX, third) * sum(tiesY, third)) / (9 * n * (n - 1) * (n - 2)) : 0);
  return { value, p: Math.min(1, 2 * normalTail(Math.abs(concordant - discordant) / Math.sqrt(variance))), n };
}

/**
 * r with a bootstrap interval over the points. A draw in which a side has no variance has no r, and is left out.
 * @returns null where r itself does not exist.
 */
export function pearsonInterval(
  x: readonly number[],
  y: readonly number[],
  options: Draws,
): (Interval & { readonly value: number }) | null {
  const value = coefficient(x, y);
  if (value === null) return null;
  const [drawnX, drawnY] = [new Float64Array(x.length), new Float64Array(x.length)];
  const values: number[] = [];
  resample(x.length, options, (indices) => {
    for (let at = 0; at < indices.length; at += 1) {
      drawnX[at] = x[indices[at] as number] as number;
      drawnY[at] = y[indices[at] as number] as number;
    }
    values.push(coefficient(drawnX, drawnY) ?? Number.NaN);
  });
  return percentiles(value, values);
}

/** Lowest and highest r when one point is left out: how much hangs on a single chatbot. Null below four points. */
export function leaveOneOut(x: readonly number[], y: readonly number[]): Interval | null {
  if (sameLength(x, y) < 4) return null;
  const without = x.flatMap((_, left) => coefficient(drop(x, left), drop(y, left)) ?? []);
  return without.length === 0 ? null : { low: Math.min(...without), high: Math.max(...without) };
}

function drop(values: readonly number[], left: number): number[] {
  return values.filter((_, at) => at !== left);
}

function coefficient(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  const n = sameLength(x, y);
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i += 1) {
    const [dx, dy] = [(x[i] as number) - meanX, (y[i] as number) - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  // deviations that are only rounding make no variance
  const none = (squares: number, middle: number) => squares <= n * (1e-13 * middle) ** 2;
  return n < 2 || none(xx, meanX) || none(yy, meanY) ? null : clamp(xy / Math.sqrt(xx * yy));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] as number) - (values[b] as number));
  const out = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to += 1;
    for (let at = from; at < to; at += 1) out[order[at] as number] = (from + 1 + to) / 2;
    from = to;
  }
  return out;
}

function tieSizes(values: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()];
}

/** Two-tailed p of `inversions` among n! equally likely orders: twice the smaller tail, at most 1. */
function exactKendall(n: number, inversions: number): number {
  const few = Math.min(inversions, (n * (n - 1)) / 2 - inversions);
  if (4 * few === n * (n - 1)) return 1;
  // shares[k]: of the orders of m things, those with k inversions; as shares, since 33! is no double's business
  let shares = [1];
  for (let m = 2; m <= n; m += 1) {
    const next = new Array<number>(Math.min(few, (m * (m - 1)) / 2) + 1).fill(0);
    for (const [k, share] of shares.entries()) {
      for (let more = 0; more < m && k + more < next.length; more += 1)
        next[k + more] = (next[k + more] as number) + share / m;
    }
    shares = next;
  }
  return Math.min(1, 2 * shares.reduce((sum, share) => sum + share, 0));
}

function sameLength(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) throw new RangeError(`${x.length} values beside ${y.length}`);
  return x.length;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] as number;
  return sum / values.length;
}

function clamp(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
