import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EngineStats, statsSchema } from '../../src/backends/embedded/protocol.ts';
import { createApp } from '../../src/backends/embedded/server/app.ts';
import { Engine } from '../../src/backends/embedded/server/engine.ts';
import { Leases } from '../../src/backends/embedded/server/leases.ts';
import { ChatTemplate } from '../../src/backends/embedded/server/template.ts';
import { FakeModel } from './fake-model.ts';

const TEMPLATE = `{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + ('<|endoftext|>' if message['end'] else '') + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}`;

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into at one or two places each
type Json = any;

let q4: FakeModel;
let f16: FakeModel;
let server: Server;
let leases: Leases;
let base: string;
let client: OpenAI;
let left = 0;

beforeAll(async () => {
  q4 = new FakeModel('');
  f16 = new FakeModel(' real');
  const engine = await Engine.start({
    name: 'base',
    template: new ChatTemplate(TEMPLATE),
    loadQ4: async () => q4,
    loadF16: async () => f16,
    modelSha: 'a'.repeat(64),
    slots: 3,
    context: 1000,
    threads: () => ({ single: 1, batch: 1 }),
  });
  leases = new Leases({ graceMs: 40, startMs: 60_000, busy: () => false, onIdle: () => (left += 1) });
  const health = { status: 'ok' as const, instance: 'i', protocol: 1, version: '0' };
  const app = createApp({ engine, leases, token: 'secret', health });
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await new Promise((resolve) => server.once('listening', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new OpenAI({ baseURL: `${base}/v1`, apiKey: 'secret', maxRetries: 0 });
});
afterAll(() => {
  leases.disarm();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  q4.reply = 'Hello there<|im_end|>';
  q4.stepMs = 0;
});

const messages = [{ role: 'user' as const, content: 'Hi' }];

async function call(path: string, body?: unknown, token = 'secret'): Promise<{ status: number; json: Json }> {
  const answer = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

const stats = async (): Promise<EngineStats> => statsSchema.parse((await call('/foil/stats')).json);

describe('chat completions', () => {
  test('answers in OpenAI shape with vLLM stop reasons', async () => {
    const answer = await client.chat.completions.create({ model: 'base', messages, seed: 1 });
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'base' });
    expect(answer.choices[0]).toMatchObject({
      index: 0,
      message: { role: 'assistant', content: 'Hello there' },
      finish_reason: 'stop',
      stop_reason: null,
    });
    const prompt = '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n'.replaceAll(/<\|\w+\|>/gu, 's').length;
    expect(answer.usage).toMatchObject({ prompt_tokens: prompt, completion_tokens: 12, total_tokens: prompt + 12 });
  });

  test('streams the same text, with usage when asked, and [DONE]', async () => {
    const stream = await client.chat.completions.create({
      model: 'base',
      messages,
      n: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts = ['', ''];
    const ends: unknown[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      usage ??= chunk.usage;
      for (const choice of chunk.choices) {
        texts[choice.index] += choice.delta.content ?? '';
        if (choice.finish_reason) ends.push([choice.index, choice.finish_reason]);
      }
    }
    expect(texts).toEqual(['Hello there', 'Hello there']);
    expect(ends).toEqual([
      [0, 'stop'],
      [1, 'stop'],
    ]);
    expect(usage?.completion_tokens).toBe(24);
    const raw = await fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret' },
      body: JSON.stringify({ model: 'base', messages, stream: true }),
    });
    expect(raw.headers.get('content-type')).toContain('text/event-stream');
    expect((await raw.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('a stop token gives its id, a stop string itself, max_tokens length; no special token shows', async () => {
    q4.reply = 'Bye<|endoftext|>';
    const ended = await call('/v1/chat/completions', { model: 'base', messages, stop_token_ids: [0] });
    expect(ended.json.choices[0]).toMatchObject({ message: { content: 'Bye' }, finish_reason: 'stop', stop_reason: 0 });
    q4.reply = 'one two three<|im_end|>';
    const cut = await call('/v1/chat/completions', { model: 'base', messages, stop: [' two'] });
    expect(cut.json.choices[0]).toMatchObject({ message: { content: 'one' }, stop_reason: ' two' });
    const short = await call('/v1/chat/completions', { model: 'base', messages, max_completion_tokens: 5 });
    expect(short.json.choices[0]).toMatchObject({
      message: { content: 'one t' },
      finish_reason: 'length',
      stop_reason: null,
    });
    q4.reply = 'a<|im_start|>b<|im_end|>';
    expect((await call('/v1/chat/completions', { model: 'base', messages })).json.choices[0].message.content).toBe(
      'ab',
    );
  });

  test('logprobs, text parts, an ended session, a message to go on with', async () => {
    const logprobs = await call('/v1/chat/completions', {
      model: 'base',
      messages,
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 1,
    });
    const [entry] = logprobs.json.choices[0].logprobs.content;
    expect(entry).toMatchObject({ token: 'H', bytes: [72] });
    expect(entry.logprob).toBeCloseTo(Math.log(0.9));
    expect(entry.top_logprobs).toHaveLength(2);
    const rendered = async (body: object): Promise<string> => {
      q4.batches.length = 0;
      await call('/v1/chat/completions', { model: 'base', max_tokens: 1, ...body });
      return q4.batches
        .flat()
        .map((token) => q4.piece(token))
        .join('');
    };
    const parts = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'q' },
          { type: 'text', text: 'r' },
        ],
      },
    ];
    expect(await rendered({ messages: parts })).toContain('user\nqr<|im_end|>');
    expect(await rendered({ messages: [{ role: 'assistant', content: 'z', end: true }] })).toContain(
      'z<|endoftext|><|im_end|>',
    );
    const open = [...messages, { role: 'assistant', content: 'I was' }];
    expect(await rendered({ messages: open, continue_final_message: true })).toMatch(/assistant\nI was$/u);
  });

  test('a client that leaves stops the computing', async () => {
    q4.reply = 'x'.repeat(900);
    q4.stepMs = 5;
    const abort = new AbortController();
    const { requests } = await stats();
    const stream = await client.chat.completions.create(
      { model: 'base', messages, stream: true, max_tokens: 900 },
      { signal: abort.signal },
    );
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) break;
    }
    abort.abort();
    await expect
      .poll(async () => (await stats()).requests, { timeout: 2000 })
      .toEqual({
        running: 0,
        finished: requests.finished,
        aborted: requests.aborted + 1,
      });
    const { evaluated } = await stats();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await stats()).evaluated).toBe(evaluated);
    expect((await stats()).slots.every((slot) => !slot.busy)).toBe(true);
  });
});

test('a client that leaves a request without a stream stops it too', async () => {
  q4.reply = 'x'.repeat(900);
  q4.stepMs = 5;
  const { aborted } = (await stats()).requests;
  const leave = AbortSignal.timeout(60);
  const asked = client.chat.completions.create({ model: 'base', messages, max_tokens: 900 }, { signal: leave });
  await expect(asked).rejects.toThrow();
  await expect
    .poll(async () => (await stats()).requests, { timeout: 2000 })
    .toMatchObject({ running: 0, aborted: aborted + 1 });
});

describe('completions', () => {
  test('reads a discriminator: text with special tokens in, labels out', async () => {
    q4.reply = 'A';
    const { json } = await call('/v1/completions', {
      model: 'base',
      prompt: '<|im_start|>user\nHi<|im_end|>',
      max_tokens: 1,
      temperature: 0,
      logprobs: 5,
    });
    expect(json).toMatchObject({ object: 'text_completion', usage: { prompt_tokens: 9, completion_tokens: 1 } });
    const { logprobs, text, finish_reason } = json.choices[0];
    expect({ text, finish_reason }).toEqual({ text: 'A', finish_reason: 'length' });
    expect(logprobs).toMatchObject({ tokens: ['A'], text_offset: [0] });
    expect(logprobs.top_logprobs[0].A).toBeCloseTo(Math.log(0.9));
  });

  test('several prompts, token ids, n, and a stream', async () => {
    const many = await call('/v1/completions', { model: 'base', prompt: ['a', 'b'], n: 2, max_tokens: 3 });
    expect(many.json.choices.map((choice: { index: number; text: string }) => [choice.index, choice.text])).toEqual(
      [0, 1, 2, 3].map((index) => [index, 'Hel']),
    );
    const ids = await call('/v1/completions', { model: 'base', prompt: [72, 105], max_tokens: 2 });
    expect(ids.json.usage.prompt_tokens).toBe(2);
    const stream = await client.completions.create({ model: 'base', prompt: 'a', max_tokens: 4, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('Hell');
  });
});

describe('what is wrong is told in OpenAI shape', () => {
  const cases: [string, string, unknown, number, string | null, RegExp][] = [
    ['no JSON', '/v1/chat/completions', '{', 400, null, /not JSON/u],
    ['no messages', '/v1/chat/completions', { model: 'base' }, 400, 'messages', /messages/u],
    ['an empty list', '/v1/chat/completions', { model: 'base', messages: [] }, 400, 'messages', /messages/u],
    [
      'a role',
      '/v1/chat/completions',
      { model: 'base', messages: [{ role: 'tool', content: '' }] },
      400,
      'messages.0.role',
      /role/u,
    ],
    [
      'a picture',
      '/v1/chat/completions',
      { model: 'base', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      'messages.0.content',
      /text/u,
    ],
    [
      'a temperature',
      '/v1/chat/completions',
      { model: 'base', messages, temperature: -1 },
      400,
      'temperature',
      /temperature/u,
    ],
    ['n', '/v1/chat/completions', { model: 'base', messages, n: 0 }, 400, 'n', /n:/u],
    ['an unknown model', '/v1/chat/completions', { model: 'x', messages }, 404, 'model', /base/u],
    ['a prompt', '/v1/completions', { model: 'base', prompt: 3 }, 400, 'prompt', /string/u],
    ['an empty prompt', '/v1/completions', { model: 'base', prompt: '' }, 400, 'prompt', /empty/u],
    ['echo', '/v1/completions', { model: 'base', prompt: 'a', echo: true }, 400, 'echo', /not supported/u],
    [
      'too long',
      '/v1/completions',
      { model: 'base', prompt: 'x'.repeat(990), max_tokens: 20 },
      400,
      'prompt',
      /1000 tokens.*1010 tokens/u,
    ],
    ['no prompt', '/tokenize', {}, 400, 'prompt', /messages/u],
    ['no route', '/v1/nothing', {}, 404, null, /POST \/v1\/nothing/u],
  ];
  test.each(cases)('%s', async (_, path, body, status, param, message) => {
    const answer = await call(path, body);
    expect({ status: answer.status, param: answer.json.error.param || null }).toEqual({ status, param });
    expect(answer.json.error.message).toMatch(message);
    expect(answer.json.error).toHaveProperty('type');
    expect(answer.json.error).toHaveProperty('code');
  });

  test('no token, no answer; health needs none', async () => {
    expect((await call('/v1/models', undefined, 'wrong')).status).toBe(401);
    expect((await fetch(`${base}/v1/models`)).status).toBe(401);
    expect((await fetch(`${base}/foil/lease`)).status).toBe(401);
    expect(await (await fetch(`${base}/health`)).json()).toEqual({
      status: 'ok',
      instance: 'i',
      protocol: 1,
      version: '0',
    });
  });

  test('a failure in mid-stream arrives as an event', async () => {
    const failing = q4.text;
    q4.text = () => {
      throw new Error('out of order');
    };
    const log = console.error;
    console.error = () => undefined;
    try {
      const stream = await client.chat.completions.create({ model: 'base', messages, stream: true });
      await expect(async () => {
        for await (const _ of stream);
      }).rejects.toThrow(/out of order/u);
    } finally {
      q4.text = failing;
      console.error = log;
    }
    expect((await client.chat.completions.create({ model: 'base', messages })).choices[0]?.message.content).toBe(
      'Hello there',
    );
  });
});

describe('models and adapters', () => {
  async function adapter(kind: string, change: (card: Json) => void = () => undefined, gguf = 'lora'): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'foil-adapter-'));
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
    const card = {
      schema: 1,
      name: 'x',
      kind,
      base: { name: 'base', gguf_sha256: 'a'.repeat(64) },
      adapter: { rank: 8, alpha: 16, gguf_sha256: sha(gguf) },
      template: { file: 'template.jinja', sha256: sha(TEMPLATE) },
    };
    change(card);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'adapter.gguf'), gguf);
    await writeFile(join(dir, 'template.jinja'), TEMPLATE);
    await writeFile(join(dir, 'card.json'), JSON.stringify(card));
    return dir;
  }
  const load = (name: string, path: string) => call('/v1/load_lora_adapter', { lora_name: name, lora_path: path });

  test('a simulator runs on the quantised weights, a discriminator on F16, and both can be unloaded', async () => {
    const dir = await adapter('simulator');
    expect((await load('sim', dir)).status).toBe(200);
    expect((await load('disc', await adapter('discriminator'))).status).toBe(200);
    expect(q4.opened.at(-1)?.lora).toBe(join(dir, 'adapter.gguf'));
    expect(f16.opened.at(-1)?.lora).toMatch(/adapter\.gguf$/u);
    const { json } = await call('/v1/models');
    expect(json.data.map((model: Json) => [model.id, model.parent, model.precision, model.max_model_len])).toEqual([
      ['base', null, 'q4_1', 1000],
      ['sim', 'base', 'q4_1', 1000],
      ['disc', 'base', 'f16', 1000],
    ]);
    expect((await call('/v1/completions', { model: 'disc', prompt: 'a', max_tokens: 2 })).json.choices[0].text).toBe(
      ' r',
    );
    // the same again changes nothing
    const before = q4.opened.length;
    expect((await load('sim', dir)).status).toBe(200);
    expect(q4.opened.length).toBe(before);
    expect((await call('/v1/unload_lora_adapter', { lora_name: 'disc' })).status).toBe(200);
    expect((await call('/v1/completions', { model: 'disc', prompt: 'a' })).status).toBe(404);
    expect((await call('/v1/unload_lora_adapter', { lora_name: 'base' })).status).toBe(400);
  });

  const bad: [string, () => Promise<string>, RegExp][] = [
    ['nothing there', async () => '/no/such/adapter', /no such file/u],
    [
      'a changed GGUF',
      () => adapter('simulator', (card) => (card.adapter.gguf_sha256 = 'b'.repeat(64))),
      /expected bbbb/u,
    ],
    [
      'a changed template',
      () => adapter('simulator', (card) => (card.template.sha256 = 'c'.repeat(64))),
      /template\.jinja.*expected cccc/u,
    ],
    ['another base', () => adapter('simulator', (card) => (card.base.gguf_sha256 = 'd'.repeat(64))), /another base/u],
    ['a card without kind', () => adapter('simulator', (card) => delete card.kind), /card is not valid/u],
  ];
  test.each(bad)('%s is refused with a reason', async (_, make, message) => {
    const { status, json } = await load('broken', await make());
    expect(status).toBe(400);
    expect(json.error.message).toMatch(message);
    expect((await call('/v1/models')).json.data.map((model: Json) => model.id)).not.toContain('broken');
  });

  test('what llama.cpp cannot read is refused at loading', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'foil-adapter-'));
    await writeFile(join(dir, 'broken.gguf'), 'x');
    expect((await load('broken', join(dir, 'broken.gguf'))).json.error.message).toMatch(/llama\.cpp cannot use/u);
  });

  test('tokenize counts text and messages', async () => {
    expect((await call('/tokenize', { prompt: 'abc', add_special_tokens: false })).json).toEqual({
      count: 3,
      tokens: [97, 98, 99],
      max_model_len: 1000,
    });
    expect((await call('/tokenize', { messages, add_generation_prompt: false })).json.count).toBe(10);
  });
});

test('a lease is held while its connection lives', async () => {
  const abort = new AbortController();
  const answer = await fetch(`${base}/foil/lease`, {
    headers: { authorization: 'Bearer secret' },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  expect((await stats()).leases).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(left).toBe(0);
  abort.abort();
  await expect.poll(() => left, { timeout: 2000 }).toBe(1);
});
