import { bootstrapSums, type Counts, type Draws, MOST_CLUSTERS } from '../metrics/bootstrap.ts';
import { estimateOf } from './estimate.ts';
import { groupsBy } from './source.ts';
import type { Estimate } from './table.ts';

/** Medians of draws are looked for from this share of the values on: those of nearly all draws stand after it. */
const MEDIANS_FROM = 0.45;

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
  const { of: clusterOf, keys } = groupsBy(sessions, ({ context }) => context);
  const groups = Math.min(keys.length, MOST_CLUSTERS);
  // of each feature its sum, its squares, and how many of its values stand before the start of medians; and the sessions
  const width = 3 * features.length + 1;
  const table = new Float64Array(width * keys.length);
  const start = Math.floor(MEDIANS_FROM * sessions.length);
  for (let at = 0; at < sessions.length; at += 1) add(table, width * ((clusterOf[at] as number) + 1) - 1, 1);
  const columns = features.map((of, feature) => {
    const values = Float64Array.from(sessions, of);
    const shift = values[0] as number;
    const sorted = values.slice().sort();
    const order = placesIn(sorted, values);
    for (let place = 0; place < order.length; place += 1) {
      const at = order[place] as number;
      const from = width * (clusterOf[at] as number) + 3 * feature;
      const value = (values[at] as number) - shift;
      add(table, from, value);
      add(table, from + 1, value * value);
      if (place < start) add(table, from + 2, 1);
    }
    return { shift, group: order.map((at) => (clusterOf[at] as number) % groups), values: sorted };
  });
  const figures = bootstrapSums(
    table,
    width,
    (sums, counts) => {
      const n = sums[width - 1] as number;
      return columns.flatMap(({ shift, values, group }, feature) => {
        const mean = (sums[3 * feature] as number) / n;
        const squares = (sums[3 * feature + 1] as number) - n * mean * mean;
        const before = sums[3 * feature + 2] as number;
        // a draw whose median stands before the start is read from its first value
        const median =
          before <= Math.floor((n - 1) / 2)
            ? weightedMedian(values, group, counts, n, start, before)
            : weightedMedian(values, group, counts, n, 0, 0);
        return [shift + mean, median, n > 1 ? Math.sqrt(Math.max(0, squares / (n - 1))) : 0];
      });
    },
    draws,
  );
  const n = sessions.length;
  return columns.map((_, at) => [
    estimateOf(figures[3 * at] ?? null, n),
    estimateOf(figures[3 * at + 1] ?? null, n),
    estimateOf(figures[3 * at + 2] ?? null, n),
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
  const { of: clusterOf, keys } = groupsBy(sessions, ({ context }) => context);
  const columns = 2 * features.length;
  const table = new Float64Array(columns * keys.length);
  const counts = features.map((of, feature) => {
    let has = 0;
    for (let at = 0; at < sessions.length; at += 1) {
      const value = of(sessions[at] as T);
      if (value === null) continue;
      const place = (clusterOf[at] as number) * columns + 2 * feature;
      add(table, place, value);
      add(table, place + 1, 1);
      has += 1;
    }
    return has;
  });
  const figures = bootstrapSums(
    table,
    columns,
    (sums) => features.map((_, feature) => (sums[2 * feature] as number) / (sums[2 * feature + 1] as number)),
    draws,
  );
  return features.map((_, feature) => estimateOf(figures[feature] ?? null, counts[feature] as number));
}

/**
 * @param values ascending. @param group of each. @param counts how often each group counts. @param n values that count.
 * @param from the place to read on from, before the median. @param below values that count and stand before it.
 */
function weightedMedian(
  values: Float64Array,
  group: Uint32Array,
  counts: Counts,
  n: number,
  from: number,
  below: number,
): number {
  const [low, high] = [Math.floor((n - 1) / 2), Math.ceil((n - 1) / 2)];
  let at = from - 1;
  let sum = below;
  while (sum <= low) {
    at += 1;
    sum += counts[group[at] as number] as number;
  }
  const lower = values[at] as number;
  while (sum <= high) {
    at += 1;
    sum += counts[group[at] as number] as number;
  }
  return (lower + (values[at] as number)) / 2;
}

/** The places of values in the order of the sorted ones, equal ones as they stand: a comparison for each step of a sort costs more. */
function placesIn(sorted: Float64Array, values: Float64Array): Uint32Array {
  const order = new Uint32Array(values.length);
  /** How many values equal to the one that stands there have their place. */
  const placed = new Uint32Array(values.length);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    order[low + (placed[low] as number)] = at;
    placed[low] = (placed[low] as number) + 1;
  }
  return order;
}

function add(table: Float64Array, at: number, value: number): void {
  table[at] = (table[at] as number) + value;
}
