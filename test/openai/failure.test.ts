import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { OpenAIChatModel } from '../../src/backends/openai/chat.ts';
import type { Endpoint } from '../../src/backends/openai/client.ts';
import { type FoilError, formatError } from '../../src/core/errors.ts';
import { type Answer, chunk, endpointOf, json, openServer, stream } from './server.ts';

const KEY = 'sk-test-0123456789abcdef';

async function failureOf(endpoint: Endpoint, signal = new AbortController().signal): Promise<FoilError> {
  const model = new OpenAIChatModel({
    ...{ name: 'tester', model: 'org/model', sampling: {}, system: null, flip: true, window: null },
    ...{ end: { tokenId: null, marker: null }, endpoint },
  });
  const request = { messages: [{ role: 'user', content: 'Hello' }], n: 1, seed: 1, sampling: {} } as const;
  try {
    for await (const _ of model.generate(request, signal));
  } catch (error) {
    return error as FoilError;
  }
  throw new Error('no error');
}

const refuses =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_: unknown, response: ServerResponse): void =>
    json(response, body, status, { 'x-should-retry': 'false', ...headers });

const openAI = (message: string, code: string | null = null) => ({ error: { message, type: 'x', code } });

describe('a refusal', () => {
  it.each<[string, Answer, string, RegExp]>([
    ['401', refuses(401, openAI(`Incorrect API key provided: ${KEY}`)), 'not-authorised', /MY_KEY/],
    ['403', refuses(403, openAI('no')), 'not-authorised', /MY_KEY/],
    ['404 of a model', refuses(404, openAI('The model `org/model` does not exist')), 'no-model', /org\/model.*\/v1/s],
    ['404 of a route', refuses(404, { detail: 'Not Found' }), 'no-model', /Not Found.*base_url/s],
    ['429', refuses(429, openAI('slow down'), { 'retry-after': '90' }), 'rate-limited', /90 s/],
    ['500', refuses(500, openAI('CUDA error')), 'endpoint-failed', /HTTP 500 CUDA error.*log of the server/s],
    ['500 as a page', (_, response) => void response.writeHead(500).end('<h1>\nOops</h1>'), 'endpoint-failed', /Oops/],
    ['422 of FastAPI', refuses(422, { detail: "Unexpected fields: {'top_k'}" }), 'endpoint-failed', /top_k.*dialect/s],
    ['422 with a list', refuses(422, { detail: [{ loc: ['body', 'seed'] }] }), 'endpoint-failed', /seed/],
    [
      '400',
      refuses(400, { object: 'error', message: 'temperature must be at most 2' }),
      'endpoint-failed',
      /at most 2/,
    ],
  ])('with %s', async (_, answer, code, says) => {
    const { base } = await openServer(answer);
    const error = await failureOf(endpointOf(base, { key: KEY, keyName: 'MY_KEY' }));
    expect(error).toMatchObject({ name: 'FoilError', code });
    expect(formatError(error)).toMatch(says);
    expect(error.remedy.length).toBeGreaterThan(0);
  });

  it.each([
    [400, openAI("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.")],
    [400, openAI('too many', 'context_length_exceeded')],
    [400, openAI('The decoder prompt (length 3000) is longer than the maximum model length of 2048.')],
    [400, openAI('the request exceeds the available context size, try increasing it')],
    [422, { error: '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000', error_type: 'validation' }],
    [413, { detail: 'Payload Too Large' }],
  ])('of a prompt that does not fit is told apart (%i)', async (status, body) => {
    const { base } = await openServer(refuses(status, body));
    expect(await failureOf(endpointOf(base))).toMatchObject({ code: 'prompt-too-long' });
  });

  it('never repeats the key, in no message, cause or field', async () => {
    for (const status of [400, 401, 404, 429, 500]) {
      const { base } = await openServer(refuses(status, openAI(`who is ${KEY}?`), { 'x-echo': KEY }));
      const error = await failureOf(endpointOf(base, { key: KEY, keyName: 'MY_KEY' }));
      expect(inspect(error, { depth: 9 })).not.toContain(KEY);
      expect(JSON.stringify(error)).not.toContain(KEY);
    }
  });

  it('is no whole page, and nothing in it reaches the terminal as an order', async () => {
    const { base } = await openServer(refuses(500, openAI(`\u001b]0;owned\u0007${'x'.repeat(100_000)}`)));
    const error = await failureOf(endpointOf(base));
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).not.toMatch(/[\u0000-\u001f]/u);
  });
});

describe('a server that asks to wait', () => {
  it('is asked again when it said', async () => {
    const at: number[] = [];
    const { base } = await openServer((_, response) => {
      at.push(performance.now());
      if (at.length === 1) json(response, openAI('slow down'), 429, { 'retry-after': '1' });
      else stream(response).end(chunk(0, 'Hi', 'stop'));
    });
    await expect(failureOf(endpointOf(base))).rejects.toThrow('no error');
    expect(at).toHaveLength(2);
    expect(at[1]! - at[0]!).toBeGreaterThan(950);
  });

  it('and never has time is told as such', async () => {
    const { base, asked } = await openServer((_, response) => {
      json(response, openAI('slow down'), 429, { 'retry-after-ms': '1' });
    });
    expect(await failureOf(endpointOf(base))).toMatchObject({ code: 'rate-limited' });
    expect(asked).toHaveLength(3);
  });
});

describe('a wrong base_url', () => {
  it('to a port where nothing listens', async () => {
    const { base, kill } = await openServer(() => undefined);
    kill();
    const error = await failureOf(endpointOf(base));
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(formatError(error)).toMatch(/my-server does not answer .*ECONNREFUSED.*foil doctor/s);
  });

  it('to a web page', async () => {
    const { base } = await openServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Welcome</p>');
    });
    const error = await failureOf(endpointOf(`${base}?token=hush`));
    expect(error).toMatchObject({ code: 'bad-answer' });
    expect(formatError(error)).toContain(`(${base})`);
    expect(formatError(error)).not.toContain('hush');
  });
});

describe('what is sent', () => {
  it('has the key of the server, and nothing of the variables that are for OpenAI', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-openai');
    vi.stubEnv('OPENAI_ORG_ID', 'org-secret');
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-secret');
    const { base, asked } = await openServer(refuses(500, {}));
    await failureOf(endpointOf(base, { key: KEY }));
    await failureOf(endpointOf(base));
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`, 'Bearer none']);
    expect(JSON.stringify(asked.map(({ headers }) => headers))).not.toMatch(/of-openai|secret/);
  });

  it('is never logged, even if OPENAI_LOG asks for it: the console is the screen', async () => {
    vi.stubEnv('OPENAI_LOG', 'debug');
    const spies = (['log', 'debug', 'info', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name));
    const { base } = await openServer(refuses(500, {}));
    await failureOf(endpointOf(base, { key: KEY }));
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });
});

describe('our own engine', () => {
  it('starts again: nobody is sent to foil.yaml', async () => {
    const { base, kill } = await openServer(() => undefined);
    kill();
    const error = await failureOf(endpointOf(base, { server: 'the embedded engine', own: true }));
    expect(formatError(error)).toMatch(/retry: Foil starts its engine again/);
    expect(formatError(error)).not.toContain('base_url');
  });
});
