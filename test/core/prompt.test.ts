import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeChatModel } from '../../src/backends/fake/models.ts';
import { fitContext, fitTurns } from '../../src/core/prompt/budget.ts';
import { renderContext } from '../../src/core/prompt/context.ts';
import { discriminatorMessages, simulatorMessages } from '../../src/core/prompt/messages.ts';
import { discriminatorRows, simulatorRow } from '../../src/core/prompt/rows.ts';
import { criticalTurns, logit, rewards, sigmoid } from '../../src/core/reward/reward.ts';
import { contextSchema, type Session, sessionSchema } from '../../src/core/session/schema.ts';

const full = contextSchema.parse({
  profile: { problem_type: 'job', intensity: 4 },
  long_term: 'long term words here',
  previous_summaries: ['oldest summary', 'middle summary', 'newest summary'],
  current_summary: 'today it is about the job',
  history: [
    { role: 'user', content: 'old message' },
    { role: 'assistant', content: 'new message' },
  ],
});
const oneAWord = (text: string) => text.split(/\s+/u).filter(Boolean).length;

describe('context', () => {
  test('all six components stand in the prompt, in the order of Appendix A', () => {
    const { text, parts } = renderContext(full, { count: oneAWord });
    const order = ['problem type: job', 'long term words', 'oldest summary', 'old message', 'about the job'];
    expect(order.map((part) => text.indexOf(part))).toEqual(
      order.map((part) => text.indexOf(part)).sort((a, b) => a - b),
    );
    expect(Object.values(parts).every((part) => part.kept === part.items && !part.shortened)).toBe(true);
  });

  test('a small budget keeps instruction, then this session, then the newest; distant history goes first', () => {
    const { text, parts } = renderContext(full, { count: oneAWord, budget: 48 });
    expect(text).toContain('about the job');
    expect(text).toContain('new message');
    expect(parts.long_term.kept).toBe(0);
    expect(parts.previous_summaries.kept).toBeLessThan(3);
    if (parts.previous_summaries.kept > 0) expect(text).not.toContain('oldest');
  });

  test('the budget is never exceeded, whatever the context', () => {
    const texts = fc.string({ maxLength: 200 });
    fc.assert(
      fc.property(
        texts,
        fc.array(texts, { maxLength: 5 }),
        texts,
        fc.integer({ min: 20, max: 80 }),
        (a, list, b, budget) => {
          const context = contextSchema.parse({ long_term: a, previous_summaries: list, current_summary: b });
          const { text } = renderContext(context, { budget, count: oneAWord });
          expect(oneAWord(text)).toBeLessThanOrEqual(budget);
        },
      ),
    );
  });

  test('with the tokeniser of a model, at most half of its window', async () => {
    const model = new FakeChatModel('m', () => '', { window: 200 });
    const long = contextSchema.parse({ long_term: 'word '.repeat(500) });
    const fitted = await fitContext(long, model, new AbortController().signal);
    expect(fitted).toMatchObject({ budget: 100, exact: true });
    expect(fitted.tokens).toBeLessThanOrEqual(100);
    expect(fitted.parts.long_term.shortened).toBe(true);
  });

  test('turns that do not fit go oldest first', () => {
    const turns = ['a', 'b', 'c'].map((content) => ({ role: 'user' as const, content: content.repeat(30) }));
    const { turns: kept, dropped } = fitTurns(turns, 40);
    expect({ kept: kept.map((turn) => turn.content[0]), dropped }).toEqual({ kept: ['b', 'c'], dropped: 1 });
  });
});

function session(id: string, turns: [string, string][], meta = {}): Session {
  return sessionSchema.parse({
    id,
    context: { current_summary: `about ${id}` },
    turns: turns.map(([role, content]) => ({ role, content })),
    meta,
  });
}

describe('prompts', () => {
  test('the simulator writes as assistant; a discriminator reads true roles and folded space', () => {
    const turns = [
      { role: 'assistant' as const, content: 'Hi' },
      { role: 'user' as const, content: 'well\n\nyes' },
    ];
    expect(simulatorMessages('c', turns).map((message) => message.role)).toEqual(['system', 'user', 'assistant']);
    expect(discriminatorMessages('c', turns, { input: 'user-turns', context: false })).toEqual([
      { role: 'assistant', content: '...' },
      { role: 'user', content: 'well yes' },
    ]);
  });

  test('a simulator row ends after the last user turn, or with a turn that is only the end', () => {
    const after = simulatorRow(
      session('a', [
        ['user', 'bye'],
        ['assistant', 'Bye.'],
      ]),
    ).messages.at(-1);
    expect(after).toEqual({ role: 'assistant', content: '', end: true });
    const on = simulatorRow(
      session('a', [
        ['assistant', 'Hi'],
        ['user', 'bye'],
      ]),
    ).messages.at(-1);
    expect(on).toEqual({ role: 'assistant', content: 'bye', end: true });
  });

  test('discriminator rows: pairs of one context with equally many user turns, or words', () => {
    const real = session('r', [
      ['user', 'one two three'],
      ['assistant', 'x'],
      ['user', 'four five'],
      ['assistant', 'y'],
      ['user', 'six'],
    ]);
    const simulated = session(
      's',
      [
        ['user', 'a'],
        ['assistant', 'x'],
        ['user', 'b'],
      ],
      { context_of: 'r' },
    );
    const stray = session('t', [['user', 'a']], { context_of: 'elsewhere' });
    const users = (match: 'turns' | 'words') =>
      discriminatorRows([real], [simulated, stray], { input: 'all', context: true, match }).map((row) => [
        row.label,
        row.messages.filter((message) => message.role === 'user').length,
      ]);
    expect(users('turns')).toEqual([
      [1, 2],
      [0, 2],
    ]);
    expect(users('words')).toEqual([
      [1, 1],
      [0, 2],
    ]);
  });
});

describe('reward', () => {
  test('r_t is a difference of log-odds (Eq. 4) and sums to z_T - z_0', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1 }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (z, z0) => {
          const scores = rewards(z, z0);
          const sum = scores.reduce((total, score) => total + score.r, 0);
          expect(sum).toBeCloseTo((z.at(-1) ?? 0) - z0, 6);
          expect(logit(sigmoid(3.2))).toBeCloseTo(3.2, 9);
        },
      ),
    );
  });

  test('critical turns are those of lowest and highest r', () => {
    const critical = criticalTurns(rewards([1, -2, 3]));
    expect([critical?.lowest.t, critical?.highest.t]).toEqual([2, 3]);
    expect(criticalTurns([])).toBeUndefined();
  });
});
