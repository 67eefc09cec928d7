/**
 * From the key that decides a pair to the next one on the screen, with 20,000 pairs in the set: the whole app over the
 * store on the disk, where each decision is durable before the next pair shows, in a terminal of 120x40 that only listens.
 * Blocks with a set of 200 pairs alternate with it, so that what the machine does besides shows in both.
 *
 *     npx tsx bench/review.tsx [--pairs 20000] [--rounds 3] [--json]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FakeRegistry } from '../src/backends/fake/models.ts';
import { openPairStore } from '../src/backends/store/pair-store.ts';
import type { PairStore } from '../src/core/ports.ts';
import { type PreferencePair, pairSchema } from '../src/core/preference/schema.ts';
import { contextSchema } from '../src/core/session/schema.ts';
import { benchWorkbench, inProduction, openScreen, pause } from './screen.tsx';

const SIZE = { columns: 120, rows: 40 };
const FEW = 200;
const KEYS_A_BLOCK = 50;
/** Longer than a pair must be on the screen before a key judges it. */
const LOOK_MS = 170;
const MAX_MS = 16;

/** A word that stands nowhere else and begins unlike the one before, since only what changes in a row is written. */
function token(n: number): string {
  return `${String.fromCharCode(97 + (n % 26))}q${n}q`;
}

/** As large as a mined pair in the middle of a session, with sides that are marked word by word. */
function pair(n: number): PreferencePair {
  const turn = (role: 'user' | 'assistant') => ({
    role,
    content: `turn of session ${n}: ${'some words of it '.repeat(6)}`,
  });
  const by = { kind: 'model', name: 'it0' } as const;
  return pairSchema.parse({
    ...{ schema: 1, id: `p${n}`, created: '2026-01-01T00:00:00Z', origin: 'mined' },
    context: { current_summary: `case ${n}: ${'what brought them here '.repeat(8)}` },
    history: Array.from({ length: 12 }, (_, index) => turn(index % 2 === 0 ? 'user' : 'assistant')),
    chosen: { content: `${token(n)} eh, my boss again and again, he never listens to me`, r: 0.7, by },
    rejected: { content: `I see, my boss again and again, he does not listen, which is hard`, r: -0.7, by },
    ...{ discriminator: 'd', simulator: 'it0', session: `s${n}`, t: 7, decision: 'pending' },
    mined: { kind: 'lowest', r: -1, seed: 1, sampled: 8, engine: 'e', template: 't' },
  });
}

interface Block {
  /** ms from the key to the next pair written to the terminal. */
  readonly paint: number[];
  /** ms of these that the store took. */
  readonly durable: number[];
  /** ms of processor time from the key to the paint: what others do on the machine does not show in it. */
  readonly cpu: number[];
}

async function block(dir: string, pairs: number): Promise<Block> {
  await writeFile(
    join(dir, 'a.jsonl'),
    Array.from({ length: pairs }, (_, n) => `${JSON.stringify(pair(n))}\n`),
  );
  await rm(join(dir, 'a.decisions.jsonl'), { force: true });
  const store = openPairStore(dir);
  const result: Block = { paint: [], durable: [], cpu: [] };
  let awaited: { text: string; seen: () => void } | null = null;
  const roles = { simulator: 'sim', chatbot: 'bot', discriminator: null };
  const at = '2026-01-01T00:00:00.000Z';
  const open = {
    ...{ schema: 1 as const, id: 'bench', created: at, updated: at, nodes: [], head: null, roles, seed: 1 },
    context: contextSchema.parse({}),
  };
  const bench = benchWorkbench(new FakeRegistry({}), {
    ...{ open, roles, seats: { user: 'model', assistant: 'human' }, maxUserTurns: 1 },
    runs: () => Promise.reject(new Error('the bench trains nothing')),
  });
  const timed = new Proxy<PairStore>(store, {
    get: (of, name: keyof PairStore) =>
      name !== 'decide'
        ? of[name].bind(of)
        : async (...args: Parameters<PairStore['decide']>) => {
            const began = performance.now();
            await of.decide(...args);
            result.durable.push(performance.now() - began);
          },
  });
  const screen = openScreen({ ...bench, ports: { ...bench.ports, pairs: timed } }, SIZE, (data) => {
    if (awaited && data.includes(awaited.text)) awaited.seen();
  });
  const shown = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${text} was not painted in 60 s`)), 60_000);
      awaited = {
        text,
        seen: () => {
          clearTimeout(late);
          awaited = null;
          resolve();
        },
      };
    });
  try {
    await screen.control.start();
    const first = shown(token(0));
    screen.send('\x1bOS');
    await first;
    for (let key = 0; key < KEYS_A_BLOCK; key += 1) {
      await pause(LOOK_MS);
      const next = shown(token(key + 1));
      const [began, cpu] = [performance.now(), process.cpuUsage()];
      screen.send(key % 5 === 4 ? 'n' : 'y');
      await next;
      result.paint.push(performance.now() - began);
      const { user, system } = process.cpuUsage(cpu);
      result.cpu.push((user + system) / 1000);
    }
    await pause(LOOK_MS);
  } finally {
    screen.close();
    await store.close();
  }
  return result;
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      pairs: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.pairs);
  const dir = await mkdtemp(join(tmpdir(), 'foil-review-'));
  const blocks: { few: Block[]; many: Block[] } = { few: [], many: [] };
  try {
    await block(dir, FEW);
    for (let round = 0; round < Number(values.rounds); round += 1) {
      blocks.few.push(await block(dir, FEW));
      blocks.many.push(await block(dir, count));
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const round = (value: number) => Number(value.toFixed(2));
  const [few, many] = [blocks.few, blocks.many].map((of) => {
    const p95 = (what: keyof Block) =>
      round(
        quantile(
          of.flatMap((one) => one[what]),
          0.95,
        ),
      );
    const p50_ms = round(
      quantile(
        of.flatMap(({ paint }) => paint),
        0.5,
      ),
    );
    return { p50_ms, p95_ms: p95('paint'), durable_p95_ms: p95('durable'), cpu_p95_ms: p95('cpu') };
  }) as [Figures, Figures];
  const ok = many.p95_ms <= MAX_MS;
  const ratio = round(many.p95_ms / few.p95_ms);
  if (values.json) {
    const limits = { p95_ms: MAX_MS };
    console.log(
      JSON.stringify({ bench: 'review', name: 'decide-to-paint', pairs: count, ratio, few, many, limits, ok }),
    );
  } else {
    console.log(
      `next pair painted, ${count} pairs: p95 ${many.p95_ms} ms (at most ${MAX_MS}), p50 ${many.p50_ms} ms; of these durable p95 ${many.durable_p95_ms} ms; processor p95 ${many.cpu_p95_ms} ms`,
    );
    console.log(
      `the same with ${FEW} pairs: p95 ${few.p95_ms} ms, so ${ratio} times it; processor p95 ${few.cpu_p95_ms} ms`,
    );
  }
  process.exit(ok ? 0 : 1);
}

interface Figures {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly durable_p95_ms: number;
  readonly cpu_p95_ms: number;
}

await inProduction(fileURLToPath(import.meta.url), main);
