import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grams, standardised, tfidf } from '../../src/core/metrics/bag.ts';
import { bootstrap, bootstrapCounts, bootstrapSums, generator } from '../../src/core/metrics/bootstrap.ts';
import * as judge from '../../src/core/metrics/classification.ts';
import {
  kendall,
  leaveOneOut,
  pearson,
  pearsonInterval,
  pearsonP,
  spearman,
} from '../../src/core/metrics/correlation.ts';
import { binaryCrossEntropy, klDivergence, leastCrossEntropy } from '../../src/core/metrics/divergence.ts';
import { fitLogistic, logOdds } from '../../src/core/metrics/logistic.ts';
import { cosineDistances, nearest } from '../../src/core/metrics/neighbours.ts';
import { clopperPearson, wilson } from '../../src/core/metrics/proportion.ts';
import { normalQuantile, normalTail, studentTwoTailed } from '../../src/core/metrics/special.ts';
import {
  type Count,
  clustering,
  powerOfSessions,
  powerOfZ,
  sessionsNeeded,
  twoProportionZ,
  unitsNeeded,
} from '../../src/core/metrics/tests.ts';
import { tsne } from '../../src/core/metrics/tsne.ts';

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
const reference: Reference = JSON.parse(readFileSync(new URL('../fixtures/statistics.json', import.meta.url), 'utf8'));

/** Relative, since a p of 1e-20 that is 10% off is wrong though it is close. */
function near(actual: number | null, expected: number, tolerance = 1e-9): void {
  expect(Math.abs((actual ?? Number.NaN) - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected) + 1e-14);
}

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

describe('a judge', () => {
  it('has the figures that scikit-learn gives', () => {
    for (const { z, real, ...expected } of reference.judges) {
      const verdicts = z.map((value, at) => ({ z: value, real: real[at] as boolean }));
      const counts = judge.confusion(verdicts);
      near(judge.accuracy(counts), expected.accuracy);
      near(judge.f1(counts), expected.f1);
      near(judge.mcc(counts), expected.mcc);
      near(judge.auc(verdicts), expected.auc);
      near(judge.calibrationError(verdicts, 10), expected.ece);
      near(judge.negativeLogLikelihood(verdicts), expected.nll, 1e-7);
      // two optimisers at a flat minimum: the loss agrees to the last digit, its place to fewer
      near(judge.fitTemperature(verdicts), expected.temperature, 1e-4);
    }
  });

  it('at the ends of the scale', () => {
    expect(judge.fitTemperature([])).toBeNull();
    expect(
      judge.fitTemperature([
        { z: 1, real: true },
        { z: -1, real: false },
      ]),
    ).toBeCloseTo(0.01);
    expect(
      judge.fitTemperature([
        { z: -1, real: true },
        { z: 1, real: false },
      ]),
    ).toBeCloseTo(100);
    expect(judge.auc([{ z: 1, real: true }])).toBeNull();
    expect(judge.mcc(judge.confusion([{ z: 1, real: true }]))).toBe(0);
    const both = [
      { z: 800, real: true },
      { z: -800, real: true },
    ];
    expect(judge.reliability(both, 5)).toEqual([
      { bin: 0, p: 0, real: 1, n: 1 },
      { bin: 4, p: 1, real: 1, n: 1 },
    ]);
  });

  it('counts a verdict of weight 3 as three', () => {
    const some = [0.4, -1.2, 2, -0.3, 1.1, -2].map((z, at) => ({ z, real: at % 3 > 0, weight: 1 + (at % 3) }));
    const many = some.flatMap(({ z, real, weight }) => Array.from({ length: weight }, () => ({ z, real })));
    expect(judge.confusion(some)).toEqual(judge.confusion(many));
    near(judge.fitTemperature(some), judge.fitTemperature(many) as number);
    near(judge.negativeLogLikelihood(some), judge.negativeLogLikelihood(many));
    near(judge.calibrationError(some, 10), judge.calibrationError(many, 10));
  });
});

describe('a bag of words', () => {
  const { texts, labels, fitted, features, fits } = reference.bags;
  const grams = new Grams();
  const bags = texts.map((text) => grams.bag([text]));
  const matrix = tfidf(bags, bags.slice(0, fitted), 2);

  it('judges unseen texts as scikit-learn does', () => {
    expect(matrix.features).toBe(features);
    for (const { c, z, norm, intercept } of fits) {
      const options = { features, c, tolerance: 1e-9 };
      const model = fitLogistic(matrix.rows.slice(0, fitted), labels.slice(0, fitted), options);
      expect(Math.hypot(...model.weights)).toBeCloseTo(norm, 5);
      expect(model.intercept).toBeCloseTo(intercept, 5);
      matrix.rows.slice(fitted).forEach((row, at) => {
        expect(logOdds(model, row)).toBeCloseTo(z[at] as number, 5);
      });
    }
  });

  it('has no 2-gram over the border of two texts, and needs both classes', () => {
    expect(grams.bag(['w1 w2']).size).toBe(3);
    expect(grams.bag(['w1', 'w2']).size).toBe(2);
    expect(() => fitLogistic(matrix.rows.slice(0, 2), [true, true], { features, c: 1 })).toThrow(RangeError);
  });

  it('standardises by the fitted rows, and leaves a constant column out', () => {
    const { rows } = standardised(
      [
        [1, 5],
        [3, 5],
        [9, 6],
      ],
      [
        [1, 5],
        [3, 5],
      ],
    );
    expect(rows.map(({ value }) => [...(value as Float64Array)])).toEqual([
      [-1, 0],
      [1, 0],
      [7, 0],
    ]);
  });
});

describe('the resampler', () => {
  it('gives the same interval by lists and by counts', () => {
    const values = Array.from({ length: 40 }, (_, at) => (at * 37) % 11);
    const options = { draws: 300, seed: 4 };
    const listed = bootstrap(values, (drawn) => drawn.reduce((sum, value) => sum + value, 0) / drawn.length, options);
    const [counted] = bootstrapCounts(
      values.length,
      (counts) => [values.reduce((sum, value, at) => sum + value * (counts[at] as number), 0) / values.length],
      options,
    );
    for (const key of ['value', 'low', 'high'] as const) expect(counted?.[key]).toBeCloseTo(listed[key], 12);
    expect(() => bootstrapCounts(0, () => [0], options)).toThrow(RangeError);
  });

  it('of thousands of clusters, drawn in groups, gives as wide an interval, by sums as by counts', () => {
    const random = generator(8);
    const values = Float64Array.from({ length: 5000 }, () => random());
    const options = { draws: 1000, seed: 2 };
    const [summed] = bootstrapSums(values, 1, ([sum = 0]) => [sum / 5000], options);
    const [counted] = bootstrapCounts(
      5000,
      (counts) => [counts.reduce((sum, count, at) => sum + count * (values[at] as number), 0) / 5000],
      options,
    );
    const width = 2 * 1.96 * Math.sqrt(1 / 12 / 5000);
    expect((summed?.high as number) - (summed?.low as number)).toBeGreaterThan(0.9 * width);
    expect((summed?.high as number) - (summed?.low as number)).toBeLessThan(1.1 * width);
    for (const key of ['value', 'low', 'high'] as const)
      expect(counted?.[key]).toBeCloseTo(summed?.[key] as number, 10);
  });

  it('covers a mean in about 95 of 100 samples', () => {
    const random = generator(11);
    let covered = 0;
    for (let sample = 0; sample < 200; sample += 1) {
      const values = Array.from({ length: 50 }, () => random() - 0.5);
      const { low, high } = bootstrap(values, (drawn) => drawn.reduce((a, b) => a + b, 0) / drawn.length, {
        draws: 200,
        seed: sample,
      });
      if (low <= 0 && high >= 0) covered += 1;
    }
    expect(covered).toBeGreaterThan(175);
    expect(covered).toBeLessThan(199);
  });
});

describe('neighbours', () => {
  it('the nearest other row by its direction', () => {
    const rows = [
      [1, 0],
      [0.1, 3],
      [5, 1],
      [0, 2],
    ].map((vector) => ({ at: [0, 1], value: vector }));
    expect(nearest(cosineDistances(rows), 4)).toEqual([2, 3, 0, 1]);
    expect(nearest(cosineDistances(rows.slice(0, 1)), 1)).toEqual([]);
    expect(
      cosineDistances([
        { at: [0], value: [0] },
        { at: [0], value: [4] },
      ]),
    ).toEqual(Float64Array.of(0, 2, 2, 0));
  });

  it('a t-SNE map keeps as much as scikit-learn of five seeds does', () => {
    const { x, perplexity, kl } = reference.maps;
    const squared = x.flatMap((a) =>
      x.map((b) => a.reduce((sum, value, at) => sum + (value - (b[at] as number)) ** 2, 0)),
    );
    const run = tsne(Float64Array.from(squared), x.length, { perplexity, steps: 1000, seed: 3 });
    let step = run.next();
    while (!step.done) step = run.next();
    expect(step.value.kl).toBeLessThan(1.05 * Math.max(...kl));
    expect(step.value.kl).toBeGreaterThan(0.9 * Math.min(...kl));
    // each of the four clusters of 20 stays together
    const near = step.value.points.map(([a, b]) =>
      step.value.points
        .map(([c, d], at) => ({ at, distance: (a - c) ** 2 + (b - d) ** 2 }))
        .sort((one, other) => one.distance - other.distance)
        .slice(1, 6),
    );
    const same = near.flatMap((list, at) => list.map((other) => Math.floor(at / 20) === Math.floor(other.at / 20)));
    expect(same.filter(Boolean).length / same.length).toBeGreaterThan(0.95);
    expect(() => tsne(new Float64Array(9), 3, { perplexity: 1, steps: 1, seed: 1 }).next()).toThrow(RangeError);
  });
});
