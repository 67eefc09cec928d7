import { expect, it } from 'vitest';
import { actionExhibits } from '../../../src/core/evaluate/behaviour/actions.ts';
import { type AnnotatedSession, annotatedSession } from '../../../src/core/evaluate/behaviour/annotations.ts';
import { issuesByChatbot } from '../../../src/core/evaluate/behaviour/chatbot-issues.ts';
import { issueExhibits } from '../../../src/core/evaluate/behaviour/issues.ts';
import { type Estimate, type Exhibit, exhibitSchema } from '../../../src/core/evaluate/table.ts';
import { aboutOf, marked, sessionOf, source } from './annotated.ts';

const draws = { draws: 300, seed: 2 };

const table = (exhibits: readonly Exhibit[], id: string) => {
  const found = exhibits.find((exhibit) => exhibit.id === id);
  if (found?.type !== 'table') throw new Error(`no table ${id}`);
  return found;
};
const cell = (exhibits: readonly Exhibit[], id: string, row: string, column: string) =>
  table(exhibits, id).rows.find(({ key }) => key === row)?.cells[column] as Estimate;

/** n sessions of two messages, `share` of which have a category. */
const sessions = (n: number, category: string, share: number): AnnotatedSession[] =>
  Array.from({ length: n }, (_, at) => marked(`x${at}`, [at < share * n ? [category] : [], []]));

const real = source('real', sessions(40, 'a', 0.5));
const sim = source('sim', sessions(40, 'a', 0.25));

it('rates of actions are over messages, real beside simulated, with intervals, groups and the sessions behind', () => {
  const exhibits = actionExhibits([real, sim], aboutOf('actions'), draws);
  for (const exhibit of exhibits) exhibitSchema.parse(exhibit);
  const rate = cell(exhibits, 'action-rates', 'a', 'real');
  expect(rate).toMatchObject({ value: 0.25, n: 80 });
  expect(rate.low).toBeLessThan(0.25);
  expect(rate.high).toBeGreaterThan(0.25);
  expect(cell(exhibits, 'action-rates', 'a', 'sim').value).toBe(0.125);
  const row = table(exhibits, 'action-rates').rows[0];
  expect(row).toMatchObject({ group: 'Good', cells: { action: 'A', kappa: null } });
  expect(row?.behind.map(({ corpus, sessions: of }) => [corpus, of?.length])).toEqual([
    ['real-corpus', 20],
    ['sim-corpus', 10],
  ]);
  expect(exhibits.filter(({ type }) => type === 'figure').map(({ id }) => id)).toEqual(['actions-good', 'actions-bad']);
});

it('a rate of none has an interval that is not a point', () => {
  const none = cell(actionExhibits([real, sim], aboutOf('actions'), draws), 'action-rates', 'c', 'real');
  expect(none).toMatchObject({ value: 0, low: 0 });
  // Wilson: z^2 / (n + z^2)
  expect(none.high).toBeCloseTo(3.8415 / (80 + 3.8415), 4);
});

it('BCE is Eq. 7 as a mean over categories, and never below what the real rates give against themselves', () => {
  const exhibits = actionExhibits([real, sim], aboutOf('actions', ['a']), draws);
  const bce = -(0.25 * Math.log(0.125) + 0.75 * Math.log(0.875));
  const least = -(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75));
  expect(cell(exhibits, 'action-bce', 'sim', 'total').value).toBeCloseTo(bce, 9);
  expect(cell(exhibits, 'action-bce', 'real (least)', 'total').value).toBeCloseTo(least, 9);
});

it('what the annotator cannot see is in no figure, and is said', () => {
  const exhibits = actionExhibits([real, sim], aboutOf('actions', ['a']), draws);
  expect(table(exhibits, 'action-rates').rows.map(({ key }) => key)).toEqual(['a']);
  expect(table(exhibits, 'action-rates').notes.join(' ')).toContain('cannot see 2 categories');
  expect(exhibits.some(({ id }) => id === 'actions-bad')).toBe(false);
});

it('measured agreement stands beside each category', () => {
  const entry = { kappa: 0.61, low: 0.4, high: 0.8, n: 60, positives: 12, found: 14, against: 'labels by hand' };
  const about = {
    ...aboutOf('issues'),
    agreement: new Map([
      ['a', entry],
      ['any', { ...entry, kappa: 0.33 }],
    ]),
  };
  const exhibits = issueExhibits([real, sim], about, draws);
  expect(cell(exhibits, 'issue-categories', 'a', 'kappa')).toEqual({ value: 0.61, low: 0.4, high: 0.8, n: 60 });
  const notes = table(exhibits, 'issue-rates').notes.join(' ');
  expect(notes).toContain('labels by hand');
  expect(notes).toContain('kappa 0.33');
});

it('issue rate counts a message once, whatever it has; KL and deltas are over shares of issues', () => {
  const both = source('real', [marked('x', [['a', 'b'], [], [], []])]);
  const one = source('sim', [marked('x', [['a'], ['a'], [], []])]);
  const exhibits = issueExhibits([both, one], aboutOf('issues'), draws);
  for (const exhibit of exhibits) exhibitSchema.parse(exhibit);
  expect(cell(exhibits, 'issue-rates', 'real', 'rate').value).toBe(0.25);
  expect(cell(exhibits, 'issue-rates', 'sim', 'rate').value).toBe(0.5);
  // counts 1, 1, 0 beside 2, 0, 0, each with 0.5 more: 3/7, 3/7, 1/7 beside 5/7, 1/7, 1/7
  const kl = (3 / 7) * Math.log(3 / 5) + (3 / 7) * Math.log(3);
  expect(cell(exhibits, 'issue-rates', 'sim', 'kl').value).toBeCloseTo(kl, 9);
  expect(cell(exhibits, 'issue-categories', 'a', 'real').value).toBe(0.5);
  const deltas = exhibits.find(({ id }) => id === 'issue-deltas-sim');
  expect(deltas?.type === 'figure' && deltas.series[0]?.points.map(({ x, y }) => [x, y])).toEqual([
    ['A', 50],
    ['B', -50],
  ]);
});

it('messages without an annotation are said and counted nowhere', () => {
  const holes = source('sim', [marked('x', [['a']], { missing: 3 })]);
  const exhibits = issueExhibits([real, holes], aboutOf('issues'), draws);
  expect(cell(exhibits, 'issue-rates', 'sim', 'rate')).toMatchObject({ value: 1, n: 1 });
  expect(table(exhibits, 'issue-rates').notes.join(' ')).toContain('sim: 3 messages have no annotation');
});

it('the same seed gives the same figures, another seed other intervals', () => {
  const of = (seed: number) => JSON.stringify(issueExhibits([real, sim], aboutOf('issues'), { draws: 200, seed }));
  expect(of(1)).toBe(of(1));
  expect(of(1)).not.toBe(of(2));
});

it('issues by chatbot have the sessions behind, and count only what the annotator sees', () => {
  const of = source('sim', [
    marked('x', [['a'], []], { chatbot: 'beta' }),
    marked('y', [['c']], { chatbot: 'alpha' }),
    marked('z', [['b'], ['a']], { chatbot: 'beta', context: 'x' }),
    marked('w', [['a']], { chatbot: null }),
  ]);
  expect(issuesByChatbot(of, { sees: ['a', 'b'] })).toMatchObject([
    { chatbot: 'alpha', rate: 0, behind: { corpus: 'sim-corpus', sessions: ['y'] } },
    {
      chatbot: 'beta',
      rate: 0.75,
      sessions: [
        { id: 'x', messages: 2, marked: 1 },
        { id: 'z', context: 'x', marked: 2 },
      ],
    },
  ]);
});

it('a session has a mark for each message that was annotated, and says which side and context it is of', () => {
  const session = sessionOf('sim.bot.c1.0', ['one', 'x', 'two', 'y'], {
    ...{ origin: { simulator: 'sim', chatbot: 'bot' }, meta: { context_of: 'c1' } },
  });
  expect(annotatedSession(session, 'actions', [{ turn: 2, marks: [{ turn: 2, categories: ['a', 'a'] }] }])).toEqual({
    ...{ id: 'sim.bot.c1.0', context: 'c1', chatbot: 'bot', messages: [{ turn: 2, categories: ['a'] }], missing: 1 },
  });
});
