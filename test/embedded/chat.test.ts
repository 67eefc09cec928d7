import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { serveFake } from './fake-server.ts';

const { q4, base, client, call, stats, leave, messages } = await serveFake();

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

  test('a stream gives the log-probabilities of each token with its text', async () => {
    q4.reply = 'Hi you<|im_end|>';
    const stream = await client.chat.completions.create({
      model: 'base',
      messages,
      stream: true,
      logprobs: true,
      top_logprobs: 2,
      // holds "you" back until it is no stop string
      stop: ['yours'],
    });
    const shown: [string, string][] = [];
    for await (const { choices } of stream) {
      const [choice] = choices;
      for (const entry of choice?.logprobs?.content ?? []) {
        expect(entry.logprob).toBeCloseTo(Math.log(0.9));
        expect(entry.bytes).toEqual([...Buffer.from(entry.token)]);
        expect(entry.top_logprobs).toHaveLength(2);
        shown.push([entry.token, choice?.delta.content ?? '']);
      }
      if (choice?.finish_reason) expect(choice.logprobs).toBeNull();
    }
    expect(shown.map(([token]) => token)).toEqual([...'Hi you', '<|im_end|>']);
    expect(shown.map(([, text]) => text).join('')).toBe('Hi you');
  });
});

test('a client that leaves a request without a stream stops it too', async () => {
  q4.reply = 'x'.repeat(900);
  q4.stepMs = 5;
  await leave((signal) => client.chat.completions.create({ model: 'base', messages, max_tokens: 900 }, { signal }));
});
