import { describe, expect, it, vi } from 'vitest';
import { collect, modelAt, REQUEST, says } from './asking.ts';
import { type Answer, type Asked, chunk, endpointOf, json, openServer, stream } from './server.ts';

describe('a stream that breaks', () => {
  it('in mid-reply has given what had arrived', async () => {
    const { base, asked } = await openServer((_, response) => {
      stream(response).write(chunk(0, 'I feel ') + chunk(0, 'so'));
      setTimeout(() => response.destroy(), 30);
    });
    const { deltas, choices, error } = await collect(modelAt(base));
    expect(deltas).toEqual(['I feel so']);
    expect(choices).toEqual([]);
    expect(error).toMatchObject({
      name: 'FoilError',
      code: 'stream-cut',
      message: expect.stringContaining('my-server'),
    });
    expect(asked).toHaveLength(1);
  });

  it('because its server is killed is the same', async () => {
    const server = await openServer((_, response) => {
      stream(response).write(chunk(0, 'I feel '));
      setTimeout(() => server.kill(), 30);
    });
    const { deltas, error } = await collect(modelAt(server.base));
    expect(deltas).toEqual(['I feel ']);
    expect(error).toMatchObject({ code: 'stream-cut' });
    expect((await collect(modelAt(server.base))).error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('politely, without a finish_reason, is cut too', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).end(`${chunk(0, 'I feel ')}data: [DONE]\n\n`);
    });
    const { deltas, choices, error } = await collect(modelAt(base));
    expect([deltas, choices]).toEqual([['I feel '], []]);
    expect(error).toMatchObject({ code: 'stream-cut' });
  });

  it('after its last word does no harm', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).write(chunk(0, 'Fine.', 'stop'));
      setTimeout(() => response.destroy(), 30);
    });
    const { choices, error } = await collect(modelAt(base));
    expect(error).toBeNull();
    expect(choices).toMatchObject([{ text: 'Fine.' }]);
  });

  it('by silence is given up after timeout_s', async () => {
    const { base, asked } = await openServer((_, response) => {
      stream(response).write(chunk(0, 'I '));
    });
    const { deltas, error } = await collect(modelAt(base, { endpoint: endpointOf(base, { timeoutMs: 1500 }) }));
    expect(deltas).toEqual(['I ']);
    expect(error).toMatchObject({ code: 'stream-cut', message: expect.stringContaining('1.5 s') });
    await asked[0]?.dropped;
  });

  it('with an error object says what the server said', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).end(`${chunk(0, 'I ')}data: {"error": "CUDA out of \\u001b[31mmemory"}\n\n`);
    });
    const { deltas, error } = await collect(modelAt(base));
    expect(deltas).toEqual(['I ']);
    expect(error).toMatchObject({ code: 'endpoint-failed', message: expect.stringContaining('CUDA out of') });
    expect((error as Error).message).not.toContain('\u001b');
  });

  it('with what is no JSON is cut there: some servers do not escape their errors', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).end(`${chunk(0, 'I ')}data: {"error": "no "that" here"}\n\n`);
    });
    expect(await collect(modelAt(base))).toMatchObject({ deltas: ['I '], error: { code: 'stream-cut' } });
  });

  it.each([
    ['no JSON', 'data: {"choices": [\n\n'],
    ['another shape', 'data: {"choices": "none"}\n\n'],
  ])('with %s is no answer of the API', async (_, line) => {
    const { base } = await openServer((__, response) => {
      stream(response).end(line);
    });
    const write = vi.spyOn(console, 'error');
    expect((await collect(modelAt(base))).error).toMatchObject({ code: 'bad-answer' });
    expect(write).not.toHaveBeenCalled();
  });

  it('because nobody listens any more ends the request', async () => {
    const { base, asked } = await openServer((_, response) => {
      stream(response).write(chunk(0, 'I ') + chunk(0, 'go on'));
    });
    for await (const event of modelAt(base).generate(REQUEST, new AbortController().signal)) {
      expect(event).toMatchObject({ type: 'delta' });
      break;
    }
    await asked[0]?.dropped;
  });
});

describe('a cancelled reply', () => {
  const untilAborted: [string, Answer][] = [
    ['in mid-reply', (_, response) => void stream(response).write(chunk(0, 'I '))],
    ['before the first byte', () => undefined],
    ['while a retry is waited for', (_, response) => json(response, {}, 429, { 'retry-after': '30' })],
  ];
  it.each(untilAborted)('%s rejects with the reason of the signal, and the server sees it', async (_, answer) => {
    const controller = new AbortController();
    const { base, asked } = await openServer((request, response) => {
      setTimeout(() => controller.abort(), 100);
      return answer(request, response);
    });
    const { error } = await collect(modelAt(base), {}, controller.signal);
    expect(error).toBe(controller.signal.reason);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(asked).toHaveLength(1);
    if (answer !== untilAborted[2]?.[1]) await (asked[0] as Asked).dropped;
  });

  it('is not asked for if the signal fired before', async () => {
    const { base, asked } = await openServer(says('Hi'));
    expect((await collect(modelAt(base), {}, AbortSignal.abort())).error).toMatchObject({ name: 'AbortError' });
    expect(asked).toEqual([]);
  });
});
