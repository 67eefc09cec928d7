import { describe, expect, it } from 'vitest';
import { retryAfter } from '../../src/backends/openai/retry.ts';
import type { Retry, Usage } from '../../src/core/ports.ts';
import { collect, modelAt, says } from './asking.ts';
import { type Answer, chunk, endpointOf, json, openServer, stream } from './server.ts';

/** Answers each attempt in its own way, the last one from then on. */
const inTurn = (...answers: Answer[]): Answer => {
  let at = 0;
  return (asked, response) => (answers[Math.min(at++, answers.length - 1)] as Answer)(asked, response);
};
const refuses =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    json(response, { error: { message: 'no' } }, status, headers);
const resets: Answer = (_, response) => void response.socket?.resetAndDestroy();
const cuts: Answer = (_, response) => {
  stream(response).write(chunk(0, 'half a '));
  setTimeout(() => response.destroy(), 5);
};
const ends: Answer = (_, response) => void stream(response).end(chunk(0, 'half a '));

async function whole(...answers: Answer[]) {
  const { base, asked } = await openServer(inTurn(...answers));
  const retries: Retry[] = [];
  const got = await collect(modelAt(base), { whole: true, onRetry: (retry) => retries.push(retry) });
  return { ...got, asked, retries };
}

describe('a reply that nobody sees before it is whole', () => {
  it.each<[string, Answer, string]>([
    ['a 429', refuses(429, { 'retry-after-ms': '5' }), 'rate-limited'],
    ['a 500', refuses(500), 'endpoint-failed'],
    ['a 503', refuses(503), 'endpoint-failed'],
    ['a lost connection', resets, 'unreachable'],
    ['a stream cut short', cuts, 'stream-cut'],
    ['a stream that ends before the reply', ends, 'stream-cut'],
  ])('is asked for again after %s, and has nothing of the one before', async (_, answer, code) => {
    const { choices, deltas, error, asked, retries } = await whole(answer, answer, says('All of it.'));
    expect(error).toBeNull();
    expect(deltas).toEqual([]);
    expect(choices).toMatchObject([{ text: 'All of it.' }]);
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(retries.map((retry) => retry.code)).toEqual([code, code]);
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it.each([400, 401, 404, 422])('is given up after a %i', async (status) => {
    const { error, asked } = await whole(refuses(status));
    expect(error).toMatchObject({ name: 'FoilError' });
    expect(asked).toHaveLength(1);
  });

  it('is given up where the money is gone', async () => {
    const broke: Answer = (_, response) =>
      json(response, { error: { message: 'quota', code: 'insufficient_quota' } }, 429);
    expect((await whole(broke)).asked).toHaveLength(1);
  });

  it('is waited for as long as the server asks, by the second or by a date', async () => {
    const begun = performance.now();
    expect((await whole(refuses(429, { 'retry-after': '0.4' }), says('Hi'))).error).toBeNull();
    expect(performance.now() - begun).toBeGreaterThan(390);
    const { retries } = await whole(
      refuses(503, { 'retry-after': new Date(Date.now() + 2000).toUTCString() }),
      says('Hi'),
    );
    expect(retries[0]?.waitMs).toBeGreaterThan(500);
  });

  it('ends the wait when it is cancelled', async () => {
    const { base } = await openServer(refuses(429, { 'retry-after': '60' }));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const { error } = await collect(modelAt(base), { whole: true }, controller.signal);
    expect(error).toBe(controller.signal.reason);
  });
});

it('reads Retry-After as the RFC has it', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  expect(retryAfter(null, '3', now)).toBe(3000);
  expect(retryAfter(null, 'Sun, 22 Nov 2026 10:00:30 GMT', now)).toBe(30_000);
  expect(retryAfter(null, 'Sun, 22 Nov 2026 09:00:00 GMT', now)).toBe(0);
  expect(retryAfter('250', '3', now)).toBe(250);
  expect(retryAfter(null, 'soon', now)).toBeNull();
  expect(retryAfter(null, null, now)).toBeNull();
});

it('gets no more requests at once than its endpoint may', async () => {
  let [now, most] = [0, 0];
  const { base } = await openServer(async (asked, response) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 20));
    now -= 1;
    await says('Hi')(asked, response);
  });
  const model = modelAt(base, { endpoint: endpointOf(base, { atOnce: 3 }) });
  await Promise.all(Array.from({ length: 12 }, () => collect(model, { whole: true })));
  expect(most).toBe(3);
});

describe('usage', () => {
  const counted: Answer = (asked, response) => {
    const usage = asked.body['stream_options'] ? { prompt_tokens: 30, completion_tokens: 2 } : null;
    stream(response).end(
      `${chunk(0, 'Hi', 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`,
    );
  };

  it('is asked for where somebody counts, and only there', async () => {
    const { base, asked } = await openServer(counted);
    const usages: Usage[] = [];
    await collect(modelAt(base), { onUsage: (usage) => usages.push(usage) });
    await collect(modelAt(base));
    expect(usages).toEqual([{ prompt: 30, completion: 2 }]);
    expect(asked.map(({ body }) => body['stream_options'])).toEqual([{ include_usage: true }, undefined]);
  });
});
