import { describe, expect, test } from 'vitest';
import { serveFake } from './fake-server.ts';

const { q4, base, client, call, messages } = await serveFake();

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
    ['no prompts', '/v1/completions', { model: 'base', prompt: [] }, 400, 'prompt', /list of strings/u],
    ['a strange token', '/v1/completions', { model: 'base', prompt: [7, 1e9] }, 400, 'prompt', /no token 1000000000/u],
    ['echo', '/v1/completions', { model: 'base', prompt: 'a', echo: true }, 400, 'echo', /not supported/u],
    [
      'too long',
      '/v1/completions',
      { model: 'base', prompt: 'x'.repeat(990), max_tokens: 20 },
      400,
      'prompt',
      /1000 tokens.*1010 tokens/u,
    ],
    ['no input', '/v1/embeddings', { model: 'base' }, 400, 'input', /input/u],
    ['no inputs', '/v1/embeddings', { model: 'base', input: [] }, 400, 'input', /1 to 2048/u],
    ['an empty input', '/v1/embeddings', { model: 'base', input: ['a', ''] }, 400, 'input.1', /empty/u],
    ['a long input', '/v1/embeddings', { model: 'base', input: 'a'.repeat(513) }, 400, 'input', /513 tokens.*512/u],
    ['a strange id', '/v1/embeddings', { model: 'base', input: [[7], [1e9]] }, 400, 'input.1', /no token/u],
    ['dimensions', '/v1/embeddings', { model: 'base', input: 'a', dimensions: 2 }, 400, 'dimensions', /not supported/u],
    [
      'a format',
      '/v1/embeddings',
      { model: 'base', input: 'a', encoding_format: 'x' },
      400,
      'encoding_format',
      /float/u,
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
