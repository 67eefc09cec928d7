import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wilson } from '../../src/core/metrics/proportion.ts';
import { agreementWithD, cohenKappa, paceOf, preferredByD } from '../../src/core/preference/agreement.ts';
import { makePair } from '../fixtures/pairs.ts';

const table = JSON.parse(readFileSync(new URL('../fixtures/kappa.json', import.meta.url), 'utf8')) as {
  a: string;
  b: string;
  kappa: number;
}[];

describe("Cohen's kappa", () => {
  test.each(table.map((row) => [row.a.length, row] as const))('of %i labels is what scikit-learn gives', (n, row) => {
    const labels = [...row.a].map((label, at) => [label, row.b[at] ?? ''] as const);
    const found = cohenKappa(labels);
    expect(found?.n).toBe(n);
    expect(found?.kappa).toBeCloseTo(row.kappa, 12);
    expect(found?.agree).toBe(labels.filter(([a, b]) => a === b).length / n);
  });

  test('does not exist without pairs, or where both say one thing always', () => {
    expect(cohenKappa([])).toBeNull();
    expect(
      cohenKappa([
        ['none', 'none'],
        ['none', 'none'],
      ]),
    ).toEqual({ n: 2, agree: 1, kappa: null });
    expect(
      cohenKappa([
        ['chosen', 'none'],
        ['none', 'chosen'],
      ]),
    ).toEqual({ n: 2, agree: 0, kappa: -1 });
  });
});

test('Wilson intervals as scipy.stats.binomtest(k, n).proportion_ci(method="wilson") gives them', () => {
  const of = (k: number, n: number) => Object.values(wilson(k, n)).map((value) => value.toFixed(6));
  expect(of(7, 10)).toEqual(['0.396778', '0.892209']);
  expect(of(0, 12)).toEqual(['0.000000', '0.242494']);
  expect(of(95, 120)).toEqual(['0.710523', '0.854716']);
});

test('agreement with D counts labels for a side; rejected pairs stand apart', () => {
  expect(preferredByD(makePair('p'))).toBe('chosen');
  const manual = makePair('p');
  expect(preferredByD({ ...manual, chosen: manual.rejected, rejected: manual.chosen })).toBe('rejected');
  expect(preferredByD({ ...manual, chosen: { ...manual.chosen, r: null } })).toBeNull();
  const found = agreementWithD([
    ['chosen', 'chosen'],
    ['chosen', 'chosen'],
    ['rejected', 'chosen'],
    ['none', 'chosen'],
    ['chosen', null],
  ]);
  expect(found).toMatchObject({ n: 3, agree: 2, share: 2 / 3, none: 1 });
  expect(agreementWithD([])).toEqual({ n: 0, agree: 0, share: null, interval: null, none: 0 });
});

test('pace: labels a minute of the last ten minutes, and the median time on screen', () => {
  const minute = 60_000;
  const now = 100 * minute;
  const at = (ago: number, ms: number | null) => ({ at: now - ago * minute, ms });
  expect(paceOf([], now)).toEqual({ perMinute: null, medianSeconds: null });
  // The first was shown at 4 minutes ago; what lies further back does not slow the pace down.
  expect(paceOf([at(60, 9000), at(3, minute), at(2, 2000), at(1, 1000)], now)).toEqual({
    perMinute: 3 / 4,
    medianSeconds: 5.5,
  });
  expect(paceOf([at(9, null), at(8, null)], now).perMinute).toBeCloseTo(2 / 9);
  expect(paceOf([at(12, 1000)], now).perMinute).toBeNull();
});
