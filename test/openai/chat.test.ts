import { describe, expect, it } from 'vitest';
import { collect, modelAt, REQUEST, says } from './asking.ts';
import { chunk, drip, endpointOf, json, openServer, stream } from './server.ts';

describe('a reply', () => {
  it.each([1, 2, 3, 7, 1000])('arrives whole in pieces of %i bytes', async (size) => {
    const text = 'Zoë: “naïve” 👩‍👩‍👧 日本語';
    const { base } = await openServer(async (_, response) => {
      stream(response);
      const head = ': a comment\r\n\r\n'.concat('data: {"choices":[],"usage":null}\n\n');
      await drip(response, head + [...text].map((one) => chunk(0, one)).join('') + chunk(0, '', 'stop'), size);
      response.end('data: [DONE]\n\n');
    });
    const { deltas, choices, error } = await collect(modelAt(base));
    expect(error).toBeNull();
    expect(deltas).toEqual([text]);
    expect(choices).toEqual([{ type: 'choice', index: 0, text, end: false, cut: false }]);
  });

  it('is not asked to go on from nothing, where no template makes a prompt of that', async () => {
    const { base, asked } = await openServer(says('hello'));
    const { error } = await collect(modelAt(base), { messages: [] });
    expect(error).toMatchObject({
      code: 'empty-prompt',
      remedy: [expect.stringContaining('system'), expect.anything()],
    });
    expect(asked).toEqual([]);
    const own = modelAt(base, { endpoint: endpointOf(base, { dialect: 'vllm' }) });
    expect((await collect(own, { messages: [] })).error).toBeNull();
  });

  it('needs no [DONE], no role and no finish chunk of its own', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).end(`data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n`);
    });
    expect((await collect(modelAt(base))).choices).toMatchObject([{ text: 'Hi' }]);
  });

  it('is asked for with what the OpenAI API names and nothing more', async () => {
    const { base, asked } = await openServer(says('Hi'));
    await collect(modelAt(base));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
    expect(asked[0]?.body).toEqual({
      model: 'org/model',
      stream: true,
      seed: 40,
      temperature: 0.7,
      max_tokens: 20,
      messages: REQUEST.messages,
    });
  });

  it('takes top_k and min_p to an openai server only if they were set, and stop_token_ids never', async () => {
    const { base, asked } = await openServer(says('Hi'));
    await collect(modelAt(base, { end: { tokenId: 0, marker: null } }), { sampling: { top_k: 5, min_p: 0.1 } });
    expect(asked[0]?.body).toMatchObject({ top_k: 5, min_p: 0.1 });
    expect(asked[0]?.body).not.toHaveProperty('stop_token_ids');
  });

  it('is said to be gone on with only to a server that knows that field', async () => {
    const { base, asked } = await openServer(says('Hi'));
    const endpoint = endpointOf(base, { keepsReplies: true });
    await collect(modelAt(base), { keepReply: true });
    await collect(modelAt(base, { endpoint }), { keepReply: true });
    await collect(modelAt(base, { endpoint }));
    expect(asked.map(({ body }) => body['keep_reply'])).toEqual([undefined, true, undefined]);
  });

  it('that ran into max_tokens is cut', async () => {
    const { base } = await openServer(says('and then I', 'length'));
    expect((await collect(modelAt(base))).choices).toMatchObject([{ text: 'and then I', cut: true, end: false }]);
  });

  it('is asked for again with max_completion_tokens where max_tokens is refused, and then at once', async () => {
    const { base, asked } = await openServer((request, response) => {
      if (!('max_tokens' in request.body)) return says('Hi')(request, response);
      const message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
      json(response, { error: { message, code: 'unsupported_parameter' } }, 400);
    });
    for (let i = 0; i < 2; i += 1) expect((await collect(modelAt(base))).choices).toMatchObject([{ text: 'Hi' }]);
    expect(asked.map(({ body }) => [body['max_tokens'], body['max_completion_tokens']])).toEqual([
      [20, undefined],
      [undefined, 20],
      [undefined, 20],
    ]);
  });
});

describe('an answer in JSON', () => {
  const answer = { name: 'answer', schema: { type: 'object' } };
  const formats = (asked: { body: Record<string, unknown> }[]) => asked.map(({ body }) => body['response_format']);

  it('is asked for by its schema, and only where one is given', async () => {
    const { base, asked } = await openServer(says('{}'));
    await collect(modelAt(base), { answer });
    await collect(modelAt(base));
    expect(formats(asked)).toEqual([
      { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
      undefined,
    ]);
  });

  it('is asked for without it where the server does not know it, and then at once', async () => {
    const { base, asked } = await openServer((request, response) => {
      if (!('response_format' in request.body)) return says('{}')(request, response);
      json(response, { error: { message: "'response_format.type' must be 'text'" } }, 400);
    });
    for (let i = 0; i < 2; i += 1)
      expect((await collect(modelAt(base), { answer })).choices).toMatchObject([{ text: '{}' }]);
    expect(formats(asked).map((format) => format !== undefined)).toEqual([true, false, false]);
  });
});

describe('alternatives', () => {
  it('are n requests with seeds from seed on, on an openai server', async () => {
    const { base, asked } = await openServer((request, response) =>
      says(`seed ${request.body['seed']}`)(request, response),
    );
    const { deltas, choices } = await collect(modelAt(base), { n: 3 });
    expect(deltas).toEqual(['seed 40', 'seed 41', 'seed 42']);
    expect(choices).toMatchObject([0, 1, 2].map((index) => ({ index, text: `seed ${40 + index}` })));
    for (const { body } of asked) expect(body).not.toHaveProperty('n');
  });

  it('are one request in the vllm dialect, in the order of their seeds whichever is finished first', async () => {
    const { base, asked } = await openServer((_, response) => {
      stream(response);
      response.write(chunk(2, 'C') + chunk(0, 'A') + chunk(2, 'c') + chunk(2, '', 'stop') + chunk(1, 'B'));
      response.end(chunk(1, 'b', 'length') + chunk(0, 'a', 'stop') + chunk(7, 'not asked for', 'stop'));
    });
    const model = modelAt(base, { endpoint: endpointOf(base, { dialect: 'vllm' }) });
    const { deltas, choices } = await collect(model, { n: 3 });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body).toMatchObject({ n: 3, seed: 40 });
    expect(deltas).toEqual(['Aa', 'Bb', 'Cc']);
    expect(choices).toMatchObject([
      { index: 0, text: 'Aa', cut: false },
      { index: 1, text: 'Bb', cut: true },
      { index: 2, text: 'Cc', cut: false },
    ]);
  });
});

describe('the end of a session', () => {
  it.each([
    [0, true],
    [7, false],
    [null, false],
    ['0', false],
  ])('is the stop_reason of the end token: %j', async (stopReason, end) => {
    const { base, asked } = await openServer(says('Bye', 'stop', { stop_reason: stopReason }));
    const endpoint = endpointOf(base, { dialect: 'vllm' });
    const { choices } = await collect(modelAt(base, { endpoint, end: { tokenId: 0, marker: null } }));
    expect(asked[0]?.body).toMatchObject({ stop_token_ids: [0] });
    expect(choices).toMatchObject([{ text: 'Bye', end }]);
  });

  it.each([1, 2, 3, 4, 50])('is a marker that no delta ever shows, in pieces of %i characters', async (size) => {
    const { base, asked } = await openServer(async (_, response) => {
      stream(response);
      const text = 'I [E] thank [[you. [END] and I never said this';
      for (let at = 0; at < text.length; at += size) response.write(chunk(0, text.slice(at, at + size)));
      await new Promise((resolve) => setTimeout(resolve, 20));
      // Nobody listens any more; the stream would go on without end.
    });
    const { deltas, choices } = await collect(modelAt(base, { end: { tokenId: null, marker: '[END]' } }));
    expect(deltas).toEqual(['I [E] thank [[you. ']);
    expect(choices).toEqual([{ type: 'choice', index: 0, text: 'I [E] thank [[you. ', end: true, cut: false }]);
    await asked[0]?.dropped;
  });

  it('is not the beginning of a marker, which is text when the reply is over', async () => {
    const { base } = await openServer(says('I wrote [EN'));
    const { deltas, choices } = await collect(modelAt(base, { end: { tokenId: null, marker: '[END]' } }));
    expect(deltas).toEqual(['I wrote [EN']);
    expect(choices).toMatchObject([{ text: 'I wrote [EN', end: false }]);
  });

  it('may come without a word, and with a reply that is not cut for it', async () => {
    const { base } = await openServer((_, response) => {
      stream(response).end(chunk(0, '[END]', 'length'));
    });
    const { deltas, choices } = await collect(modelAt(base, { end: { tokenId: null, marker: '[END]' } }));
    expect(deltas).toEqual([]);
    expect(choices).toEqual([{ type: 'choice', index: 0, text: '', end: true, cut: false }]);
  });
});

describe('tokens', () => {
  it('are counted by vLLM beside /v1, by the model itself', async () => {
    const { base, asked } = await openServer(({ body }, response) => {
      const tokens = [...String(body['prompt'])].map((one) => one.codePointAt(0));
      json(response, { count: tokens.length, max_model_len: 100, tokens });
    });
    const model = modelAt(base, { endpoint: endpointOf(`${base}/`, { dialect: 'vllm' }) });
    expect(await model.countTokens(['abc', 'de'], new AbortController().signal)).toEqual([3, 2]);
    expect(asked.map(({ path }) => path)).toEqual(['/tokenize', '/tokenize']);
    expect(asked[0]?.body).toMatchObject({ model: 'org/model', add_special_tokens: false });
  });

  it('cannot be counted elsewhere', () => {
    const model = modelAt('http://127.0.0.1:9/v1');
    expect(model.countTokens(['abc'], new AbortController().signal)).toBeNull();
  });
});
