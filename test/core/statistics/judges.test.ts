import { describe, expect, it } from 'vitest';
import { Grams, standardised, tfidf } from '../../../src/core/metrics/bag.ts';
import { bootstrap, bootstrapCounts, bootstrapSums, generator } from '../../../src/core/metrics/bootstrap.ts';
import * as judge from '../../../src/core/metrics/classification.ts';
import { fitLogistic, logOdds } from '../../../src/core/metrics/logistic.ts';
import { cosineDistances, nearest } from '../../../src/core/metrics/neighbours.ts';
import { tsne } from '../../../src/core/metrics/tsne.ts';
import { near, reference } from './reference.ts';

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

  it('draws the same whatever was drawn before, few or more than are kept', () => {
    const values = Float64Array.from({ length: 900 }, (_, at) => (at * 37) % 101);
    const check = (seed: number, draws: number) => {
      const [summed] = bootstrapSums(values, 1, ([sum = 0]) => [sum], { draws, seed });
      const listed = bootstrap(Array.from(values), (drawn) => drawn.reduce((sum, value) => sum + value, 0), {
        draws,
        seed,
      });
      expect(summed).toEqual(listed);
    };
    for (const [seed, draws] of [
      [1, 300],
      [1, 100],
      [2, 100],
      [2, 200],
      [1, 300],
      [1, 5000],
    ] as const)
      check(seed, draws);
  });

  it('adds up each of any number of columns', () => {
    const options = { draws: 50, seed: 3 };
    for (const columns of [1, 3, 4, 5, 9]) {
      const table = Float64Array.from({ length: 30 * columns }, (_, at) => (at * 7) % 13);
      const found = bootstrapSums(table, columns, (sums) => Array.from(sums), options);
      const each = Array.from({ length: columns }, (_, column) =>
        bootstrap(
          Array.from({ length: 30 }, (__, row) => table[row * columns + column] as number),
          (drawn) => drawn.reduce((sum, value) => sum + value, 0),
          options,
        ),
      );
      expect(found).toEqual(each);
    }
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
