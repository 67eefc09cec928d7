import type { Interval } from './proportion.ts';

export interface Draws {
  /** Bootstrap samples. */
  readonly draws: number;
  readonly seed: number;
}

/**
 * 95% percentile interval of a statistic over resampled clusters (contexts, whose sessions belong together), by a seeded
 * generator, so that the same data give the same interval (Efron 1979).
 * @param statistic of the clusters that were drawn; a draw for which it is no finite number is left out.
 * @returns the value of all clusters with its interval. @throws RangeError for no cluster.
 */
export function bootstrap<T>(
  clusters: readonly T[],
  statistic: (drawn: readonly T[]) => number,
  options: Draws,
): Interval & { readonly value: number } {
  const values: number[] = [];
  const drawn = clusters.slice();
  resample(clusters.length, options, (indices) => {
    for (const [at, index] of indices.entries()) drawn[at] = clusters[index] as T;
    values.push(statistic(drawn));
  });
  return percentiles(statistic(clusters), values);
}

/**
 * Of more clusters, every one in so many is drawn together with the first of them (the random group method; Wolter 2007): the
 * interval of a smooth statistic is as wide, to some 3%, at a fraction of the cost.
 */
export const MOST_CLUSTERS = 1000;

/** How often each cluster was drawn; no more often than there are groups. */
export type Counts = Uint16Array;

/**
 * The same, of several statistics on the same draws, as functions of how often each of `n` clusters was drawn: with
 * thousands of sessions a sum of weighted numbers is far cheaper than a list of what was drawn.
 * @param statistics of the counts, each with its value at `statistics(all ones)`; must not keep the counts.
 */
export function bootstrapCounts(
  n: number,
  statistics: (counts: Counts) => readonly number[],
  options: Draws,
): (Interval & { readonly value: number })[] {
  const groups = Math.min(n, MOST_CLUSTERS);
  const counts = new Uint16Array(n);
  const values: number[][] = [];
  drawCounts(groups, options, (drawn) => {
    counts.set(drawn);
    for (let at = groups; at < n; at += 1) counts[at] = counts[at - groups] as number;
    statistics(counts).forEach((value, at) => {
      values[at] ??= [];
      values[at].push(value);
    });
  });
  return statistics(new Uint16Array(n).fill(1)).map((value, at) => percentiles(value, values[at] ?? []));
}

/**
 * The same for functions of sums over what was drawn: of `columns` numbers of each of n clusters, one pass a draw.
 * @param table row by row: the numbers of cluster i from i * columns on; all of them finite.
 * @param statistics of the sums of each column, and of how often each group was drawn: cluster i is in group i % their number.
 */
export function bootstrapSums(
  table: Float64Array,
  columns: number,
  statistics: (sums: Float64Array, counts: Counts) => readonly number[],
  options: Draws,
): (Interval & { readonly value: number })[] {
  const rows = table.length / columns;
  const groups = Math.min(rows, MOST_CLUSTERS);
  // columns by the four, which are added up in registers: the last ones of them are zeros
  const width = 4 * Math.ceil(columns / 4);
  const grouped = new Float64Array(groups * width);
  for (let row = 0, from = 0; row < rows; row += 1, from += columns) {
    const to = (row % groups) * width;
    for (let at = 0; at < columns; at += 1)
      grouped[to + at] = (grouped[to + at] as number) + (table[from + at] as number);
  }
  const four = new Float64Array(width);
  const sums = four.subarray(0, columns);
  return bootstrapCounts(
    groups,
    (counts) => {
      for (let at = 0; at < width; at += 4) {
        let [a, b, c, d] = [0, 0, 0, 0];
        for (let row = 0, from = at; row < groups; row += 1, from += width) {
          const times = counts[row] as number;
          a += times * (grouped[from] as number);
          b += times * (grouped[from + 1] as number);
          c += times * (grouped[from + 2] as number);
          d += times * (grouped[from + 3] as number);
        }
        four[at] = a;
        four[at + 1] = b;
        four[at + 2] = c;
        four[at + 3] = d;
      }
      return statistics(sums, counts);
    },
    options,
  );
}

/** Counts of draws are kept up to so many: those of a table are nearly all on the same draws. */
const MOST_KEPT = 2 ** 22;
let kept: (Draws & { readonly n: number; readonly counts: Counts }) | null = null;

/** How often each of n is drawn, draw after draw, as `resample` draws them. @param visit must not keep the counts. */
function drawCounts(n: number, options: Draws, visit: (counts: Counts) => void): void {
  const { draws, seed } = options;
  if (n * draws > MOST_KEPT) {
    const counts = new Uint16Array(n);
    resample(n, options, (indices) => visit(count(indices, counts.fill(0))));
    return;
  }
  if (kept?.n !== n || kept.seed !== seed || kept.draws < draws) {
    const counts = new Uint16Array(n * draws);
    let from = 0;
    resample(n, options, (indices) => {
      count(indices, counts.subarray(from, from + n));
      from += n;
    });
    kept = { n, draws, seed, counts };
  }
  const { counts } = kept;
  for (let from = 0; from < n * draws; from += n) visit(counts.subarray(from, from + n));
}

function count(indices: Int32Array, counts: Counts): Counts {
  for (let at = 0; at < indices.length; at += 1) {
    const index = indices[at] as number;
    counts[index] = (counts[index] as number) + 1;
  }
  return counts;
}

/**
 * The one resampler of this program: `draws` times n indices in [0, n), drawn with replacement.
 * @param visit must not keep `indices`, which the next draw overwrites. @throws RangeError for n = 0.
 */
export function resample(n: number, { draws, seed }: Draws, visit: (indices: Int32Array) => void): void {
  if (n === 0) throw new RangeError('nothing to resample');
  const random = generator(seed);
  const indices = new Int32Array(n);
  for (let draw = 0; draw < draws; draw += 1) {
    for (let at = 0; at < n; at += 1) indices[at] = random() * n;
    visit(indices);
  }
}

/** The value with the 2.5% and 97.5% quantiles of what the draws gave. */
export function percentiles(value: number, drawn: readonly number[]): Interval & { readonly value: number } {
  const values = Float64Array.from(drawn.filter(Number.isFinite)).sort();
  if (values.length === 0) return { value, low: value, high: value };
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] as number;
  return { value, low: at(0.025), high: at(0.975) };
}

/** Numbers in [0, 1) (mulberry32 of T. Ettinger, public domain): period 2^32, enough for some million draws. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
