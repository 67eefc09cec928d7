import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { windowOf } from '../../src/backends/openai/client.ts';
import { openServices, type Services } from '../../src/cli/services.ts';
import { foil, type Outcome } from '../cli/run.ts';
import { endpointOf } from '../openai/server.ts';
import { type Bench, openBench, writePeft } from './fixtures.ts';

const MODELS = ['--model', 'sim', '--model', 'bot', '--model', 'disc'];
const ROLES = ['--simulator', 'sim', '--chatbot', 'bot', '--discriminator', 'disc'];

// a job outlives the one who started it, also a test that failed
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function vllm({ workspace }: Bench, ...args: string[]): Promise<Outcome> {
  stops.push(() =>
    foil(['--workspace', workspace, 'serve', '--engine', 'vllm', '--stop', '--json'], { cwd: workspace }),
  );
  return foil(['--workspace', workspace, 'serve', '--engine', 'vllm', '--json', ...args], { cwd: workspace });
}

function open({ workspace }: Bench): Services {
  const services = openServices(workspace, process.env);
  onTestFinished(() => services.close());
  return services;
}

const eventOf = (outcome: Outcome, name: string) => outcome.events.find(({ event }) => event === name) ?? {};

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

describe('foil serve --engine vllm', () => {
  it('runs simulator, chatbot and discriminator there, and what is adopted later, until it is stopped', {
    timeout: 240_000,
  }, async () => {
    const bench = await openBench();
    const { workspace, base } = bench;
    const signal = new AbortController().signal;
    const up = await vllm(bench, '--base', base, ...MODELS, '--vllm-arg=--max-model-len=4096');
    expect(up.stderr).not.toContain('foil:');
    expect(up.code).toBe(0);
    const ready = eventOf(up, 'ready');
    expect(ready).toMatchObject({ version: '0.33.0', base: 'tiny', dtype: 'float16', window: 4096, started: true });
    expect(ready['models']).toEqual(['tiny', 'sim', 'bot', 'disc']);

    // the key stands in two files for the owner's eyes, and in the server's environment
    const { token } = JSON.parse(await readFile(String(ready['key_file']), 'utf8')) as { token: string };
    const seen = JSON.parse(await readFile(bench.seen, 'utf8')) as {
      argv: string[];
      env: Record<string, string>;
      cwd: string;
    };
    expect(seen.env).toMatchObject({
      ...{ VLLM_API_KEY: token, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', VLLM_DO_NOT_TRACK: '1' },
      VLLM_ALLOW_RUNTIME_LORA_UPDATING: 'True',
    });
    expect(seen.cwd).toBe(ready['folder']);
    const adapter = (name: string) =>
      expect.stringMatching(new RegExp(`^{"name":"${name}","path":"inputs/adapters/[0-9a-f-]+"}$`));
    expect(seen.argv).toEqual([
      ...['serve', base, '--served-model-name', 'tiny', '--host', '127.0.0.1', '--port', String(ready['port'])],
      ...['--dtype', 'float16', '--tensor-parallel-size', '1', '--generation-config', 'vllm'],
      ...['--chat-template', 'inputs/template.jinja', '--chat-template-content-format', 'string'],
      ...['--enable-lora', '--max-lora-rank', '16', '--max-loras', '4'],
      ...['--lora-modules', adapter('sim'), adapter('bot'), adapter('disc')],
      ...['--enable-prefix-caching', '--max-logprobs=-1', '--max-model-len=4096'],
    ]);
    const holders = [];
    for (const file of await filesBelow(join(workspace, 'vllm'))) {
      if ((await readFile(file, 'utf8')).includes(token)) holders.push([file, (await stat(file)).mode & 0o777]);
    }
    expect(holders.toSorted()).toEqual([
      [join(String(ready['folder']), 'inputs', 'key'), 0o600],
      [ready['key_file'], 0o600],
    ]);
    expect(up.stdout + up.stderr).not.toContain(token);

    // a whole session by name, scored, with nothing in foil.yaml
    const chat = await foil(
      ['--workspace', workspace, 'chat', '--text', '--json', '--seed', '7', '--max-user-turns', '2', ...ROLES],
      { cwd: workspace },
    );
    expect(chat.stderr).not.toContain('foil:');
    const turns = chat.events
      .filter(({ event }) => event === 'turn')
      .map(({ node }) => node as { role: string; content: string });
    expect(turns[0]).toMatchObject({ role: 'user', content: expect.stringMatching(/^sim says \d+ to 1$/u) });
    const scored = chat.events.filter(({ event }) => event === 'scored');
    expect(scored.length).toBeGreaterThan(0);
    for (const score of scored) expect(score['z']).toBeCloseTo(1.25, 9);
    const asked = (await readFile(bench.asked, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(asked[0]).toMatchObject({ model: 'sim', stream: true, stop_token_ids: [0], seed: expect.any(Number) });

    // eight alternatives in one request, which come interleaved; an odd seed ends the session by its token
    const services = open(bench);
    const registry = await services.registry();
    expect((await registry.list()).find(({ name }) => name === 'sim')?.server).toBe('vllm');
    const simulator = await registry.chatModel('sim', 'simulator', signal);
    expect(simulator.window).toBe(4096);
    const choices = [];
    const messages = [{ role: 'system', content: 'c' }] as const;
    for await (const event of simulator.generate(
      { messages, n: 8, seed: 3, sampling: { top_k: 5, max_tokens: 40 } },
      signal,
    )) {
      if (event.type === 'choice') choices.push([event.index, event.text, event.end]);
    }
    expect(choices).toEqual(Array.from({ length: 8 }, (_, i) => [i, `sim says ${3 + i} to 1`, (3 + i) % 2 === 1]));
    expect(await simulator.countTokens(['one two three'], signal)).toEqual([3]);

    // a label that is not among the 20 likeliest is found in the whole vocabulary
    const judge = await registry.discriminator('disc', signal);
    expect(judge.engine).toBe('vllm 0.33.0 float16');
    expect(await judge.score([{ role: 'user', content: 'long '.repeat(100) }], signal)).toBeCloseTo(-6.25 + 7.5, 9);

    // for those who name the server in foil.yaml: an adapter has the window of its base, which alone says it
    const endpoint = endpointOf(String(ready['base_url']), { dialect: 'vllm', key: token });
    expect(await windowOf(endpoint, 'sim', signal)).toBe(4096);

    // adopted while it runs, and adopted anew with other weights under the same name
    const models = join(workspace, 'models');
    await writePeft(models, 'sim-it1', 'simulator');
    expect((await registry.chatModel('sim-it1', 'simulator', signal)).name).toBe('sim-it1');
    const rootOf = async () => {
      const answer = await fetch(`${ready['base_url']}/models`, { headers: { authorization: `Bearer ${token}` } });
      const { data } = (await answer.json()) as { data: { id: string; root: string }[] };
      return data.find(({ id }) => id === 'sim-it1')?.root;
    };
    const first = await rootOf();
    await registry.chatModel('sim-it1', 'simulator', signal);
    expect(await rootOf()).toBe(first);
    await writePeft(models, 'sim-it1', 'simulator', 'other weights');
    await registry.chatModel('sim-it1', 'simulator', signal);
    expect(await rootOf()).not.toBe(first);
    await writePeft(models, 'big', 'simulator', 'big', 64);
    await expect(registry.chatModel('big', 'simulator', signal)).rejects.toMatchObject({
      code: 'vllm-refused',
      message: expect.stringContaining('LoRA rank 64 is greater than max_lora_rank 16'),
    });

    // a second call joins, another setting is refused
    const again = await vllm(bench, '--model', 'sim');
    expect(eventOf(again, 'ready')).toMatchObject({ started: false, port: ready['port'] });
    expect(eventOf(await vllm(bench, '--dtype', 'bfloat16', '--model', 'sim'), 'error')).toMatchObject({
      code: 'vllm-runs',
    });

    const end = await vllm(bench, '--stop');
    expect(eventOf(end, 'stopped')).toMatchObject({ ended: true });
    await expect(fetch(`http://127.0.0.1:${ready['port']}/health`)).rejects.toThrow();
    expect(existsSync(String(ready['key_file']))).toBe(false);
    const late = simulator.generate({ messages, n: 1, seed: 3, sampling: {} }, signal)[Symbol.asyncIterator]().next();
    await expect(late).rejects.toMatchObject({
      code: 'unreachable',
      remedy: expect.arrayContaining([expect.stringContaining('foil serve --engine vllm')]),
    });
    expect((await registry.list()).find(({ name }) => name === 'sim')?.server).toBe('embedded');
  });

  it('says how vLLM is installed where it is not', { timeout: 90_000 }, async () => {
    const bench = await openBench(false);
    const outcome = await vllm(bench, '--base', bench.base, ...MODELS);
    expect(eventOf(outcome, 'error')).toMatchObject({
      code: 'vllm-missing',
      remedy: [expect.stringContaining('pip install vllm'), expect.stringContaining('launchers.NAME.python')],
    });
    expect(outcome.code).toBe(1);
  });

  it('ends with the last lines of the log where vLLM dies, and what they mean', { timeout: 90_000 }, async () => {
    const bench = await openBench();
    vi.stubEnv('FAKE_VLLM_DIES', 'ValueError: No available memory for the cache blocks.');
    const outcome = await vllm(bench, '--base', bench.base, ...MODELS);
    const error = eventOf(outcome, 'error');
    expect(error).toMatchObject({
      code: 'vllm-ended',
      message: expect.stringMatching(/ended with code 1\n.*No available memory for the cache blocks\.$/su),
      where: { file: expect.stringMatching(/log\.txt$/u) },
    });
    expect((error['remedy'] as string[])[0]).toContain('--gpu-memory-utilization');
    expect(eventOf(await vllm(bench, '--stop'), 'stopped')).toMatchObject({ ended: true });
  });

  it('refuses what vLLM could not serve, before anything starts', { timeout: 90_000 }, async () => {
    const bench = await openBench();
    const error = async (...args: string[]) => eventOf(await vllm(bench, ...args), 'error');
    expect(await error('--base', bench.base, '--vllm-arg=--api-key=secret')).toMatchObject({ code: 'usage' });
    expect(await error('--base', bench.workspace, '--model', 'sim')).toMatchObject({ code: 'base-missing' });
    expect(await error('--base', bench.base, '--model', 'none')).toMatchObject({ code: 'unknown-model' });
    expect(await error('--threads', '2')).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('embedded'),
    });
    await writeFile(join(bench.workspace, 'models', 'bot', 'adapter_config.json'), '{"peft_type":"IA3"}');
    expect(await error('--base', bench.base, '--model', 'bot')).toMatchObject({ code: 'no-peft' });
    expect(existsSync(join(bench.workspace, 'vllm', 'vllm.json'))).toBe(false);
  });
});
