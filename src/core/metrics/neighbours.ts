import type { SparseRow } from './logistic.ts';

/** Squared distances 2 - 2 cos of all pairs of rows, n x n; a row of zeros is at 2 from all others. */
export function cosineDistances(rows: readonly SparseRow[]): Float64Array {
  const n = rows.length;
  const unit = rows.map((row) => new Map(scaled(row)));
  const out = new Float64Array(n * n);
  for (let a = 0; a < n; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const [small, large] =
        (unit[a] as Map<number, number>).size < (unit[b] as Map<number, number>).size ? [a, b] : [b, a];
      let dot = 0;
      for (const [at, value] of unit[small] as Map<number, number>) dot += value * (unit[large]?.get(at) ?? 0);
      const distance = Math.max(0, 2 - 2 * dot);
      out[a * n + b] = distance;
      out[b * n + a] = distance;
    }
  }
  return out;
}

/** For each of n points the place of its nearest other one, the first of equals; none for a single point. */
export function nearest(distances: Float64Array, n: number): number[] {
  return Array.from({ length: n }, (_, row) => row).flatMap((row) => {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (let other = 0; other < n; other += 1) {
      const distance = distances[row * n + other] as number;
      if (other !== row && distance < least) [best, least] = [other, distance];
    }
    return best === -1 ? [] : [best];
  });
}

/** The row's places and values at length 1. */
function scaled({ at, value }: SparseRow): [number, number][] {
  const length = Math.sqrt(Array.from(value).reduce((sum, one) => sum + one * one, 0));
  return length === 0 ? [] : Array.from(at, (place, k) => [place, (value[k] as number) / length]);
}
