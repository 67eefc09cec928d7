import { expect, test } from 'vitest';
import { type AbTest, abExhibit, powerExhibit } from '../../../src/core/evaluate/prediction/ab.ts';
import { AGGREGATE, type Measured } from '../../../src/core/evaluate/prediction/compared.ts';
import type { RatedSource } from '../../../src/core/evaluate/prediction/rates.ts';
import { validityExhibits } from '../../../src/core/evaluate/prediction/validity.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { pearson } from '../../../src/core/metrics/correlation.ts';

const DRAWS = { draws: 200, seed: 1 };
const ISSUES: Measured = { id: 'issues', title: 'issue rate', format: 'rate', notes: ['by rules'] };

/** Chatbots a, b, ... with the given issues among 100 messages in 10 sessions each. */
function rated(name: string, issues: readonly number[], paper: string | null = null): RatedSource {
  return {
    ...{ name, paper },
    chatbots: issues.map((k, at) => ({
      chatbot: 'abcdefgh'[at] ?? '?',
      sessions: Array.from({ length: 10 }, (_, one) => ({
        context: `c${one}`,
        k: Math.floor(k / 10) + (one < k % 10 ? 1 : 0),
        n: 10,
      })),
      behind: [{ corpus: name, sessions: [`${name}.${at}`] }],
    })),
  };
}

function table(exhibits: readonly Exhibit[], id: string) {
  const found = exhibits.find((exhibit) => exhibit.id === id);
  if (found?.type !== 'table') throw new Error(`no table ${id}`);
  return found;
}

const REAL = [5, 10, 20, 30, 42];
const [FIRST, SECOND] = [
  [10, 8, 25, 30, 41],
  [2, 14, 11, 38, 33],
];

test('r over chatbots for each simulator and for their mean', () => {
  const exhibits = validityExhibits(
    ISSUES,
    rated('real', REAL, 'Real Users'),
    [rated('it0', FIRST, 'UserSim-160K-base'), rated('it1', SECOND)],
    DRAWS,
  );
  const { rows, notes } = table(exhibits, 'validity-issues');
  expect(rows.map(({ key }) => key)).toEqual(['it0', 'it1', AGGREGATE]);
  const mean = FIRST.map((value, at) => (value + (SECOND[at] as number)) / 2);
  for (const [at, rates] of [FIRST, SECOND, mean].entries()) {
    const { value, p } = pearson(REAL, rates);
    const { r, r_sessions, p: shown } = (rows[at]?.cells ?? {}) as Record<string, Estimate>;
    expect(r?.value).toBeCloseTo(value as number, 10);
    expect(r_sessions?.value).toBeCloseTo(value as number, 10);
    expect(r_sessions?.low).toBeLessThan(value as number);
    expect(shown).toBeCloseTo(p as number, 10);
  }
  expect((rows[0]?.cells['error'] as Estimate | undefined)?.value).toBeCloseTo((5 + 2 + 5 + 0 + 1) / 500, 12);
  expect(rows[0]?.reported).toEqual({ r: 0.528, p: 0.052 });
  expect(rows[2]?.reported).toEqual({ r: 0.801, p: 0.0006 });
  expect(notes).toContain('n = 5 chatbots: p < 0.05 needs |r| > 0.88.');
  expect(rows[1]?.behind.map(({ corpus }) => corpus)).toEqual([...Array(5).fill('real'), ...Array(5).fill('it1')]);
});

test('chatbots are ranked, points have error bars both ways, and only common chatbots count', () => {
  const real = rated('real', REAL);
  const exhibits = validityExhibits(ISSUES, real, [rated('it0', FIRST.slice(0, 4))], DRAWS);
  const ranking = table(exhibits, 'ranking-issues');
  expect(ranking.rows.map(({ key }) => key)).toEqual(['d', 'c', 'b', 'a']);
  expect(ranking.rows.map(({ cells }) => cells['it0 rank'])).toEqual([1, 2, 4, 3]);
  expect(ranking.notes).toContain('1 chatbots that not all sides have met are left out.');
  const figure = exhibits.find(({ id }) => id === 'validity-scatter-issues');
  if (figure?.type !== 'figure') throw new Error('no figure');
  expect(figure.series.map(({ name }) => name)).toEqual(['it0']);
  const [point] = figure.series[0]?.points ?? [];
  expect(point).toMatchObject({ x: 0.05, y: 0.1, label: 'a' });
  expect(point?.x_low).toBeLessThanOrEqual(0.05);
  expect(point?.high).toBeGreaterThanOrEqual(0.1);
  expect(exhibits.some(({ id }) => id === 'ensembles-issues')).toBe(false);
});

test('two chatbots have no correlation to test, and one none at all', () => {
  const few = validityExhibits(ISSUES, rated('real', [1, 50]), [rated('it0', [2, 30])], DRAWS);
  const cells = table(few, 'validity-issues').rows[0]?.cells ?? {};
  expect(cells['p']).toBeNull();
  expect(table(few, 'validity-issues').notes).toContain('n = 2 chatbots: no correlation can be tested.');
  const none = validityExhibits(ISSUES, rated('real', [1]), [rated('it0', [2])], DRAWS);
  expect((table(none, 'validity-issues').rows[0]?.cells['r'] as Estimate | undefined)?.value).toBeNull();
  const apart = validityExhibits(ISSUES, rated('real', []), [rated('it0', [2])], DRAWS);
  expect(table(apart, 'validity-issues').rows[0]?.cells['n']).toBe(0);
});

test('ensembles: r of all sets of so many simulators, and how far these disagree', () => {
  const exhibits = validityExhibits(
    ISSUES,
    rated('real', REAL),
    [rated('a', FIRST), rated('b', SECOND), rated('c', REAL)],
    DRAWS,
  );
  const { rows } = table(exhibits, 'ensembles-issues');
  expect(rows.map(({ key, cells }) => [key, cells['sets']])).toEqual([
    ['1', 3],
    ['2', 3],
    ['3', 1],
  ]);
  const each = [FIRST, SECOND, REAL].map((y) => pearson(REAL, y).value as number);
  expect((rows[0]?.cells['r'] as Estimate | undefined)?.value).toBeCloseTo(each.reduce((sum, r) => sum + r, 0) / 3, 10);
  expect(rows[0]?.cells['highest']).toBeCloseTo(1, 10);
  expect(rows[0]?.cells['lowest']).toBeCloseTo(Math.min(...each), 10);
  expect(rows[2]?.cells['sd']).toBeNull();
});

const arms = (control: number, treatment: number, n = 1000) => ({
  control: Array.from({ length: n }, (_, at) => ({ context: `c${at}`, k: at < control ? 1 : 0, n: 1 })),
  treatment: Array.from({ length: n }, (_, at) => ({ context: `t${at}`, k: at < treatment ? 1 : 0, n: 1 })),
  behind: [{ corpus: 'ab', sessions: null }],
});

test('A/B: z and p of both sides, whether they point the same way, and the power that the simulated one had', () => {
  const tests: AbTest[] = [
    { name: 'A', simulated: arms(100, 150), real: arms(100, 160), paper: 'Model A (Qwen-based)' },
    { name: 'B', simulated: arms(100, 150), real: arms(100, 95) },
    { name: 'C', simulated: arms(100, 105), real: null },
  ];
  const exhibit = abExhibit('A/B tests', tests, { ...DRAWS, alpha: 0.05, power: 0.8 });
  if (exhibit.type !== 'table') throw new Error('no table');
  const [a, b, c] = exhibit.rows.map(({ cells }) => cells);
  // 0.05 over sqrt(0.125 x 0.875 x 2 / 1000)
  expect(a?.['sim_z']).toBeCloseTo(3.3806, 4);
  expect(a?.['sim_p']).toBeCloseTo(0.00072333, 6);
  expect((a?.['sim_difference'] as Estimate | undefined)?.value).toBeCloseTo(0.05, 12);
  expect((a?.['sim_difference'] as Estimate | undefined)?.low).toBeGreaterThan(0);
  expect([a?.['agree'], b?.['agree'], c?.['agree']]).toEqual(['agrees', 'differs, not significant in both', null]);
  expect(a?.['power'] as number).toBeGreaterThan(0.95);
  expect(b?.['power'] as number).toBeLessThan(0.15);
  expect(b?.['needed'] as number).toBeGreaterThan(20_000);
  expect(exhibit.rows[0]?.reported?.['sim_z']).toBe(2.83);
  expect(exhibit.notes.join(' ')).toContain('agree in 1 of 2 tests (exact 95%: 1 to 99%)');
});

test('power: fewer sessions for larger rises, and nothing without a rate', () => {
  const exhibit = powerExhibit('the issue rate', arms(100, 0).control, 0.05, []);
  if (exhibit.type !== 'table') throw new Error('no table');
  const needed = exhibit.rows.map(({ cells }) => cells['n80'] as number);
  expect(needed).toEqual([...needed].sort((a, b) => b - a));
  expect(exhibit.rows[0]?.key).toBe('by 10%');
  expect(exhibit.rows.at(-1)?.cells['to']).toBeCloseTo(0.2, 12);
  const none = powerExhibit('the issue rate', arms(0, 0).control, 0.05, []);
  expect(none.type === 'table' && none.rows).toEqual([]);
});
