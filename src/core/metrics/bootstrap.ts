import type { Interval } from './proportion.ts';

/**
 * 95% percentile interval of a statistic over resampled clusters (contexts, whose sessions belong together), by a seeded
 * generator, so that the same data give the same interval (Efron 1979).
 * @param statistic of the clusters that were drawn; a draw for which it is no finite number is left out.
 * @returns the value of all clusters with its interval. @throws RangeError for no cluster.
 */
export function bootstrap<T>(
  clusters: readonly T[],
  statistic: (drawn: readonly T[]) => number,
  { draws, seed }: { readonly draws: number; readonly seed: number },
): Interval & { readonly value: number } {
  if (clusters.length === 0) throw new RangeError('nothing to resample');
  const random = generator(seed);
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw += 1) {
    const drawn = clusters.map(() => clusters[Math.floor(random() * clusters.length)] as T);
    const value = statistic(drawn);
    if (Number.isFinite(value)) values.push(value);
  }
  const value = statistic(clusters);
  if (values.length === 0) return { value, low: value, high: value };
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] as number;
  return { value, low: at(0.025), high: at(0.975) };
}

/** Numbers in [0, 1) (mulberry32 of T. Ettinger, public domain): period 2^32, enough for some million draws. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
