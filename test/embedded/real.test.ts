import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { LlamaRuntime } from '../../src/backends/embedded/server/llama.ts';
import { segment } from '../../src/backends/embedded/server/segments.ts';
import { ThreadGovernor } from '../../src/backends/embedded/server/threads.ts';
import { loadDiscriminator, MINUTES, realEngine } from './real-engine.ts';

const real = realEngine();
let client: OpenAI;
let discriminator: string | null;

beforeAll(async () => {
  const { baseURL, token } = real.engine;
  client = new OpenAI({ baseURL, apiKey: token, maxRetries: 0, timeout: 5 * MINUTES });
  discriminator = await loadDiscriminator(real.engine);
}, 5 * MINUTES);

type Message = { role: 'user' | 'assistant'; content: string };

/** A made-up session; every call with the same `topic` gives the same turns. */
function session(topic: string, turns: number): Message[] {
  return Array.from({ length: turns }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${topic} ${index}: I keep thinking about it ${'at night, '.repeat((index * 7) % 11)}and I am not sure what to do.`,
  }));
}

async function chat(messages: Message[], more: object = {}): Promise<OpenAI.ChatCompletion> {
  return client.chat.completions.create({ model: real.engine.info.base, messages, max_tokens: 24, seed: 11, ...more });
}
const textsOf = (answer: OpenAI.ChatCompletion): (string | null)[] =>
  answer.choices.map((choice) => choice.message.content);

describe('determinism', () => {
  test(
    'the same request says the same, whatever was asked before',
    async () => {
      const messages = session('work', 7);
      const cold = textsOf(await chat(messages));
      const again = await chat(messages);
      expect(textsOf(again)).toEqual(cold);
      expect(again.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(50);
      // turn by turn to the same place, over other branches and other sessions
      for (let turns = 1; turns < 7; turns += 2) await chat(session('work', turns), { max_tokens: 4 });
      await chat([...session('work', 5), ...session('home', 6)], { max_tokens: 4 });
      await chat(session('family', 5), { max_tokens: 4 });
      expect(textsOf(await chat(messages))).toEqual(cold);
    },
    5 * MINUTES,
  );

  test(
    'with replies kept, a session that goes on says what one says that is read from scratch',
    async () => {
      const keep = { keep_reply: true, max_tokens: 40 };
      const messages: Message[] = [];
      const said: (string | null)[] = [];
      let held = 0;
      for (let turn = 0; turn < 4; turn += 1) {
        messages.push({ role: 'user', content: `Question ${turn}: what would you do, and why?` });
        const answer = await chat(messages, keep);
        const [text] = textsOf(answer);
        said.push(text ?? null);
        // all but the last token, which was sampled and not computed
        expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBe(held);
        held = (answer.usage?.total_tokens ?? 0) - 1;
        messages.push({ role: 'assistant', content: text ?? '' });
      }
      // push every slot out
      for (const topic of 'abcdefg') await chat(session(topic, 1), { max_tokens: 1 });
      for (const turn of [3, 1, 2]) {
        expect(textsOf(await chat(messages.slice(0, turn * 2 + 1), keep))).toEqual([said[turn]]);
        for (const topic of 'abcdefg') await chat(session(topic, 1), { max_tokens: 1 });
      }
    },
    5 * MINUTES,
  );

  test(
    'n alternatives are what n requests with seed + i say',
    async () => {
      const messages = session('work', 5);
      const many = await chat(messages, { n: 3, seed: 40 });
      const single: (string | null)[] = [];
      for (const seed of [42, 41, 40]) single.unshift(...textsOf(await chat(messages, { seed })));
      expect(textsOf(many)).toEqual(single);
      expect(new Set(single).size).toBe(3);
    },
    5 * MINUTES,
  );

  test(
    'streams that run at once do not change each other',
    async () => {
      const topics = ['rain', 'sleep', 'money'];
      const alone = [];
      for (const topic of topics) alone.push(textsOf(await chat(session(topic, 3))));
      expect(await Promise.all(topics.map(async (topic) => textsOf(await chat(session(topic, 3)))))).toEqual(alone);
    },
    5 * MINUTES,
  );

  test(
    'another engine, and any number of threads, gives the same bits',
    async () => {
      const candidates = async (threads: number): Promise<unknown> => {
        const runtime = await LlamaRuntime.start(new ThreadGovernor(threads, true));
        const model = await runtime.load(real.weights.q4);
        const text = session('work', 12).map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`);
        const { tokens, ends } = segment(model.tokenize(text.join('')), (token) => model.isEnd(token));
        expect(tokens.length).toBeGreaterThan(280);
        const sequence = await model.open(2048, null);
        let start = 0;
        for (const end of ends) {
          await sequence.evaluate(tokens.slice(start, end), null);
          start = end;
        }
        const found = await sequence.evaluate([300], 50);
        await sequence.dispose();
        await model.dispose();
        return found;
      };
      expect(await candidates(2)).toEqual(await candidates(1));
    },
    10 * MINUTES,
  );
});

describe('reuse', () => {
  test(
    'a turn costs only its new tokens',
    async () => {
      const messages = session('reuse', 9);
      await chat(messages, { max_tokens: 1 });
      const before = await real.stats();
      const more = [...messages, ...session('next', 2)];
      const answer = await chat(more, { max_tokens: 1 });
      const after = await real.stats();
      const prompt = answer.usage?.prompt_tokens ?? 0;
      const cached = answer.usage?.prompt_tokens_details?.cached_tokens ?? 0;
      expect(after.evaluated - before.evaluated).toBe(prompt - cached);
      expect(prompt - cached).toBeLessThan(140);
      expect(cached).toBeGreaterThan(150);
    },
    5 * MINUTES,
  );

  test(
    'a client that leaves stops the computing',
    async () => {
      const abort = new AbortController();
      const stream = await client.chat.completions.create(
        {
          model: real.engine.info.base,
          messages: session('x', 1),
          max_tokens: 1000,
          stream: true,
          stop: ['never said'],
          seed: 3,
        },
        { signal: abort.signal },
      );
      let seen = 0;
      for await (const _ of stream) {
        seen += 1;
        if (seen === 4) break;
      }
      abort.abort();
      await expect.poll(async () => (await real.stats()).requests.running, { timeout: 5000 }).toBe(0);
      const { evaluated } = await real.stats();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await real.stats()).evaluated).toBe(evaluated);
    },
    5 * MINUTES,
  );

  test(
    'a prompt over the limit is refused with both numbers',
    async () => {
      const long = [{ role: 'user' as const, content: 'word '.repeat(9000) }];
      await expect(chat(long)).rejects.toThrow(/8192 tokens.*90\d\d tokens/u);
    },
    5 * MINUTES,
  );
});

describe('embeddings', () => {
  test(
    'of like meaning are closer than of unlike; the same text gives the same vector',
    async () => {
      const texts = [
        'I lost my job last week and I am worried about money.',
        'Last week I was fired, and I do not know how to pay my rent.',
        'The recipe needs two eggs, some flour and a little milk.',
      ];
      const embed = async (input: string[]): Promise<number[][]> => {
        const { data } = await client.embeddings.create({ model: real.engine.info.base, input });
        return data.map(({ embedding }) => embedding);
      };
      const vectors = await embed(texts);
      const cosine = (a: number, b: number): number =>
        (vectors[a] ?? []).reduce((sum, value, index) => sum + value * (vectors[b]?.[index] ?? 0), 0);
      expect(cosine(0, 0)).toBeCloseTo(1, 5);
      expect(cosine(0, 1)).toBeGreaterThan(cosine(0, 2) + 0.05);
      expect(cosine(0, 1)).toBeGreaterThan(cosine(1, 2) + 0.05);
      await chat(session('other', 1), { max_tokens: 2 });
      expect(await embed([texts[2] ?? '', texts[0] ?? ''])).toEqual([vectors[2], vectors[0]]);
      // the longest that is allowed
      const [long] = await embed(['again '.repeat(511)]);
      expect(long).toHaveLength(vectors[0]?.length ?? 0);
    },
    5 * MINUTES,
  );
});

describe('discriminator', () => {
  const render = (messages: Message[]): string =>
    messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>`).join('\n');

  async function read(prompt: string): Promise<Record<string, number>> {
    const model = discriminator ?? real.engine.info.base;
    const answer = await client.completions.create({ model, prompt, max_tokens: 1, logprobs: 5, temperature: 0 });
    return answer.choices[0]?.logprobs?.top_logprobs?.[0] ?? {};
  }

  test(
    'log-odds turn by turn equal those from scratch, bit by bit',
    async () => {
      const prompts = [1, 3, 5, 7].map((turns) => render(session('disc', turns)));
      const byTurn = [];
      for (const prompt of prompts) byTurn.push(await read(prompt));
      // push every slot out, so that nothing of the session is left
      for (const topic of 'abcdefg') await read(render(session(topic, 2)));
      const { reused } = await real.stats();
      expect(await read(prompts.at(-1) ?? '')).toEqual(byTurn.at(-1));
      expect((await real.stats()).reused).toBe(reused);
      for (const topic of 'abcdefg') await read(render(session(topic, 2)));
      expect(await read(prompts[1] ?? '')).toEqual(byTurn[1]);
      if (!discriminator) return;
      // however sure D is, both labels can be had
      const all = await client.completions.create({
        model: discriminator,
        prompt: prompts[0] ?? '',
        max_tokens: 1,
        logprobs: -1,
        temperature: 0,
      });
      expect(all.choices[0]?.logprobs?.top_logprobs?.[0]).toMatchObject({
        ' real': expect.any(Number),
        ' fake': expect.any(Number),
      });
    },
    5 * MINUTES,
  );
});
