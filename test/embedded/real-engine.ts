import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import {
  type ConnectOptions,
  connectEngine,
  type EngineHandle,
  ensureWeights,
  type Weights,
} from '../../src/backends/embedded/index.ts';
import { type EngineStats, statsSchema } from '../../src/backends/embedded/protocol.ts';

export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const template = here('../../models/chatml.jinja');
export const MINUTES = 60_000;

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The engine with the real model in a process of its own; its fields are there when the tests of the file run. */
interface RealEngine {
  weights: Weights;
  dir: string;
  engine: EngineHandle;
  connect(options?: Partial<ConnectOptions>): Promise<EngineHandle>;
  stats(): Promise<EngineStats>;
}

/** One such engine for the tests of a file. Weights come from the user's cache, or are fetched. */
export function realEngine(): RealEngine {
  const real = {} as RealEngine;
  real.connect = (options = {}) =>
    connectEngine({ ...real.weights, template, dir: real.dir, graceMs: 300, ...options });
  real.stats = async () => {
    const { baseURL, token } = real.engine;
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${baseURL.replace('/v1', '')}/foil/stats`, { headers });
    return statsSchema.parse(await answer.json());
  };
  beforeAll(async () => {
    real.weights = await ready();
    real.dir = await mkdtemp(join(tmpdir(), 'foil-engine-'));
    real.engine = await real.connect();
  }, 10 * MINUTES);
  afterAll(async () => {
    await real.engine?.close();
    await vi.waitFor(() => expect(alive(real.engine?.info.pid)).toBe(false), { timeout: 10_000 });
    await rm(real.dir, { recursive: true, force: true });
  });
  return real;
}

/** Loads the discriminator that the repository ships, if it ships one. */
export async function loadDiscriminator(engine: EngineHandle): Promise<string | null> {
  const models = here('../../models');
  for (const name of await readdir(models)) {
    if (!name.startsWith('discriminator') || !existsSync(join(models, name, 'adapter.gguf'))) continue;
    await engine.loadAdapter(name, join(models, name));
    return name;
  }
  return null;
}

async function ready(): Promise<Weights> {
  const work = ensureWeights();
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}
