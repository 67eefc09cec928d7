import { describe, expect, it } from 'vitest';
import { FakeChatModel } from '../../../src/backends/fake/models.ts';
import type { ChatMessage } from '../../../src/core/prompt/messages.ts';
import {
  chatbotSchema,
  configured,
  type Faults,
  isPlain,
  seen,
} from '../../../src/core/workflows/simulate/chatbots.ts';
import { context, run } from './world.ts';

const TALK: ChatMessage[] = [
  { role: 'system', content: 'Help.' },
  { role: 'user', content: 'u1' },
  { role: 'assistant', content: 'a1' },
  { role: 'user', content: 'u2' },
  { role: 'assistant', content: 'a2' },
  { role: 'user', content: 'u3' },
];
const SIGNAL = new AbortController().signal;

const texts = (messages: readonly ChatMessage[]) => messages.map(({ content }) => content);

async function reply(broken: Faults, says: string | ((seed: number) => string), seed = 5) {
  const inner = new FakeChatModel('inner', ({ seed: its }, index) =>
    typeof says === 'string' ? says : says(its + index),
  );
  const model = configured('odd', chatbotSchema.parse({ model: 'inner', broken }), inner);
  const events = [];
  for await (const event of model.generate({ messages: TALK, n: 1, seed, sampling: model.sampling }, SIGNAL)) {
    events.push(event);
  }
  const choices = events.flatMap((event) => (event.type === 'choice' ? [event.text] : []));
  return { text: choices.join(' / '), asked: inner.requests };
}

describe('what a broken chatbot sees', () => {
  it.each<[Faults, string[]]>([
    [{}, ['Help.', 'u1', 'a1', 'u2', 'a2', 'u3']],
    [{ sees: 'last' }, ['Help.', 'u3']],
    [{ sees: 'own' }, ['Help.', '...', 'a1', '...', 'a2', '...']],
    [{ sees: 'first' }, ['Help.', 'u1']],
    [{ sees: 'before' }, ['Help.', 'u1', 'a1', 'u2']],
    [{ window: 3 }, ['Help.', 'u2', 'a2', 'u3']],
    [{ forgets: 1 }, ['Help.', 'u3']],
  ])('%j', async (faults, expected) => {
    expect(texts(seen(TALK, faults, 1))).toEqual(expected);
    expect(texts((await reply(faults, 'fine')).asked[0]?.messages ?? [])).toEqual(expected);
  });

  it('is forgotten in whole exchanges, by the seed', () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const left = seen(TALK, { forgets: 0.5 }, seed);
      expect(texts(left)).toEqual(texts(seen(TALK, { forgets: 0.5 }, seed)));
      expect(left.at(-1)?.content).toBe('u3');
      kept.add(texts(left).join(' '));
      const roles = left.filter(({ role }) => role !== 'system').map(({ role }) => role);
      expect(roles.every((role, index) => role !== roles[index - 1])).toBe(true);
    }
    expect(kept.size).toBe(4);
  });
});

describe('what a broken chatbot says', () => {
  it('is its previous reply with a probability, by the seed', async () => {
    const said = await Promise.all(Array.from({ length: 60 }, (_, seed) => reply({ repeats: 0.5 }, 'new', seed * 977)));
    const again = said.filter(({ text }) => text === 'a2');
    expect(again.length).toBeGreaterThan(18);
    expect(again.length).toBeLessThan(42);
    expect(again.every(({ asked }) => asked.length === 0)).toBe(true);
    expect(said.filter(({ text }) => text === 'new')).toHaveLength(60 - again.length);
  });

  it("is the user's last message", async () => {
    expect((await reply({ parrots: 1 }, 'new')).text).toBe('u3');
  });

  it('is several samples joined, each with a seed of its own', async () => {
    const { text, asked } = await reply({ joins: 3 }, (seed) => `part ${seed}.`);
    expect(asked).toMatchObject([{ n: 3, whole: true }]);
    const parts = text.split(/(?<=\.) /u);
    expect(new Set(parts).size).toBe(3);
  });

  it('is cut after a sentence', async () => {
    expect((await reply({ sentences: 1 }, 'That is hard. What else? Tell me.')).text).toBe('That is hard.');
    expect((await reply({ sentences: 2 }, 'That is hard. What else? Tell me.')).text).toBe('That is hard. What else?');
  });
});

it('takes its own prompt and sampling over the model’s', () => {
  const inner = new FakeChatModel('inner', () => '', { system: 'Help.' });
  const config = chatbotSchema.parse({ model: 'inner', system: null, sampling: { max_tokens: 9 } });
  expect(configured('odd', config, inner)).toMatchObject({ system: null, sampling: { temperature: 1, max_tokens: 9 } });
  expect(isPlain(config)).toBe(false);
  expect(isPlain(chatbotSchema.parse({ model: 'inner', about: 'as it is' }))).toBe(true);
});

it('stands in the id, the origin and the meta of a session', async () => {
  const config = chatbotSchema.parse({ model: 'inner', broken: { sees: 'last' } });
  const { corpus, events } = await run({
    contexts: [context('a')],
    describe: () => config,
    bots: ['last-message'],
  });
  expect(corpus[0]).toMatchObject({
    id: 'sim.last-message.a.0',
    origin: { chatbot: 'last-message' },
    meta: { chatbot: { broken: { sees: 'last' } } },
  });
  expect(events.at(-1)).toMatchObject({ type: 'done' });
});
