import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  kendall,
  leaveOneOut,
  pearson,
  pearsonInterval,
  pearsonP,
  spearman,
} from '../../../src/core/metrics/correlation.ts';
import { binaryCrossEntropy, klDivergence, leastCrossEntropy } from '../../../src/core/metrics/divergence.ts';
import { clopperPearson, wilson } from '../../../src/core/metrics/proportion.ts';
import { normalQuantile, normalTail, studentTwoTailed } from '../../../src/core/metrics/special.ts';
import {
  type Count,
  clustering,
  powerOfSessions,
  powerOfZ,
  sessionsNeeded,
  twoProportionZ,
  unitsNeeded,
} from '../../../src/core/metrics/tests.ts';
import { near, reference } from './reference.ts';

describe('distributions against scipy', () => {
  it('tails of the normal and of Student', () => {
    for (const [z, p] of reference.tails.normal) expect(Math.abs(normalTail(z) / p - 1)).toBeLessThan(1e-11);
    for (const [p, z] of reference.tails.quantile) near(normalQuantile(p), z);
    for (const [t, df, p] of reference.tails.student)
      expect(Math.abs(studentTwoTailed(t, df) / p - 1)).toBeLessThan(1e-9);
  });
});

describe('correlation', () => {
  it('is what scipy gives, with its p, with and without ties', () => {
    expect(reference.correlations.length).toBeGreaterThan(30);
    for (const { x, y, ...each } of reference.correlations) {
      for (const [name, of] of Object.entries({ pearson, spearman, kendall })) {
        const { value, p, n } = of(x, y);
        const [expected, p_] = each[name as keyof typeof each] as [number, number];
        expect(n).toBe(x.length);
        near(value, expected, 1e-9);
        near(p, p_, 1e-6);
      }
    }
  });

  it("gives Table 3's p from its r and n = 14", () => {
    const table3 = [
      ...[
        [0.484, 0.079, 3],
        [0.564, 0.036, 3],
        [0.629, 0.016, 3],
        [0.528, 0.052, 3],
        [0.685, 0.007, 3],
      ],
      ...[
        [0.818, 0.0003, 4],
        [0.781, 0.001, 3],
        [0.801, 0.0006, 4],
      ],
    ] as const;
    for (const [r, p, digits] of table3) {
      // its r is rounded to three digits, so that p may be any that such an r has
      const [high, low] = [pearsonP(r - 0.0005, 14) as number, pearsonP(r + 0.0005, 14) as number];
      expect(low).toBeLessThanOrEqual(p + 0.5 * 10 ** -digits);
      expect(high).toBeGreaterThanOrEqual(p - 0.5 * 10 ** -digits);
    }
  });

  it('does not exist without variance, and has no p at two points', () => {
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toEqual({ value: null, p: null, n: 3 });
    expect(kendall([1, 1], [1, 2]).value).toBeNull();
    expect(pearson([1, 2], [5, 9])).toEqual({ value: 1, p: null, n: 2 });
    expect(pearson([], []).value).toBeNull();
    expect(pearsonInterval([1, 1], [1, 2], { draws: 10, seed: 1 })).toBeNull();
    expect(() => pearson([1], [1, 2])).toThrow(RangeError);
  });

  it('has a seeded interval around it, and a range of r without each point', () => {
    const [x, y] = [
      [1, 2, 3, 4, 5, 6],
      [1, 3, 2, 5, 4, 20],
    ];
    const one = pearsonInterval(x, y, { draws: 500, seed: 3 });
    expect(one).toEqual(pearsonInterval(x, y, { draws: 500, seed: 3 }));
    expect(one?.value).toBe(pearson(x, y).value);
    expect(one?.low).toBeLessThan(one?.value as number);
    expect(one?.high).toBeGreaterThan(one?.value as number);
    const without = x.map(
      (_, left) =>
        pearson(
          x.filter((_, at) => at !== left),
          y.filter((_, at) => at !== left),
        ).value,
    );
    expect(leaveOneOut(x, y)).toEqual({
      low: Math.min(...(without as number[])),
      high: Math.max(...(without as number[])),
    });
    expect(leaveOneOut([1, 2, 3], [1, 2, 3])).toBeNull();
  });

  it('does not change when sides are swapped, scaled or shifted', () => {
    const value = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 3, maxLength: 40 }), (points) => {
        const [x, y] = [points.map(([a]) => a), points.map(([, b]) => b)];
        for (const of of [pearson, spearman, kendall]) {
          const [one, other] = [
            of(x, y),
            of(
              y.map((v) => 3 * v + 7),
              x,
            ),
          ];
          if (one.value === null) expect(other.value).toBeNull();
          else {
            near(other.value, one.value, 1e-9);
            near(other.p, one.p as number, 1e-6);
          }
        }
      }),
    );
  });
});

describe('divergence', () => {
  it('KL is what scipy gives', () => {
    for (const { p, q, smoothing, kl } of reference.divergences) near(klDivergence(p, q, smoothing), kl);
  });

  it('KL is infinite without smoothing where a category is missing, and null of nothing', () => {
    expect(klDivergence([1, 1], [2, 0], 0)).toBe(Number.POSITIVE_INFINITY);
    expect(klDivergence([1, 0], [1, 1], 0)).toBeCloseTo(Math.LN2);
    expect(klDivergence([0, 0], [1, 1], 0)).toBeNull();
    expect(() => klDivergence([1], [1, 2], 0.5)).toThrow(RangeError);
    expect(() => klDivergence([-1, 2], [1, 2], 0)).toThrow(RangeError);
  });

  it("BCE is the mean of scikit-learn's log losses, and least at the real rates themselves", () => {
    for (const { p, q, bce, least } of reference.cross_entropies) {
      near(binaryCrossEntropy(p, q), bce, 1e-7);
      near(leastCrossEntropy(p), least);
      expect(bce).toBeGreaterThanOrEqual(least);
    }
    expect(binaryCrossEntropy([0.5], [0])).toBeCloseTo(-0.5 * Math.log(1e-6), 4);
    expect(leastCrossEntropy([0, 1])).toBeCloseTo(0, 12);
    expect(binaryCrossEntropy([], [])).toBeNull();
  });
});

describe('proportions', () => {
  it('pooled z is the chi-square test of scipy; exact and Wilson intervals are its own', () => {
    for (const { k, n, j, m, chi2, exact, wilson: expected } of reference.proportions) {
      const { z, p } = twoProportionZ({ k, n }, { k: j, n: m });
      if (chi2 === null) expect(z).toBeNull();
      else {
        near((z as number) ** 2, chi2[0]);
        near(p, chi2[1], 1e-6);
        expect(Math.sign(z as number)).toBe(Math.sign(j / m - k / n));
      }
      const [ours, score] = [clopperPearson(k, n), wilson(k, n)];
      for (const side of [0, 1] as const) {
        near(side === 0 ? ours.low : ours.high, exact[side]);
        near(side === 0 ? score.low : score.high, expected[side]);
      }
    }
  });

  it("its z explains Table 5: one number of messages an arm gives each model's z from its two rates", () => {
    const table5 = [
      [0.0265, 0.0325, 2.83],
      [0.0242, 0.0287, 2.23],
      [0.0178, 0.0213, 2.02],
    ] as const;
    for (const [control, treatment, z] of table5) {
      const [a, b] = [control, treatment].map((rate) => ({ k: rate * 12_700, n: 12_700 })) as [Count, Count];
      expect(twoProportionZ(a, b).z).toBeCloseTo(z, 1);
    }
  });

  it('power is what scipy gives, and the units it asks for have it', () => {
    for (const { a, b, n, power } of reference.powers) near(powerOfZ(a, b, n, { alpha: 0.05 }), power);
    for (const [a, b] of [
      [0.0265, 0.0325],
      [0.1, 0.3],
    ] as const) {
      const n = unitsNeeded(a, b, { alpha: 0.05, power: 0.8 }) as number;
      expect(powerOfZ(a, b, n, { alpha: 0.05 })).toBeGreaterThanOrEqual(0.8);
      expect(powerOfZ(a, b, n - 2, { alpha: 0.05 })).toBeLessThan(0.8);
    }
    expect(unitsNeeded(0.2, 0.2, { alpha: 0.05, power: 0.8 })).toBeNull();
  });

  it('more sessions are needed where messages of one session are alike', () => {
    const alone = clustering(Array.from({ length: 100 }, (_, at) => ({ k: at % 4 === 0 ? 1 : 0, n: 1 })));
    expect(alone.designEffect).toBeCloseTo(100 / 99);
    const alike = clustering(Array.from({ length: 100 }, (_, at) => ({ k: at % 4 === 0 ? 5 : 0, n: 5 })));
    expect(alike).toEqual({ perSession: 5, designEffect: expect.closeTo((5 * 100) / 99) });
    const options = { alpha: 0.05, power: 0.8 };
    const sessions = sessionsNeeded(0.1, 0.2, { ...options, ...alike }) as number;
    expect(sessions).toBe(Math.ceil(((unitsNeeded(0.1, 0.2, options) as number) * alike.designEffect) / 5));
    expect(powerOfSessions(0.1, 0.2, sessions, { alpha: 0.05, ...alike })).toBeCloseTo(0.8, 2);
    expect(
      clustering([
        { k: 0, n: 3 },
        { k: 0, n: 4 },
      ]).designEffect,
    ).toBe(1);
  });
});
