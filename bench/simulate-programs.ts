/** The programs of bench/simulate.ts, each in a process of its own: the mock endpoint, the bare client, and the command from dist. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { z } from 'zod';
import { bundleOptions } from '../scripts/bundle.mjs';
import type { Session } from '../src/core/session/schema.ts';
import type { TurnRecord } from '../src/core/workflows/simulate/journal.ts';
import type { Summary } from '../src/core/workflows/simulate/types.ts';
import { contextsOf, REQUESTS, replyOf, SEED, seedsOf, USER_TURNS } from './simulate-plan.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');
const FOIL = join(ROOT, 'bin', 'foil.js');
/** What runs the Foil of dist. */
export const PROGRAM = [NODE, FOIL];
// beside node_modules, so that what a bundle leaves outside of it is found
const bundled = join(ROOT, 'node_modules', '.foil-bench-simulate');
const children = new Set<ChildProcess>();

/** Bundles the endpoint and the bare client, and brings dist up to date: what is measured is the command as it ships. */
export async function prepare(): Promise<void> {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const entries = ['simulate-mock', 'simulate-bare', 'usage'].map((name) => join(ROOT, 'bench', `${name}.ts`));
  await build({ ...bundleOptions(ROOT), entryPoints: entries, outdir: bundled });
}

export async function cleanUp(): Promise<void> {
  for (const child of children) child.kill('SIGKILL');
  await rm(bundled, { recursive: true, force: true });
}

function start(args: readonly string[], cwd: string, usage?: string): ChildProcess {
  const preload = usage ? ['--import', join(bundled, 'usage.js')] : [];
  const env = { ...process.env, ...(usage ? { FOIL_BENCH_USAGE: usage } : {}) };
  const child = spawn(NODE, [...preload, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

export interface Mock {
  readonly base: string;
  /** Times that each request was asked, by its seed. */
  asked(): Promise<Map<number, number>>;
  /** When the first request came after the last call of this (ms since 1970); null for none. */
  begun(): Promise<number | null>;
  /** Resolves at the next first request. */
  next(): Promise<unknown>;
  end(): void;
}

export async function openMock(faults: boolean): Promise<Mock> {
  const child = start([join(bundled, 'simulate-mock.js'), ...(faults ? ['--faults'] : [])], ROOT);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [port] = (await once(lines, 'line')) as [string];
  const get = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json();
  return {
    base: `http://127.0.0.1:${port}/v1`,
    asked: async () => new Map(z.array(z.tuple([z.number(), z.number()])).parse(await get('/asked'))),
    begun: async () =>
      z
        .number()
        .nullable()
        .parse(await get('/begun')),
    next: () => once(lines, 'line'),
    end: () => child.kill(),
  };
}

/** A workspace whose simulator and chatbot are on the mock, with contexts to talk about. */
export async function workspace(place: string, base: string, sessions: number, atOnce: number): Promise<void> {
  await mkdir(join(place, 'sessions'), { recursive: true });
  const model = 'server: mock, model: m, sampling: { temperature: 1 }';
  await writeFile(
    join(place, 'foil.yaml'),
    `servers: { mock: { base_url: "${base}", at_once: ${atOnce} } }
models:
  sim: { kind: simulator, ${model} }
  bot: { kind: chatbot, ${model}, system: "Listen, ask, and help." }
roles: { simulator: sim, chatbot: bot }
max_user_turns: ${USER_TURNS}
`,
  );
  const topics = contextsOf(sessions).map((context) => `${JSON.stringify(context)}\n`);
  await writeFile(join(place, 'sessions', 'topics.jsonl'), topics.join(''));
}

/** `foil simulate` in a workspace, as a user would start it. */
export function startFoil(place: string, atOnce: number, json = false, usage?: string): ChildProcess {
  const args = ['--contexts', 'topics', '--out', 'made', '--seed', String(SEED), '--at-once', String(atOnce)];
  return start([FOIL, 'simulate', ...args, ...(json ? ['--json'] : [])], place, usage);
}

export interface Result {
  /** From the first request to the end of the process. */
  readonly seconds: number;
  /** Of the whole process, its start included. */
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly summary: Summary | null;
}

const usageSchema = z.object({ cpuMs: z.number(), rssMb: z.number(), ended: z.number() });

/** Runs a program to its end. @throws Error with what it said, if it fails. */
async function measure(program: (usage: string) => ChildProcess, mock: Mock, place: string): Promise<Result> {
  const usage = join(place, 'usage.json');
  await mock.begun();
  const child = program(usage);
  let [said, last] = ['', ''];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    last = line;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`it ended with ${code}:\n${said}`);
  const { ended, ...took } = usageSchema.parse(JSON.parse(await readFile(usage, 'utf8')));
  const begun = (await mock.begun()) ?? ended;
  return {
    ...took,
    seconds: (ended - begun) / 1000,
    summary: last.startsWith('{') ? (JSON.parse(last) as Summary) : null,
  };
}

export function runFoil(mock: Mock, place: string, atOnce: number, json = false): Promise<Result> {
  return measure((usage) => startFoil(place, atOnce, json, usage), mock, place);
}

export function runBare(mock: Mock, place: string, sessions: number, atOnce: number): Promise<Result> {
  const args = [join(bundled, 'simulate-bare.js'), mock.base, String(sessions), String(atOnce)];
  return measure((usage) => start(args, ROOT, usage), mock, place);
}

export async function corpusOf(place: string): Promise<Session[]> {
  return jsonLines(await readFile(join(place, 'sessions', 'made.jsonl'), 'utf8').catch(() => ''));
}

export async function journalOf(place: string): Promise<TurnRecord[]> {
  return jsonLines(await readFile(join(place, 'sessions', 'made.unfinished'), 'utf8').catch(() => ''));
}

/** Whole lines only: the last one may be in the middle of its write. */
function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as T];
      } catch {
        return [];
      }
    });
}

/** What is wrong with a finished corpus: sessions missing, twice or of another length, and turns that the mock never said. */
export function faultsIn(corpus: readonly Session[], sessions: number): string[] {
  const wrong: string[] = [];
  const byId = Map.groupBy(corpus, ({ id }) => id);
  for (const { id } of contextsOf(sessions)) {
    const found = byId.get(`sim.bot.${id}.0`) ?? [];
    if (found.length !== 1) wrong.push(`${id}: ${found.length} times`);
    const expected = seedsOf(id).map((seed) => replyOf(seed).join(''));
    const turns = found[0]?.turns ?? [];
    if (turns.length !== REQUESTS || turns.some(({ content }, index) => content !== expected[index])) {
      wrong.push(`${id}: other turns`);
    }
  }
  return wrong;
}
