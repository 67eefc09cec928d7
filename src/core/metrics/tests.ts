import { normalQuantile, normalTail } from './special.ts';

/** `k` of `n`: messages with an issue among messages, say. */
export interface Count {
  readonly k: number;
  readonly n: number;
}

/**
 * Two-proportion z-test with the pooled variance, two-tailed (Table 5); z > 0 where b's rate is higher.
 * @returns nulls where the pooled rate is 0 or 1, and there is nothing to test. @throws RangeError for n = 0.
 */
export function twoProportionZ(a: Count, b: Count): { readonly z: number | null; readonly p: number | null } {
  if (a.n === 0 || b.n === 0) throw new RangeError('a proportion of nothing');
  const pooled = (a.k + b.k) / (a.n + b.n);
  const variance = pooled * (1 - pooled) * (1 / a.n + 1 / b.n);
  if (variance === 0) return { z: null, p: null };
  const z = (b.k / b.n - a.k / a.n) / Math.sqrt(variance);
  return { z, p: Math.min(1, 2 * normalTail(Math.abs(z))) };
}

export interface PowerOptions {
  /** Two-tailed level; 0.05 in the paper. */
  readonly alpha: number;
}

/** Chance that the pooled two-tailed z-test finds rates a and b different, with n units in each arm. */
export function powerOfZ(a: number, b: number, n: number, { alpha }: PowerOptions): number {
  const critical = normalQuantile(1 - alpha / 2);
  const middle = (a + b) / 2;
  const null_ = Math.sqrt((2 * middle * (1 - middle)) / n);
  const actual = Math.sqrt((a * (1 - a) + b * (1 - b)) / n);
  const gap = Math.abs(b - a);
  if (actual === 0) return gap > critical * null_ ? 1 : 0;
  return normalTail((critical * null_ - gap) / actual) + normalTail((critical * null_ + gap) / actual);
}

/**
 * Units that each arm needs so that the z-test finds rates a and b different with the given power (Fleiss, Levin & Paik 2003,
 * 4.14, without the continuity correction); null for equal rates, which no number of units tells apart.
 */
export function unitsNeeded(
  a: number,
  b: number,
  { alpha, power }: PowerOptions & { readonly power: number },
): number | null {
  if (a === b) return null;
  const middle = (a + b) / 2;
  const reach =
    normalQuantile(1 - alpha / 2) * Math.sqrt(2 * middle * (1 - middle)) +
    normalQuantile(power) * Math.sqrt(a * (1 - a) + b * (1 - b));
  return Math.ceil((reach / (b - a)) ** 2);
}

/** How the units of an arm lie in its sessions. */
export interface Clustering {
  /** Mean units (chatbot messages) a session. */
  readonly perSession: number;
  /** Variance of the rate over that of as many independent units (Kish 1965): 1 where sessions make no difference. */
  readonly designEffect: number;
}

/** Sessions that each arm needs: messages of one session are alike, so that more of them are needed than of separate ones. */
export function sessionsNeeded(
  a: number,
  b: number,
  { perSession, designEffect, ...options }: PowerOptions & { readonly power: number } & Clustering,
): number | null {
  const units = unitsNeeded(a, b, options);
  return units === null ? null : Math.ceil((units * designEffect) / perSession);
}

/** Power with so many sessions in each arm. */
export function powerOfSessions(
  a: number,
  b: number,
  sessions: number,
  { perSession, designEffect, alpha }: PowerOptions & Clustering,
): number {
  return powerOfZ(a, b, (sessions * perSession) / designEffect, { alpha });
}

/**
 * How the units lie in sessions, from counts by session. The design effect is the linearised variance of the ratio
 * sum k / sum n over sessions, divided by p (1 - p) / sum n (Cochran 1977, 6.3); 1 where it cannot be told.
 * @throws RangeError for no unit.
 */
export function clustering(sessions: readonly Count[]): Clustering {
  const m = sessions.length;
  const [k, n] = sessions.reduce<[number, number]>((sum, one) => [sum[0] + one.k, sum[1] + one.n], [0, 0]);
  if (n === 0) throw new RangeError('a proportion of nothing');
  const p = k / n;
  const perSession = n / m;
  if (m < 2 || p === 0 || p === 1) return { perSession, designEffect: 1 };
  const squares = sessions.reduce((sum, one) => sum + (one.k - p * one.n) ** 2, 0);
  const variance = (m / (m - 1)) * (squares / n ** 2);
  return { perSession, designEffect: variance / ((p * (1 - p)) / n) };
}
