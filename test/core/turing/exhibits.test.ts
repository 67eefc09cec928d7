import { expect, it } from 'vitest';
import { turingExhibits } from '../../../src/core/evaluate/judges/turing.ts';
import type { Guesser, Judgement } from '../../../src/core/evaluate/judges/turing-judges.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { coinRange } from '../../../src/core/metrics/proportion.ts';
import { guessersIn } from '../../../src/core/workflows/turing/judged.ts';
import type { TuringRecord } from '../../../src/core/workflows/turing/types.ts';
import { sessionOf } from '../evaluate/annotated.ts';
import { simulatedOf, smallSitting } from './sittings.ts';

const draws = { draws: 500, seed: 1 };

function judgement(id: string, simulator: string | null, p: number[], z: Record<string, number[]> = {}): Judgement {
  return { id, corpus: simulator ?? 'people', simulator, p, ms: p.map(() => 2000), z, note: null };
}

const ann = (sessions: Judgement[]): Guesser => ({
  ...{ name: 'ann', sitting: 'blind', sessions, open: 1, skipped: 0, absent: 0 },
});

function cell(exhibits: Exhibit[], id: string, row: string, column: string) {
  const table = exhibits.find((one) => one.id === id);
  return table?.type === 'table' ? table.rows.find(({ key }) => key === row)?.cells[column] : undefined;
}

const figure = (found: unknown) => (found as Estimate | undefined)?.value;

// by hand: ann is right on 2 of 3 real turns and 2 of 3 simulated ones; at the last turn on both
const two = [
  judgement('r', null, [0.4, 0.8, 0.95], { d: [1, 1, -1] }),
  judgement('s', 'sim', [0.6, 0.2, 0.05], { d: [1, -1, -1] }),
];

it('counts accuracy, confidence and Brier as one does by hand', () => {
  const exhibits = turingExhibits([ann(two)], draws);
  const of = (id: string, column: string, judge = 'ann') => cell(exhibits, id, `blind: ann on sim, ${judge}`, column);
  expect(figure(of('turing-accuracy', 't1'))).toBe(0);
  expect(figure(of('turing-accuracy', 't3'))).toBe(1);
  expect(of('turing-accuracy', 't5')).toMatchObject({ value: null, n: 0 });
  expect(figure(of('turing-accuracy', 'all'))).toBeCloseTo(4 / 6, 12);
  expect(of('turing-accuracy', 'last')).toMatchObject({ value: 1, n: 2 });
  expect(figure(of('turing-accuracy', 'all', 'd'))).toBeCloseTo(4 / 6, 12);
  expect(figure(of('turing-accuracy', 'last', 'd'))).toBe(0.5);
  expect(figure(of('turing-confidence', 'confidence'))).toBeCloseTo((0.6 + 0.8 + 0.95) / 3, 12);
  expect(figure(of('turing-confidence', 'brier'))).toBeCloseTo((0.36 + 0.04 + 0.0025) / 3, 12);
  expect(of('turing-confidence', 'seconds')).toBe(2);
  // six guesses are too few for bins
  expect(of('turing-confidence', 'ece')).toMatchObject({ value: null });
});

it('sets the person against a discriminator on the same turns, in pairs', () => {
  const exhibits = turingExhibits([ann(two)], draws);
  const of = (column: string) => cell(exhibits, 'turing-agreement', 'blind: ann on sim, d', column);
  // said by ann: s r r | r s s, by d: r r s | r s s
  expect(figure(of('agree'))).toBeCloseTo(4 / 6, 12);
  expect(figure(of('kappa'))).toBeCloseTo(1 / 3, 12);
  expect(figure(of('difference'))).toBeCloseTo(0, 12);
  expect(figure(of('last'))).toBe(0.5);
  expect(figure(of('brier'))).toBeLessThan(0);
});

it('a paired difference is narrower than two judges apart, and nil against oneself', () => {
  const many = Array.from({ length: 40 }, (_, at) => {
    const p = [at % 3 === 0 ? 0.2 : 0.8];
    return judgement(`s${at}`, at % 2 === 0 ? null : 'sim', p, { same: [p[0] === 0.8 ? 1 : -1] });
  });
  const difference = cell(
    turingExhibits([ann(many)], draws),
    'turing-agreement',
    'blind: ann on sim, same',
    'difference',
  );
  expect(difference).toMatchObject({ value: 0, low: 0, high: 0 });
});

it('both sides weigh alike: who calls everything real is right half of the time', () => {
  const sessions = [
    judgement('r1', null, [0.95]),
    ...['a', 'b', 'c', 'd', 'e'].map((id) => judgement(id, 'sim', [0.95])),
  ];
  const exhibits = turingExhibits([ann(sessions)], draws);
  expect(figure(cell(exhibits, 'turing-accuracy', 'blind: ann on sim, ann', 'all'))).toBeCloseTo(0.5, 12);
});

it('gives each simulator rows of its own, leaves out what a discriminator has not scored, and says aloud that n is small', () => {
  const exhibits = turingExhibits([ann([...two, judgement('o', 'other', [0.8])])], draws);
  expect(cell(exhibits, 'turing-accuracy', 'blind: ann on all, ann', 'sessions')).toBe(3);
  expect(cell(exhibits, 'turing-accuracy', 'blind: ann on all, d', 'sessions')).toBe(2);
  expect(cell(exhibits, 'turing-accuracy', 'blind: ann on other, ann', 'sessions')).toBe(2);
  const notes = exhibits[0]?.notes.join(' ') ?? '';
  expect(notes).toContain('3 sessions, 1 of them real; 1 are not judged to the end');
  expect(notes).toContain('Few: at the last turn right about 2 of 3, exact 95% interval 9% to 99%');
  const drill = exhibits.find(({ id }) => id === 'turing-sessions');
  expect(drill?.type === 'table' ? drill.rows.map(({ behind }) => behind) : []).toEqual([
    [{ corpus: 'people', sessions: ['r'] }],
    [{ corpus: 'sim', sessions: ['s'] }],
    [{ corpus: 'other', sessions: ['o'] }],
  ]);
});

it('a coin shows heads 3 to 9 times of 12, and 40 to 60 of 100', () => {
  // P(X <= 2) = 79 / 4096 = .0193, P(X <= 3) = 299 / 4096 = .0730; P(X <= 39 of 100) = .0176, P(X <= 40) = .0284
  expect(coinRange(12)).toEqual({ low: 3 / 12, high: 9 / 12 });
  expect(coinRange(100)).toEqual({ low: 0.4, high: 0.6 });
});

it('reads a sitting as far as sessions are evaluated, with the scores that belong to them', () => {
  const said = { schema: 1 as const, by: 'ann', at: '' };
  const records: TuringRecord[] = [
    ...[1, 2].map((t) => ({ ...said, type: 'guess' as const, item: 1, t, level: 6, p: 0.95, ms: null })),
    { ...said, type: 'truth', item: 1 },
    { ...said, type: 'guess', item: 2, t: 1, level: 1, p: 0.05, ms: 5 },
  ];
  const stale = { z: [1], logit_p0: 0, template: 't', engine: 'e' };
  const real = { ...sessionOf('p1', ['one', 'reply', 'two']), scores: { d: { ...stale, z: [1, 2] }, stale } };
  const sitting = { name: 'blind', head: smallSitting(), records };
  expect(guessersIn(sitting, () => real)).toMatchObject([
    { name: 'ann', open: 1, skipped: 0, absent: 0, sessions: [{ id: 'p1', p: [0.95, 0.95], z: { d: [1, 2] } }] },
  ]);
  expect(guessersIn(sitting, () => real)[0]?.sessions[0]?.z).not.toHaveProperty('stale');
  expect(guessersIn(sitting, () => null)).toMatchObject([{ sessions: [], absent: 1 }]);
  expect(guessersIn(sitting, () => simulatedOf('p1', 'p1', ['one']))[0]?.sessions[0]?.p).toEqual([0.95]);
});
