import { describe, expect, it } from 'vitest';
import { ChatTemplate } from '../../src/backends/embedded/server/template.ts';
import { OpenAIDiscriminator } from '../../src/backends/openai/discriminator.ts';
import { type Answer, endpointOf, json, openServer } from './server.ts';

const TEMPLATE = new ChatTemplate(
  "{%- for m in messages -%}{{- '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' -}}{%- endfor -%}" +
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}",
);
const MESSAGES = [
  { role: 'system', content: 'c' },
  { role: 'user', content: 'I lost my job' },
] as const;

const SIGNAL = new AbortController().signal;

function judgeAt(base: string, dialect: 'openai' | 'vllm' = 'vllm'): OpenAIDiscriminator {
  return new OpenAIDiscriminator({
    ...{ name: 'disc', model: 'disc-it0', input: { input: 'all', context: true }, logitP0: 0.25, template: TEMPLATE },
    ...{ labels: { real: ' real', simulated: ' fake' }, engine: 'my-server', window: null },
    endpoint: endpointOf(base, { dialect }),
  });
}

/** Answers with these tokens, cut to as many as were asked for, likeliest first. */
const likeliest =
  (top: Record<string, number | null>): Answer =>
  ({ body }, response) => {
    const shown = Object.entries(top).slice(0, body['logprobs'] as number);
    const logprobs = { tokens: ['x'], token_logprobs: [-1], top_logprobs: [Object.fromEntries(shown)] };
    json(response, { id: 'x', object: 'text_completion', choices: [{ index: 0, text: 'x', logprobs }] });
  };

const others = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, -i]));

describe('z of a user turn', () => {
  it('is the difference of the two labels after the end-of-turn token, without the newline', async () => {
    const { base, asked } = await openServer(likeliest({ ' real': -0.5, ' fake': -1.75, x: -9 }));
    expect(await judgeAt(base).score(MESSAGES, SIGNAL)).toBeCloseTo(1.25, 10);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.path).toBe('/v1/completions');
    expect(asked[0]?.body).toEqual({
      model: 'disc-it0',
      prompt: '<|im_start|>system\nc<|im_end|>\n<|im_start|>user\nI lost my job<|im_end|>',
      ...{ max_tokens: 1, temperature: 0, logprobs: 5, add_special_tokens: false },
    });
  });

  it('is asked for in the fields of OpenAI where the server knows no others', async () => {
    const { base, asked } = await openServer(likeliest({ ' real': -1, ' fake': -1 }));
    expect(await judgeAt(base, 'openai').score(MESSAGES, SIGNAL)).toBe(0);
    expect(asked[0]?.body).not.toHaveProperty('add_special_tokens');
  });

  it('is read in both spellings of a token', async () => {
    const { base } = await openServer(likeliest({ Ġreal: -2, Ġfake: -0.5 }));
    expect(await judgeAt(base).score(MESSAGES, SIGNAL)).toBeCloseTo(-1.5, 10);
  });

  it('is asked for among 20 tokens if a label is not among 5', async () => {
    const { base, asked } = await openServer(likeliest({ ' real': -0.01, ...others(6), ' fake': -8 }));
    expect(await judgeAt(base).score(MESSAGES, SIGNAL)).toBeCloseTo(7.99, 10);
    expect(asked.map(({ body }) => body['logprobs'])).toEqual([5, 20]);
  });

  it.each<[string, Record<string, number | null>]>([
    ['is not among 20', { ' real': -0.01, ...others(25), ' fake': -30 }],
    ['is impossible', { ' real': -0.01, ' fake': null }],
  ])('is an error if a label %s', async (_, top) => {
    const { base } = await openServer(likeliest(top));
    await expect(judgeAt(base).score(MESSAGES, SIGNAL)).rejects.toMatchObject({
      name: 'FoilError',
      code: 'label-not-found',
      remedy: expect.arrayContaining([expect.stringContaining('adapter')]),
    });
  });

  it('is an error where the server gives no logprobs, or is no such server', async () => {
    const silent = await openServer((_, response) => json(response, { choices: [{ text: 'x', logprobs: null }] }));
    await expect(judgeAt(silent.base).score(MESSAGES, SIGNAL)).rejects.toMatchObject({ code: 'label-not-found' });
    const page = await openServer((_, response) => void response.end('Welcome'));
    await expect(judgeAt(page.base).score(MESSAGES, SIGNAL)).rejects.toMatchObject({ code: 'bad-answer' });
  });

  it('can be cancelled, and the server sees it', async () => {
    const controller = new AbortController();
    const { base, asked } = await openServer(() => void setTimeout(() => controller.abort(), 50));
    const error = await judgeAt(base)
      .score(MESSAGES, controller.signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBe(controller.signal.reason);
    await asked[0]?.dropped;
  });

  it('says which template and prior it stands on', () => {
    const judge = judgeAt('http://127.0.0.1:9/v1');
    expect(judge).toMatchObject({ logitP0: 0.25, template: TEMPLATE.sha256, engine: 'my-server' });
  });
});
