import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatModel, GenerateEvent } from '../../src/core/ports.ts';
import { simulatorMessages } from '../../src/core/prompt/messages.ts';
import { testFolder } from '../fixtures/sessions.ts';
import { type Answer, chunk, json, openServer, stream } from '../openai/server.ts';
import { cardOf, FakeEngine, registryOf, writeAdapter } from './fixtures.ts';

const SIGNAL = new AbortController().signal;
const END_TOKEN = 3;

/** What vLLM answers, and our engine too: it knows one special token, and ends every reply by it. */
const vllm: Answer = ({ path, body }, response) => {
  if (path === '/tokenize') {
    const tokens = body['prompt'] === '<|endoftext|>' ? [END_TOKEN] : [1, 2];
    return json(response, { count: tokens.length, tokens, max_model_len: 2048 });
  }
  if (path === '/v1/models') return json(response, { object: 'list', data: [{ id: 'far/sim', max_model_len: 777 }] });
  if (path === '/v1/completions') {
    const top = { ' real': -1, ' fake': -3 };
    return json(response, { choices: [{ text: 'x', logprobs: { top_logprobs: [top] } }] });
  }
  stream(response).end(chunk(0, 'Bye', null) + chunk(0, '', 'stop', { stop_reason: END_TOKEN }));
};

async function say(model: ChatModel, messages = simulatorMessages('c', [])): Promise<GenerateEvent | undefined> {
  let last: GenerateEvent | undefined;
  for await (const event of model.generate({ messages, n: 1, seed: 1, sampling: model.sampling }, SIGNAL)) last = event;
  return last;
}

const server = (base: string, more = '') => `servers:\n  far: { base_url: "${base}"${more} }\n`;

describe('a model of the embedded engine', () => {
  it('is loaded from its folder, with sampling, system text and end token of its card', async () => {
    const parent = await testFolder();
    const card = cardOf('sim', 'simulator', {
      sampling: { temperature: 0.8, min_p: 0.02 },
      system: 'You are a person.',
    });
    const dir = await writeAdapter(parent, 'a', card);
    const { base, asked } = await openServer(vllm);
    const engine = new FakeEngine(base);
    const model = await registryOf({ modelDirs: [parent], engine }).chatModel('sim', 'simulator', SIGNAL);
    expect(engine.loaded).toEqual([['sim', dir]]);
    expect(model).toMatchObject({
      ...{ name: 'sim', system: 'You are a person.', flip: true, window: 2048 },
      sampling: { temperature: 0.8, min_p: 0.02, top_p: 0.95, max_tokens: 256 },
    });
    expect(await say(model)).toMatchObject({ type: 'choice', text: 'Bye', end: true });
    expect(asked.at(-1)?.body).toMatchObject({ model: 'sim', min_p: 0.02, stop_token_ids: [END_TOKEN] });
  });

  it('takes from foil.yaml what that says about it', async () => {
    const cwd = await testFolder();
    await writeAdapter(cwd, 'a', cardOf('x', 'simulator', { sampling: { temperature: 0.8 }, system: 'card' }));
    const yaml = `models:
  mine: { kind: simulator, path: a, system: mine, flip: false, window: 500, sampling: { temperature: 0.2 } }
`;
    const { base } = await openServer(vllm);
    const model = await registryOf({ yaml, cwd, base }).chatModel('mine', 'simulator', SIGNAL);
    expect(model).toMatchObject({ name: 'mine', system: 'mine', flip: false, window: 500 });
    expect(model.sampling).toEqual({ temperature: 0.2, top_p: 0.95, max_tokens: 256 });
  });

  it('is no simulator that could end a session by a token that its base does not have', async () => {
    const parent = await testFolder();
    await writeAdapter(parent, 'a', cardOf('sim', 'simulator', { stop: { turn: 'x', session: 'the end' } }));
    const { base } = await openServer(vllm);
    await expect(registryOf({ modelDirs: [parent], base }).chatModel('sim', 'simulator', SIGNAL)).rejects.toMatchObject(
      {
        code: 'bad-card',
        message: expect.stringContaining('the end is not one token'),
      },
    );
  });

  it('is the base itself under the name zero-shot, in both seats, and never ends', async () => {
    const { base, asked } = await openServer(vllm);
    const registry = registryOf({ base });
    expect(await registry.chatModel('zero-shot', 'chatbot', SIGNAL)).toMatchObject({
      system: expect.stringMatching(/chatbot/),
    });
    const simulator = await registry.chatModel('zero-shot', 'simulator', SIGNAL);
    expect(simulator.system).toBeNull();
    expect(await say(simulator)).toMatchObject({ end: false });
    expect(asked.at(-1)?.body).toMatchObject({ model: 'tiny' });
    expect(asked.at(-1)?.body).not.toHaveProperty('stop_token_ids');
  });
});

describe('a model of another server', () => {
  it('is asked in the dialect, with the key and the sampling that foil.yaml names', async () => {
    const { base, asked } = await openServer(vllm);
    const yaml = `${server(base, ', key_env: FAR_KEY')}models:
  user: { kind: simulator, server: far, model: far/sim, system: s, flip: false, end: "ye", window: 99 }
  bot: { kind: chatbot, server: far, model: far/bot, sampling: { top_k: 7, temperature: 0.5 } }
`;
    const engine = new FakeEngine(base);
    const registry = registryOf({ yaml, engine }, { FAR_KEY: 'k-1' });
    const user = await registry.chatModel('user', 'simulator', SIGNAL);
    expect(user).toMatchObject({ system: 's', flip: false, window: 99, sampling: { temperature: 1, max_tokens: 256 } });
    expect(await say(user)).toMatchObject({ text: 'B', end: true });
    const bot = await registry.chatModel('bot', 'chatbot', SIGNAL);
    expect(bot).toMatchObject({ window: null, sampling: { temperature: 0.5, top_k: 7 } });
    await say(bot);
    expect(asked.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions']);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer k-1', 'Bearer k-1']);
    expect(asked[0]?.body).not.toHaveProperty('top_k');
    expect(asked[0]?.body).not.toHaveProperty('top_p');
    expect(asked[1]?.body).toMatchObject({ model: 'far/bot', top_k: 7, temperature: 0.5 });
    expect(engine.starts).toBe(0);
  });

  it('has its window from a vllm server, asked for once', async () => {
    const { base, asked } = await openServer(vllm);
    const yaml = `${server(base, ', dialect: vllm')}models:
  user: { kind: simulator, server: far, model: far/sim }
  bot: { kind: chatbot, server: far, model: unlisted }
`;
    const registry = registryOf({ yaml });
    for (let i = 0; i < 2; i += 1) {
      expect((await registry.chatModel('user', 'simulator', SIGNAL)).window).toBe(777);
      expect((await registry.chatModel('bot', 'chatbot', SIGNAL)).window).toBeNull();
    }
    expect(asked.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models']);
  });

  it('that is one of our adapters has sampling, system text and end token of its card', async () => {
    const cwd = await testFolder();
    const sampling = { temperature: 0.8, min_p: 0.02, top_k: 50 };
    await writeAdapter(cwd, 'sim', cardOf('sim', 'simulator', { sampling, system: 'You are a person.' }));
    const { base, asked } = await openServer(vllm);
    const yaml = (dialect: string) => `${server(base, `, dialect: ${dialect}`)}models:
  user: { kind: simulator, server: far, model: far/sim, card: sim, sampling: { top_k: 9 } }
  wrong: { kind: chatbot, server: far, model: far/sim, card: sim }
`;
    const model = await registryOf({ yaml: yaml('vllm'), cwd }).chatModel('user', 'simulator', SIGNAL);
    expect(model).toMatchObject({ system: 'You are a person.', sampling: { ...sampling, top_k: 9 } });
    expect(await say(model)).toMatchObject({ text: 'Bye', end: true });
    expect(asked.at(-1)?.body).toMatchObject({ model: 'far/sim', stop_token_ids: [END_TOKEN] });
    // What only vLLM takes comes from the card to no other server.
    const plain = await registryOf({ yaml: yaml('openai'), cwd }).chatModel('user', 'simulator', SIGNAL);
    expect(plain.sampling).toEqual({ temperature: 0.8, top_k: 9, max_tokens: 256 });
    const wrong = registryOf({ yaml: yaml('vllm'), cwd }).chatModel('wrong', 'chatbot', SIGNAL);
    await expect(wrong).rejects.toMatchObject({ code: 'wrong-kind' });
  });
});

describe('the role flip', () => {
  it.each([
    [true, ['system', 'assistant', 'user']],
    [false, ['system', 'user', 'assistant']],
  ])('%s decides which roles the server sees', async (flip, roles) => {
    const { base, asked } = await openServer(vllm);
    const yaml = `${server(base)}models:\n  user: { kind: simulator, server: far, model: m, flip: ${flip} }\n`;
    const model = await registryOf({ yaml }).chatModel('user', 'simulator', SIGNAL);
    const turns = [
      { role: 'user', content: 'I said' },
      { role: 'assistant', content: 'It said' },
    ] as const;
    await say(model, simulatorMessages('c', turns, model.flip));
    const messages = asked[0]?.body['messages'] as { role: string; content: string }[];
    expect(messages.map(({ role }) => role)).toEqual(roles);
    expect(messages.map(({ content }) => content)).toEqual(['c', 'I said', 'It said']);
  });
});

describe('a discriminator', () => {
  const judged = [{ role: 'user', content: 'hm' }] as const;

  it('is loaded into the engine, and keeps what its scores stand on', async () => {
    const parent = await testFolder();
    const dir = await writeAdapter(parent, 'd', cardOf('disc', 'discriminator'));
    const { base, asked } = await openServer(vllm);
    const engine = new FakeEngine(base);
    const judge = await registryOf({ modelDirs: [parent], engine }).discriminator('disc', SIGNAL);
    expect(engine.loaded).toEqual([['disc', dir]]);
    expect(judge).toMatchObject({
      ...{ name: 'disc', engine: 'embedded 9.9 f16', logitP0: 0.5, window: 2048 },
      input: { input: 'user-turns', context: false },
    });
    expect(await judge.score(judged, SIGNAL)).toBe(2);
    expect(asked.at(-1)?.body).toMatchObject({ model: 'disc', prompt: 'user: hm<|im_end|>' });
  });

  it('is one of a server, by its card', async () => {
    const cwd = await testFolder();
    await writeAdapter(cwd, 'd', cardOf('disc', 'discriminator'));
    const { base, asked } = await openServer(vllm);
    const yaml = `${server(base, ', dialect: vllm')}models:
  far-disc: { kind: discriminator, server: far, model: d0, card: d }
`;
    const judge = await registryOf({ yaml, cwd }).discriminator('far-disc', SIGNAL);
    expect(judge).toMatchObject({ name: 'far-disc', engine: 'far', logitP0: 0.5 });
    expect(await judge.score(judged, SIGNAL)).toBe(2);
    expect(asked.at(-1)?.body).toMatchObject({ model: 'd0' });
  });

  it('with another template, none, or no labels gives no score', async () => {
    const parent = await testFolder();
    const changed = await writeAdapter(parent, 'a', cardOf('changed', 'discriminator'));
    await writeFile(join(changed, 'template.jinja'), 'another');
    await writeAdapter(
      parent,
      'b',
      cardOf('gone', 'discriminator', { template: { file: 'no.jinja', sha256: 'c'.repeat(64) } }),
    );
    await writeAdapter(parent, 'c', cardOf('bare', 'discriminator', { discriminator: null }));
    const registry = registryOf({ modelDirs: [parent], base: (await openServer(vllm)).base });
    await expect(registry.discriminator('changed', SIGNAL)).rejects.toMatchObject({
      code: 'template-changed',
      where: { file: join(changed, 'template.jinja') },
    });
    await expect(registry.discriminator('gone', SIGNAL)).rejects.toMatchObject({ code: 'bad-template' });
    await expect(registry.discriminator('bare', SIGNAL)).rejects.toMatchObject({
      code: 'not-discriminator',
      where: { file: join(parent, 'c', 'card.json') },
    });
  });

  it('with a head that is none of the LM is refused by its card', async () => {
    const parent = await testFolder();
    const discriminator = { input: 'all', context: true, head: 'linear', labels: { real: 'a', simulated: 'b' } };
    await writeAdapter(parent, 'a', cardOf('linear', 'discriminator', { discriminator }));
    await expect(registryOf({ modelDirs: [parent] }).discriminator('linear', SIGNAL)).rejects.toMatchObject({
      code: 'bad-card',
      message: expect.stringContaining('only heads whose classes are two ordinary tokens'),
      where: { field: 'discriminator.head' },
    });
  });
});
