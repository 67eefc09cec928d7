import { expect, test } from 'vitest';
import { calibrationExhibits } from '../../../src/core/evaluate/judges/calibration.ts';
import { discriminatorExhibits } from '../../../src/core/evaluate/judges/discriminators.ts';
import { trialOf } from '../../../src/core/evaluate/judges/verdicts.ts';
import type { Source } from '../../../src/core/evaluate/source.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { generator } from '../../../src/core/metrics/bootstrap.ts';
import type { Session } from '../../../src/core/session/schema.ts';
import { makeSession } from '../../fixtures/make.ts';

const DRAWS = { draws: 100, seed: 1 };

/** A session with a user turn for each z. */
function scored(id: string, z: readonly number[], more: Partial<Session> = {}): Session {
  const texts = z.flatMap((_, at) => (at === 0 ? ['hi'] : ['Go on.', 'well']));
  return makeSession(id, texts, {
    scores: { d0: { z: [...z], logit_p0: 0, template: 'abcdef0123', engine: 'e' } },
    ...more,
  });
}
const of = (id: string) => ({ meta: { context_of: id } });

const real: Source = {
  ...{ name: 'real', kind: 'real', corpus: 'people', paper: 'Real Users' },
  sessions: [scored('a', [1, 1, -1, 1, 2]), scored('b', [-1]), scored('alone', [-5])],
};
const it0: Source = {
  ...{ name: 'it0', kind: 'simulated', corpus: 'c0', paper: 'UserSim-160K-base' },
  sessions: [
    ...[scored('a1', [-1, -1], of('a')), scored('a2', [-1], of('a'))],
    ...[scored('b1', [1], of('b')), scored('b2', [-2], of('b'))],
    makeSession('b3', ['no scores'], of('b')),
  ],
};

function table(exhibits: readonly Exhibit[], id: string) {
  const found = exhibits.find((exhibit) => exhibit.id === id);
  if (found?.type !== 'table') throw new Error(`no table ${id}`);
  return found;
}

test('Table 2 over the sessions that have a turn, both sides weighing alike as a whole', () => {
  const exhibits = discriminatorExhibits([{ name: 'd0', own: 'it0' }], real, [it0], DRAWS);
  const { rows, notes } = table(exhibits, 'discriminator-performance');
  const value = (key: string) => (rows[0]?.cells[key] as Estimate | undefined)?.value;
  // the real session without a simulated one of its context is out; 2 real against 4 simulated that weigh half
  expect(value('t1_accuracy')).toBeCloseTo((1 + 3 * 0.5) / 4, 12);
  expect(value('t1_f1')).toBeCloseTo((2 * 1) / (2 * 1 + 0.5 + 1), 12);
  expect(value('t1_mcc')).toBeCloseTo((1 * 1.5 - 0.5 * 1) / Math.sqrt(1.5 * 2 * 2 * 2.5), 12);
  expect(value('t1_share')).toBeCloseTo(0.5, 12);
  // at turn 5 only one real session is left, which always saying "real" gets right
  expect([value('t5_accuracy'), value('t5_share')]).toEqual([1, 1]);
  expect(rows[0]?.cells['t10_accuracy']).toEqual({ value: null, low: null, high: null, n: 0 });
  expect(value('last_accuracy')).toBeCloseTo((1 + 3 * 0.5) / 4, 12);
  expect(value('all_accuracy')).toBeCloseTo((4 + 4 * 0.5) / (6 + 5 * 0.5), 12);
  expect(rows[0]?.reported).toMatchObject({ t1_accuracy: 0.62, t1_f1: 0.801, all_mcc: 0.754 });
  expect(notes.join(' ')).toContain('1 sessions of real and it0 have no scores by d0');
  const called = table(exhibits, 'called-real').rows[0]?.cells;
  expect(called?.['real']).toMatchObject({ value: 4 / 6, n: 6 });
  expect(called?.['it0']).toMatchObject({ value: 1 / 5, n: 5 });
});

test('the grid has a row a discriminator and a column a simulator; what was never scored has no row', () => {
  const it1: Source = { ...it0, name: 'it1', corpus: 'c1' };
  const scorers = [
    { name: 'd0', own: 'it0' },
    { name: 'd1', own: 'it1' },
  ];
  const grid = table(discriminatorExhibits(scorers, real, [it0, it1], DRAWS), 'discriminator-grid');
  expect(grid.columns.map(({ key }) => key)).toEqual(['it0', 'it1']);
  expect(grid.rows.map(({ key }) => key)).toEqual(['d0']);
  expect(grid.rows[0]?.cells['it0']).toEqual(grid.rows[0]?.cells['it1']);
  expect(grid.rows[0]?.behind.map(({ corpus }) => corpus)).toEqual(['people', 'c0', 'c1']);
});

test('sessions that were scored by two engines are said to be', () => {
  const other = it0.sessions.map((session, at) => {
    const scores = session.scores?.['d0'];
    return at === 0 && scores ? { ...session, scores: { d0: { ...scores, engine: 'another' } } } : session;
  });
  const exhibits = discriminatorExhibits([{ name: 'd0', own: null }], real, [{ ...it0, sessions: other }], DRAWS);
  expect(table(exhibits, 'discriminator-performance').notes.join(' ')).toContain('not comparable');
  expect(table(exhibits, 'discriminator-performance').rows[0]?.reported).toBeNull();
});

/** Sessions whose z, divided by `temperature`, are honest log-odds. */
function honest(temperature: number): [Source, Source] {
  const random = generator(5);
  const sides: [Session[], Session[]] = [[], []];
  for (let at = 0; at < 600; at += 1) {
    const z = 4 * (random() + random() - 1);
    // both sides are drawn alike, so that P(real | z) = sigmoid(z)
    const isReal = random() < 1 / (1 + Math.exp(-z));
    sides[isReal ? 0 : 1].push(scored(`${isReal ? 'r' : 's'}${at}`, [z * temperature]));
  }
  return [
    { ...real, sessions: sides[0] },
    { ...it0, sessions: sides[1] },
  ];
}

test('an overconfident judge has a temperature above 1, and the temperature of the other half mends it', () => {
  const [people, simulated] = honest(3);
  const exhibits = calibrationExhibits([{ name: 'd0', own: 'it0' }], people, [simulated], DRAWS);
  const cells = table(exhibits, 'calibration').rows[0]?.cells as Record<string, Estimate>;
  expect(cells['temperature']?.value).toBeGreaterThan(2.4);
  expect(cells['temperature']?.value).toBeLessThan(3.7);
  expect(cells['temperature']?.low).toBeGreaterThan(1);
  expect(cells['ece']?.value).toBeGreaterThan(0.08);
  expect(cells['ece_after']?.value).toBeLessThan((cells['ece']?.value as number) / 2);
  expect(cells['nll_after']?.value).toBeLessThan(cells['nll']?.value as number);
});

test('a calibrated judge lies on the diagonal of its reliability figure', () => {
  const [people, simulated] = honest(1);
  const exhibits = calibrationExhibits([{ name: 'd0', own: 'it0' }], people, [simulated], DRAWS);
  const figure = exhibits.find(({ id }) => id === 'reliability-d0');
  if (figure?.type !== 'figure') throw new Error('no figure');
  const points = figure.series[0]?.points ?? [];
  expect(points.length).toBeGreaterThan(6);
  const inside = points.filter(({ x, low, high }) => Number(x) >= (low ?? 1) && Number(x) <= (high ?? 0));
  expect(inside.length).toBeGreaterThanOrEqual(points.length - 2);
});

test('without both sides there is nothing to judge', () => {
  const trial = trialOf({ name: 'd0', own: null }, { ...real, sessions: [] }, it0);
  expect(trial.missing).toBe(1);
  const nobody = { ...real, sessions: [] };
  expect(
    table(discriminatorExhibits([{ name: 'd0', own: null }], nobody, [it0], DRAWS), 'discriminator-grid').rows,
  ).toEqual([]);
  expect(table(calibrationExhibits([{ name: 'd0', own: null }], nobody, [it0], DRAWS), 'calibration').rows).toEqual([]);
});
