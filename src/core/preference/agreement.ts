import { type Interval, wilson } from '../metrics/proportion.ts';
import type { Label } from './decisions.ts';
import type { PreferencePair } from './schema.ts';

export interface Kappa {
  /** Pairs that both have labelled. */
  readonly n: number;
  /** Share of equal labels. */
  readonly agree: number;
  /** (p_o - p_e) / (1 - p_e); null where chance alone would always agree (both use one and the same label). */
  readonly kappa: number | null;
}

/**
 * Cohen's kappa of two raters over nominal labels (Cohen 1960), unweighted; null without a pair.
 * @param labels one entry an item: what the first and what the second said.
 */
export function cohenKappa(labels: readonly (readonly [string, string])[]): Kappa | null {
  const n = labels.length;
  if (n === 0) return null;
  const counts = new Map<string, [number, number]>();
  let same = 0;
  for (const [a, b] of labels) {
    if (a === b) same += 1;
    for (const [rater, label] of [a, b].entries()) {
      const count = counts.get(label) ?? [0, 0];
      count[rater as 0 | 1] += 1;
      counts.set(label, count);
    }
  }
  // In whole numbers, so that "always" is recognised: n^2 p_e = sum of products.
  const chance = [...counts.values()].reduce((sum, [a, b]) => sum + a * b, 0);
  const agree = same / n;
  return { n, agree, kappa: chance === n * n ? null : (same * n - chance) / (n * n - chance) };
}

/** Which side of the pair, as it was made, has the higher reward; null if one has none, or both have the same. */
export function preferredByD({ chosen, rejected }: Pick<PreferencePair, 'chosen' | 'rejected'>): Label | null {
  if (chosen.r === null || rejected.r === null || chosen.r === rejected.r) return null;
  return chosen.r > rejected.r ? 'chosen' : 'rejected';
}

export interface AgreementWithD {
  /** Pairs with a label for one of the sides, and a preference of D. */
  readonly n: number;
  readonly agree: number;
  /** Share and its 95% interval (Wilson); null without pairs. */
  readonly share: number | null;
  readonly interval: Interval | null;
  /** Pairs that were rejected: they contradict D's pair, but prefer no side. */
  readonly none: number;
}

/** How often a reviewer prefers the side that D prefers. Only blind labels say how often he would without seeing r. */
export function agreementWithD(labels: readonly (readonly [label: Label, preferred: Label | null])[]): AgreementWithD {
  const sided = labels.filter(([label, preferred]) => label !== 'none' && preferred !== null);
  const agree = sided.filter(([label, preferred]) => label === preferred).length;
  const n = sided.length;
  return {
    ...{ n, agree, share: n === 0 ? null : agree / n, interval: n === 0 ? null : wilson(agree, n) },
    none: labels.filter(([label]) => label === 'none').length,
  };
}

/** A verdict in time: when it was given, and how long the pair had been on the screen (null: no screen). */
export interface Timed {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number | null;
}

export interface Pace {
  /** Over the last PACE_MINUTES, or since the first of them was shown, if that is less; null without one. */
  readonly perMinute: number | null;
  /** Of all verdicts with a time on screen. */
  readonly medianSeconds: number | null;
}

export const PACE_MINUTES = 10;

export function paceOf(verdicts: readonly Timed[], now: number): Pace {
  const recent = verdicts.filter(({ at }) => at > now - PACE_MINUTES * 60_000 && at <= now);
  const began = Math.min(...recent.map(({ at, ms }) => at - (ms ?? 0)));
  const span = Math.min(PACE_MINUTES * 60_000, now - began);
  const seconds = verdicts.flatMap(({ ms }) => (ms === null ? [] : [ms / 1000])).sort((a, b) => a - b);
  const middle = (seconds.length - 1) / 2;
  return {
    perMinute: recent.length === 0 || span <= 0 ? null : (60_000 * recent.length) / span,
    medianSeconds:
      seconds.length === 0 ? null : ((seconds[Math.floor(middle)] ?? 0) + (seconds[Math.ceil(middle)] ?? 0)) / 2,
  };
}
