import { expect, test } from 'vitest';
import { FakeChatModel } from '../../src/backends/fake/models.ts';
import { type Session, sessionSchema } from '../../src/core/session/schema.ts';
import { simulate } from '../../src/core/workflows/simulate.ts';

const clock = { now: () => new Date(0), sleep: async () => {} };

function context(id: string, first: 'user' | 'assistant'): Session {
  return sessionSchema.parse({
    id,
    context: { current_summary: `about ${id}` },
    turns: [{ role: first, content: 'not to be seen by any model' }],
    meta: { outcome: { final: 1 }, license: 'CC BY-NC 4.0', split: 'train' },
  });
}

async function run(contexts: Session[], options: { end?: number; done?: string[]; cap?: number } = {}) {
  let said = 0;
  const simulator = new FakeChatModel('sim', () => (++said === options.end ? 'bye<end>' : `words ${said}`));
  const chatbot = new FakeChatModel('bot', () => 'go on', { system: 'Help.' });
  const request = {
    ...{ simulator, chatbot, contexts, perContext: 1, seed: 3, maxUserTurns: options.cap ?? 3 },
    done: new Set(options.done ?? []),
  };
  const sessions: Session[] = [];
  for await (const event of simulate(request, clock, new AbortController().signal)) {
    if (event.type === 'session') sessions.push(sessionSchema.parse(event.session));
  }
  return { sessions, simulator };
}

test('the simulator ends a session, or the cap does; either side opens as in the real one', async () => {
  const { sessions, simulator } = await run([context('a', 'user'), context('b', 'assistant')], { end: 2 });
  expect(
    sessions.map(({ turns, origin }) => [
      turns.map((turn) => turn.role[0]).join(''),
      origin !== 'real' && origin.ended,
    ]),
  ).toEqual([
    ['uau', 'simulator'],
    ['auauau', 'cap'],
  ]);
  expect(JSON.stringify(simulator.requests)).not.toContain('not to be seen');
  expect(JSON.stringify(simulator.requests)).not.toContain('outcome');
  expect(sessions[0]?.meta).toMatchObject({
    context_of: 'a',
    user_kind: 'llm',
    license: 'CC BY-NC 4.0',
    split: 'train',
  });
});

test('seeds belong to the context: a part of the corpus gives the same sessions, and what is there is skipped', async () => {
  const seeds = async (contexts: Session[], done: string[] = []) =>
    (await run(contexts, { done })).sessions.map((session) => session.origin !== 'real' && session.origin.seed);
  const [a, b] = [context('a', 'user'), context('b', 'user')];
  const both = await seeds([a, b]);
  expect(new Set(both).size).toBe(2);
  expect(await seeds([b])).toEqual([both[1]]);
  expect(await seeds([a, b], ['sim.bot.a.0'])).toEqual([both[1]]);
});
