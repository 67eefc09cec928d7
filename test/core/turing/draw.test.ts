import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contextSchema, type Session } from '../../../src/core/session/schema.ts';
import { countUserTurns } from '../../../src/core/session/tree.ts';
import { blindText } from '../../../src/core/workflows/turing/blind.ts';
import { drawSitting } from '../../../src/core/workflows/turing/draw.ts';
import { openTuring } from '../../../src/core/workflows/turing/machine.ts';
import { turingView } from '../../../src/core/workflows/turing/sitting.ts';
import { turingSettingsSchema } from '../../../src/core/workflows/turing/types.ts';
import { sessionOf } from '../evaluate/annotated.ts';
import { simulatedOf } from './sittings.ts';

const talk = (turns: number) => Array.from({ length: 2 * turns }, (_, at) => `says ${at}`);
const settings = (more: object = {}) => turingSettingsSchema.parse({ real: 'people', simulated: ['a', 'b'], ...more });

/** 40 contexts; a has all of them in two sessions each, b the first 30, with other lengths. */
const from = {
  real: Array.from({ length: 40 }, (_, at) => sessionOf(`p${at}`, talk(6 + (at % 3)), { meta: { split: 'test' } })),
  simulated: [
    {
      corpus: 'a',
      sessions: Array.from({ length: 80 }, (_, at) => simulatedOf(`a${at}`, `p${at % 40}`, talk(9), 'sim-a')),
    },
    {
      corpus: 'b',
      sessions: Array.from({ length: 30 }, (_, at) => simulatedOf(`b${at}`, `p${at}`, talk(4 + (at % 5)), 'sim-b')),
    },
  ],
};

it('draws the same sitting for a seed: half real, simulated sides from each corpus in turn, no context twice', () => {
  const drawn = drawSitting(from, settings({ n: 20, seed: 3, sides: 'half' }), 'now');
  expect(drawSitting(from, settings({ n: 20, seed: 3, sides: 'half' }), 'now')).toEqual(drawn);
  expect(drawSitting(from, settings({ n: 20, seed: 4, sides: 'half' }), 'now').items).not.toEqual(drawn.items);
  const of = (corpus: string) => drawn.items.filter((item) => item.corpus === corpus).length;
  expect([of('people'), of('a'), of('b')]).toEqual([10, 5, 5]);
  expect(new Set(drawn.items.map(({ context }) => context)).size).toBe(20);
  // what is drawn is not in an order that tells
  const sides = drawn.items.map(({ simulator }) => simulator === null);
  expect(sides.slice(0, 10).filter(Boolean).length).toBeGreaterThan(2);
  expect(sides.slice(0, 10).filter(Boolean).length).toBeLessThan(8);
});

it('shows a context equally far whichever side was drawn, and only contexts that all corpora have', () => {
  const sittings = [1, 2, 3, 4, 5, 6].map((seed) => drawSitting(from, settings({ n: 40, seed }), 'now'));
  const turns = new Map<string, number>();
  const shown = new Map<string, Set<boolean>>();
  for (const { items } of sittings) {
    expect(items).toHaveLength(30);
    for (const { context, turns: of, simulator } of items) {
      expect(turns.get(context) ?? of).toBe(of);
      turns.set(context, of);
      shown.set(context, (shown.get(context) ?? new Set()).add(simulator === null));
    }
  }
  // each side came up, or the above says nothing
  expect([...shown.values()].filter(({ size }) => size === 2).length).toBeGreaterThan(20);
  const least = from.real.slice(0, 30).map(({ turns: of }, at) => Math.min(countUserTurns(of), 9, 4 + (at % 5)));
  expect(Array.from({ length: 30 }, (_, at) => turns.get(`p${at}`))).toEqual(least);
  expect(drawSitting(from, settings({ n: 9, turns: 3 }), 'now').items.every((item) => item.turns === 3)).toBe(true);
});

it('leaves out contexts whose sides do not begin with the same role, and refuses where none is left', () => {
  const late = from.real.map((session) => ({ ...session, turns: session.turns.slice(1) }));
  expect(() => drawSitting({ ...from, real: late }, settings(), 'now')).toThrow(/0 contexts have a real session/u);
  expect(() => drawSitting(from, settings({ split: 'train' }), 'now')).toThrow(/0 contexts/u);
});

it('by a coin each, the sides of a sitting are not always half', () => {
  const reals = Array.from({ length: 30 }, (_, seed) =>
    drawSitting(from, settings({ n: 20, seed, sides: 'coin' }), 'now').items.filter((item) => item.simulator === null),
  ).map(({ length }) => length);
  expect(new Set(reals).size).toBeGreaterThan(3);
  expect(reals.reduce((sum, n) => sum + n, 0) / 30).toBeGreaterThan(8);
  expect(reals.reduce((sum, n) => sum + n, 0) / 30).toBeLessThan(12);
});

it('refuses a scale that does not rise, or that says neither', () => {
  for (const scale of [[0.5, 0.2], [0.2, 0.5, 0.8], [0.3], [0, 1]])
    expect(turingSettingsSchema.safeParse({ real: 'r', simulated: ['s'], scale }).success).toBe(false);
});

it('a real and a simulated session of equal words are the same bytes, whatever else they carry', async () => {
  const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '');
  const extras = fc.record({
    license: fc.string(),
    chatbot: fc.constantFrom('supporter', 'broken'),
    created: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    z: fc.array(fc.double({ noNaN: true }), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { minLength: 1, maxLength: 9 }),
      extras,
      fc.constantFrom('user-turns' as const, 'all' as const),
      fc.boolean(),
      async (texts, { license, chatbot, created, z }, input, shown) => {
        const context = contextSchema.parse({ profile: { mood: 'low' }, current_summary: 'a row at work' });
        const real: Session = { ...sessionOf('p1', texts, { context }), meta: { license: 'esconv', split: 'test' } };
        const simulated: Session = {
          ...simulatedOf(`sim.${chatbot}.p1.0`, 'p1', texts, 'sim-a'),
          // its own context, which the person never sees
          context: contextSchema.parse({ instruction: 'be terse', profile: { mood: 'high' } }),
          ...{ source: 'foil', domain: license },
          meta: { license, created, context_of: 'p1', diagnostics: { chatbot } },
          scores: { d: { z, logit_p0: 0, template: 't', engine: 'e' } },
          turns: texts.map((content, at) => ({
            role: at % 2 === 0 ? 'user' : 'assistant',
            content: `  ${content}\n`,
            by: { kind: 'model', name: 'sim-a' },
          })),
        };
        const turns = countUserTurns(real.turns);
        const views = [real, simulated].map(async (session) => {
          const of = session === real ? { corpus: 'people', simulator: null } : { corpus: 'a', simulator: 'sim-a' };
          const head = {
            ...{ schema: 1 as const, type: 'sitting' as const, at: created },
            settings: settings({ input, context: shown }),
            items: [{ ...of, session: session.id, context: 'p1', turns }],
          };
          const read = async (_: string, id: string) => (id === session.id ? session : real);
          return JSON.stringify(await turingView({ read }, openTuring(head, [], { by: 'ann', timed: true }, 0)));
        });
        expect(await views[1]).toBe(await views[0]);
        for (let t = 1; t <= turns; t += 1)
          expect(JSON.stringify(blindText(simulated, real, t, { input, context: shown }))).toBe(
            JSON.stringify(blindText(real, real, t, { input, context: shown })),
          );
      },
    ),
    { numRuns: 60 },
  );
});

it('shows no word beyond the turn that is guessed, nor what the chatbot said where that is hidden', () => {
  const session = sessionOf('p1', ['one', 'reply', 'two', 'other', 'three', 'bye'], {
    context: contextSchema.parse({ current_summary: 'a row' }),
  });
  const text = (t: number, input: 'user-turns' | 'all') =>
    blindText(session, session, t, { input, context: true }).turns.map(({ content }) => content);
  expect(text(1, 'all')).toEqual(['one']);
  expect(text(2, 'user-turns')).toEqual(['one', '...', 'two']);
  // what follows the last user turn would tell how the session ended
  expect(text(3, 'all')).toEqual(['one', 'reply', 'two', 'other', 'three']);
  expect(blindText(session, session, 1, { input: 'all', context: true }).context).toBe('Why you came: a row');
  expect(blindText(session, session, 1, { input: 'all', context: false }).context).toBeNull();
});
