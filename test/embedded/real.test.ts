import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type ConnectOptions,
  connectEngine,
  type EngineHandle,
  ensureWeights,
  type Weights,
} from '../../src/backends/embedded/index.ts';
import { type EngineStats, statsSchema } from '../../src/backends/embedded/protocol.ts';
import { LlamaRuntime } from '../../src/backends/embedded/server/llama.ts';
import { segment } from '../../src/backends/embedded/server/segments.ts';
import { ThreadGovernor } from '../../src/backends/embedded/server/threads.ts';
import { FoilError } from '../../src/core/errors.ts';

/** The engine with the real model, in processes of its own. Weights come from the user's cache, or are fetched. */

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const template = here('../../models/chatml.jinja');
const MINUTES = 60_000;

let weights: Weights;
let dir: string;
let engine: EngineHandle;
let client: OpenAI;
let discriminator: string | null = null;

async function connect(options: Partial<ConnectOptions> = {}): Promise<EngineHandle> {
  return connectEngine({ ...weights, template, dir, graceMs: 300, ...options });
}

beforeAll(async () => {
  const work = ensureWeights();
  for (;;) {
    const step = await work.next();
    if (!step.done) continue;
    weights = step.value;
    break;
  }
  dir = await mkdtemp(join(tmpdir(), 'foil-engine-'));
  engine = await connect();
  client = new OpenAI({ baseURL: engine.baseURL, apiKey: engine.token, maxRetries: 0, timeout: 5 * MINUTES });
  const models = here('../../models');
  for (const name of await readdir(models)) {
    if (!name.startsWith('discriminator') || !existsSync(join(models, name, 'adapter.gguf'))) continue;
    await engine.loadAdapter(name, join(models, name));
    discriminator = name;
  }
}, 10 * MINUTES);
afterAll(async () => {
  await engine?.close();
  await vi.waitFor(() => expect(alive(engine.info.pid)).toBe(false), { timeout: 10_000 });
  await rm(dir, { recursive: true });
});

async function stats(of: EngineHandle = engine): Promise<EngineStats> {
  const answer = await fetch(`${of.baseURL.replace('/v1', '')}/foil/stats`, {
    headers: { authorization: `Bearer ${of.token}` },
  });
  return statsSchema.parse(await answer.json());
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function failure(work: Promise<unknown>): Promise<FoilError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FoilError);
  return error as FoilError;
}

type Message = { role: 'user' | 'assistant'; content: string };

/** A made-up session; every call with the same `topic` gives the same turns. */
function session(topic: string, turns: number): Message[] {
  return Array.from({ length: turns }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${topic} ${index}: I keep thinking about it ${'at night, '.repeat((index * 7) % 11)}and I am not sure what to do.`,
  }));
}

async function chat(messages: Message[], more: object = {}): Promise<OpenAI.ChatCompletion> {
  return client.chat.completions.create({ model: engine.info.base, messages, max_tokens: 24, seed: 11, ...more });
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
        const model = await runtime.load(weights.q4);
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
      const before = await stats();
      const more = [...messages, ...session('next', 2)];
      const answer = await chat(more, { max_tokens: 1 });
      const after = await stats();
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
          model: engine.info.base,
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
      await expect.poll(async () => (await stats()).requests.running, { timeout: 5000 }).toBe(0);
      const { evaluated } = await stats();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await stats()).evaluated).toBe(evaluated);
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

describe('discriminator', () => {
  const render = (messages: Message[]): string =>
    messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>`).join('\n');

  async function read(prompt: string): Promise<Record<string, number>> {
    const model = discriminator ?? engine.info.base;
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
      const { reused } = await stats();
      expect(await read(prompts.at(-1) ?? '')).toEqual(byTurn.at(-1));
      expect((await stats()).reused).toBe(reused);
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

describe('life of the process', () => {
  test('a second foil shares it; its files are closed to others', async () => {
    const second = await connect();
    expect(second.info).toMatchObject({ pid: engine.info.pid, started: false });
    expect((await stats()).leases).toBe(2);
    await second.close();
    await expect.poll(async () => (await stats()).leases).toBe(1);
    const files = (await readdir(dir)).filter((name) => name.endsWith('.json'));
    expect(files).toHaveLength(1);
    expect((await stat(join(dir, files[0] ?? ''))).mode & 0o777).toBe(0o600);
  });

  test(
    'it ends when its last client is killed, and takes its state file with it',
    async () => {
      const own = await mkdtemp(join(tmpdir(), 'foil-engine-'));
      const options: ConnectOptions = { ...weights, template, dir: own, graceMs: 300 };
      const child = spawn(process.execPath, ['--import', 'tsx', here('hold-lease.ts'), JSON.stringify(options)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pid = Number(
        await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data)))),
      );
      expect(alive(pid)).toBe(true);
      child.kill('SIGKILL');
      await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
      expect((await readdir(own)).filter((name) => name.endsWith('.json'))).toEqual([]);
      await rm(own, { recursive: true });
    },
    5 * MINUTES,
  );

  test(
    'one that was killed is replaced; SIGTERM ends it cleanly',
    async () => {
      const own = await mkdtemp(join(tmpdir(), 'foil-engine-'));
      const first = await connect({ dir: own });
      process.kill(first.info.pid, 'SIGKILL');
      await first.closed;
      const second = await connect({ dir: own });
      expect(second.info.pid).not.toBe(first.info.pid);
      process.kill(second.info.pid, 'SIGTERM');
      await second.closed;
      await expect.poll(() => alive(second.info.pid), { timeout: 10_000 }).toBe(false);
      expect((await readdir(own)).filter((name) => name.endsWith('.json'))).toEqual([]);
      await rm(own, { recursive: true });
    },
    5 * MINUTES,
  );

  test(
    'what cannot start says why',
    async () => {
      const own = await mkdtemp(join(tmpdir(), 'foil-engine-'));
      const taken = createServer();
      const port = await new Promise<number>((resolve) => {
        taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
      });
      const busy = await failure(connect({ dir: own, port }));
      expect([busy.code, busy.message]).toEqual(['port-in-use', `port ${port} is in use`]);
      taken.close();
      const torn = join(own, 'torn.gguf');
      await writeFile(torn, (await readFile(weights.q4)).subarray(0, 3_000_000));
      const bad = await failure(connect({ dir: own, q4: torn }));
      expect([bad.code, bad.remedy.length > 0]).toEqual(['bad-model', true]);
      expect((await failure(connect({ dir: own, template: join(own, 'none.jinja') }))).code).toBe('bad-template');
      const other = await failure(connect({ port: engine.info.port === 9 ? 10 : 9 }));
      expect(other.message).toContain(String(engine.info.port));
      await rm(own, { recursive: true });
    },
    5 * MINUTES,
  );
});
