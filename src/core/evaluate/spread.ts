import { bootstrapCounts, bootstrapSums, type Draws } from '../metrics/bootstrap.ts';
import { estimateOf } from './estimate.ts';
import { placesBy } from './source.ts';
import type { Estimate } from './table.ts';

/**
 * Mean, median and sample sd over sessions of each feature, with intervals over contexts, all on the same draws.
 * @returns a list a feature; an empty list without sessions.
 */
export function spreads<T extends { readonly context: string }>(
  sessions: readonly T[],
  features: readonly ((session: T) => number)[],
  draws: Draws,
): [Estimate, Estimate, Estimate][] {
  if (sessions.length === 0) return [];
  const clusters = placesBy(sessions, ({ context }) => context);
  const clusterOf = new Int32Array(sessions.length);
  for (const [cluster, places] of clusters.entries()) for (const at of places) clusterOf[at] = cluster;
  const sizes = Int32Array.from(clusters, (places) => places.length);
  const width = 2 * features.length + 1;
  const table = new Float64Array(width * clusters.length);
  const columns = features.map((of, feature) => {
    const values = Float64Array.from(sessions, of);
    const shift = values[0] as number;
    for (let at = 0; at < values.length; at += 1) {
      const place = width * (clusterOf[at] as number);
      const value = (values[at] as number) - shift;
      table[place + 2 * feature] = (table[place + 2 * feature] as number) + value;
      table[place + 2 * feature + 1] = (table[place + 2 * feature + 1] as number) + value * value;
      if (feature === 0) table[place + width - 1] = (table[place + width - 1] as number) + 1;
    }
    const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
    return { shift, cluster: order.map((at) => clusterOf[at] as number), values: values.sort() };
  });
  const moments = bootstrapSums(
    table,
    width,
    (sums) => {
      const n = sums[width - 1] as number;
      return columns.flatMap(({ shift }, feature) => {
        const mean = (sums[2 * feature] as number) / n;
        const squares = (sums[2 * feature + 1] as number) - n * mean * mean;
        return [shift + mean, n > 1 ? Math.sqrt(Math.max(0, squares / (n - 1))) : 0];
      });
    },
    draws,
  );
  // the same seed and clusters: the same draws
  const medians = bootstrapCounts(
    clusters.length,
    (counts) => {
      let n = 0;
      for (let at = 0; at < counts.length; at += 1) n += (counts[at] as number) * (sizes[at] as number);
      return columns.map(({ values, cluster }) => weightedMedian(values, cluster, counts, n));
    },
    draws,
  );
  const n = sessions.length;
  return columns.map((_, at) => [
    estimateOf(moments[2 * at] ?? null, n),
    estimateOf(medians[at] ?? null, n),
    estimateOf(moments[2 * at + 1] ?? null, n),
  ]);
}

/**
 * Means alone, which take one pass a draw for all features; a feature is null for a session that does not have it.
 * @returns an estimate a feature, its n the sessions that have it.
 */
export function means<T extends { readonly context: string }>(
  sessions: readonly T[],
  features: readonly ((session: T) => number | null)[],
  draws: Draws,
): Estimate[] {
  const none: Estimate = { value: null, low: null, high: null, n: 0 };
  if (sessions.length === 0) return features.map(() => none);
  const clusters = placesBy(sessions, ({ context }) => context);
  const columns = 2 * features.length;
  const table = new Float64Array(columns * clusters.length);
  const counts = features.map(() => 0);
  for (const [cluster, places] of clusters.entries()) {
    for (const at of places) {
      for (const [feature, of] of features.entries()) {
        const value = of(sessions[at] as T);
        if (value === null) continue;
        const place = cluster * columns + 2 * feature;
        table[place] = (table[place] as number) + value;
        table[place + 1] = (table[place + 1] as number) + 1;
        counts[feature] = (counts[feature] as number) + 1;
      }
    }
  }
  const figures = bootstrapSums(
    table,
    columns,
    (sums) => features.map((_, feature) => (sums[2 * feature] as number) / (sums[2 * feature + 1] as number)),
    draws,
  );
  return features.map((_, feature) => estimateOf(figures[feature] ?? null, counts[feature] as number));
}

/** @param values ascending. @param cluster of each. @param counts how often each cluster counts. @param n values that count. */
function weightedMedian(values: Float64Array, cluster: Uint32Array, counts: Float64Array, n: number): number {
  const [low, high] = [Math.floor((n - 1) / 2), Math.ceil((n - 1) / 2)];
  let [below, at] = [0, -1];
  let lower: number | null = null;
  while (below <= high) {
    at += 1;
    below += counts[cluster[at] as number] as number;
    if (lower === null && below > low) lower = values[at] as number;
  }
  return ((lower ?? Number.NaN) + (values[at] as number)) / 2;
}
