import { describe, expect, test } from 'vitest';
import { serveFake } from './fake-server.ts';

const { q4, client, call } = await serveFake();

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

  test('a stream says where in the text each token stands, of every choice from its own beginning', async () => {
    const stream = await client.completions.create({
      ...{ model: 'base', prompt: 'a', max_tokens: 3, n: 2, logprobs: 1 },
      stream: true,
    });
    const places: (number | undefined)[][] = [[], []];
    for await (const { choices } of stream) {
      const offsets = choices[0]?.logprobs?.text_offset;
      if (offsets) places[choices[0]?.index ?? 0]?.push(...offsets);
    }
    expect(places).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });
});
