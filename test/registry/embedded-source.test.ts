import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/backends/config/load.ts';
import type { ConnectOptions, EngineHandle } from '../../src/backends/embedded/index.ts';
import { embeddedSource } from '../../src/backends/registry/embedded-source.ts';

const asked: ConnectOptions[] = [];

vi.mock('../../src/backends/embedded/index.ts', () => ({
  // biome-ignore lint/correctness/useYield: weights that are there take no steps
  async *ensureWeights() {
    return { path: 'base.gguf' };
  },
  async connectEngine(options: ConnectOptions): Promise<Partial<EngineHandle>> {
    asked.push(options);
    const info = { base: 'base', version: 'v', window: 2048 } as EngineHandle['info'];
    return { baseURL: 'http://127.0.0.1:1/v1', token: 't', info, closed: new Promise(() => {}) };
  },
}));

const folders: string[] = [];
afterEach(async () => {
  asked.length = 0;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

it.each([
  ['', true, undefined],
  ['engine: { keep_replies: false, threads: 1 }', false, 1],
  ['engine: { keep_replies: true }', true, undefined],
])('what foil.yaml says of the engine (%s) reaches it', async (yaml, keepsReplies, threads) => {
  const folder = await mkdtemp(join(tmpdir(), 'foil-engine-'));
  folders.push(folder);
  await writeFile(join(folder, 'foil.yaml'), yaml);
  const source = embeddedSource(await loadConfig(folder), () => {});
  const { endpoint } = await source.connect(new AbortController().signal);
  expect(endpoint.keepsReplies).toBe(keepsReplies);
  expect(asked.map((options) => options.threads)).toEqual([threads]);
});
