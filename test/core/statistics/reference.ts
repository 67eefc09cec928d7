import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

interface Reference {
  correlations: Record<'x' | 'y' | 'pearson' | 'spearman' | 'kendall', number[]>[];
  divergences: { p: number[]; q: number[]; smoothing: number; kl: number }[];
  cross_entropies: { p: number[]; q: number[]; bce: number; least: number }[];
  proportions: (Record<'k' | 'n' | 'j' | 'm', number> & {
    chi2: [number, number] | null;
    exact: [number, number];
    wilson: [number, number];
  })[];
  powers: { a: number; b: number; n: number; power: number }[];
  judges: ({ z: number[]; real: boolean[] } & Record<
    'accuracy' | 'f1' | 'mcc' | 'auc' | 'ece' | 'nll' | 'temperature',
    number
  >)[];
  bags: {
    texts: string[];
    labels: boolean[];
    fitted: number;
    features: number;
    fits: { c: number; z: number[]; norm: number; intercept: number }[];
  };
  maps: { x: number[][]; perplexity: number; kl: number[] };
  tails: { normal: [number, number][]; quantile: [number, number][]; student: [number, number, number][] };
}

/** Written by python/tests/make_stats_reference.py with scipy and scikit-learn on random inputs. */
export const reference: Reference = JSON.parse(
  readFileSync(new URL('../../fixtures/statistics.json', import.meta.url), 'utf8'),
);

/** Relative, since a p of 1e-20 that is 10% off is wrong though it is close. */
export function near(actual: number | null, expected: number, tolerance = 1e-9): void {
  expect(Math.abs((actual ?? Number.NaN) - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected) + 1e-14);
}
