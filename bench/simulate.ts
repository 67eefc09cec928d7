/**
 * `foil simulate` against a mock endpoint on this machine: replies streamed in 100 ms, 20 requests a session.
 *
 *   throughput  sessions a minute at 10, 64 and 256 at once, against a bare keep-alive client in the same run, turn about;
 *               with retries armed and every turn on the disk. CPU and memory of the process at 256.
 *   faults      30% answers 429 with `Retry-After: 1`, 5% connections reset, 5% streams cut short, against the shortest time
 *               that these very faults leave room for.
 *   kills       kill -9 at random moments: no turn that was kept is lost or asked for again.
 *
 *     npx tsx bench/simulate.ts [--only throughput,faults,kills] [--kills 10] [--rounds 4] [--json]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { bundleOptions } from '../scripts/bundle.mjs';
import type { Session } from '../src/core/session/schema.ts';
import type { TurnRecord } from '../src/core/workflows/simulate/journal.ts';
import type { Summary } from '../src/core/workflows/simulate/types.ts';
import { contextsOf, idealSeconds, REQUESTS, replyOf, seedsOf } from './simulate-plan.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');
const LIMITS = { ratio: 0.88, cpuMs: 8, rssMb: 150, faults: 1.3 };
const AT_ONCE = [10, 64, 256] as const;
const FAULTS_AT_ONCE = 32;
const FAULTS_SESSIONS = 128;
const KILLS_AT_ONCE = 32;
const KILLS_SESSIONS = 96;
/** Longer than a session, so that kills fall into beginnings, middles and ends. */
const LATEST_KILL_MS = 3000;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'throughput,faults,kills' },
    kills: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});

// beside node_modules, so that what a bundle leaves outside of it is found
const bundled = join(ROOT, 'node_modules', '.foil-bench-simulate');
const folder = await mkdtemp(join(tmpdir(), 'foil-simulate-'));
const children = new Set<ChildProcess>();
let missed = false;

function start(name: string, args: readonly string[]): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(NODE, [join(bundled, `${name}.js`), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return { child, lines };
}

async function mock(
  faults: boolean,
): Promise<{ base: string; asked: () => Promise<Map<number, number>>; end(): void }> {
  const { child, lines } = start('simulate-mock', faults ? ['--faults'] : []);
  const port = (await lines.next()).value;
  const asked = async () =>
    new Map((await (await fetch(`http://127.0.0.1:${port}/asked`)).json()) as [number, number][]);
  return { base: `http://127.0.0.1:${port}/v1`, asked, end: () => child.kill() };
}

interface Result {
  readonly seconds: number;
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly summary: Summary | null;
}

async function run(mode: string, base: string, sessions: number, atOnce: number, place: string): Promise<Result> {
  const { lines } = start('simulate-run', [mode, base, String(sessions), String(atOnce), place]);
  let last = '';
  for (let line = await lines.next(); !line.done; line = await lines.next()) last = line.value;
  return JSON.parse(last) as Result;
}

function say(name: string, ok: boolean, figures: Record<string, number | string>): void {
  missed ||= !ok;
  if (values.json) console.log(JSON.stringify({ bench: 'simulate', name, ...figures, ok }));
  else {
    const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
    console.log(`${name.padEnd(16)} ${ok ? 'ok  ' : 'MISS'} ${text.join(', ')}`);
  }
}

const round = (value: number, digits = 2) => Number(value.toFixed(digits));

async function corpusOf(place: string): Promise<Session[]> {
  const text = await readFile(join(place, 'sessions', 'made.jsonl'), 'utf8').catch(() => '');
  return jsonLines(text);
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
function faultsIn(corpus: readonly Session[], sessions: number): string[] {
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

async function throughput(): Promise<void> {
  for (const atOnce of AT_ONCE) {
    const server = await mock(false);
    const sessions = atOnce * Number(values.rounds);
    const place = join(folder, `throughput-${atOnce}`);
    await mkdir(place);
    const bare = await run('bare', server.base, sessions, atOnce, place);
    const foil = await run('foil', server.base, sessions, atOnce, place);
    const ratio = bare.seconds / foil.seconds;
    const wrong = faultsIn(await corpusOf(place), sessions);
    const full = atOnce === 256;
    const ok =
      wrong.length === 0 &&
      (!full || (ratio >= LIMITS.ratio && foil.cpuMs <= LIMITS.cpuMs && foil.rssMb <= LIMITS.rssMb));
    say(`at once ${atOnce}`, ok, {
      'sessions/min': Math.round((sessions / foil.seconds) * 60),
      bare: Math.round((sessions / bare.seconds) * 60),
      ratio: round(ratio),
      'cpu ms/session': round(foil.cpuMs),
      'bare cpu': round(bare.cpuMs),
      'rss MB': Math.round(foil.rssMb),
      'bare rss': Math.round(bare.rssMb),
      wrong: wrong.length,
    });
    server.end();
  }
}

async function faults(): Promise<void> {
  const server = await mock(true);
  const place = join(folder, 'faults');
  await mkdir(place);
  const { seconds, summary } = await run('foil', server.base, FAULTS_SESSIONS, FAULTS_AT_ONCE, place);
  const ideal = idealSeconds(FAULTS_SESSIONS, FAULTS_AT_ONCE);
  const wrong = faultsIn(await corpusOf(place), FAULTS_SESSIONS);
  say('faults', wrong.length === 0 && seconds / ideal <= LIMITS.faults, {
    sessions: FAULTS_SESSIONS,
    'lost or empty': wrong.length,
    retries: JSON.stringify(summary?.retries ?? {}),
    seconds: round(seconds, 1),
    ideal: round(ideal, 1),
    ratio: round(seconds / ideal),
  });
  server.end();
}

/** Seeds of the turns that the journal and the corpus of a folder have. */
async function kept(place: string): Promise<Set<number>> {
  const text = await readFile(join(place, 'sessions', 'made.unfinished'), 'utf8').catch(() => '');
  const seeds = jsonLines<TurnRecord>(text).map(({ seed }) => seed);
  for (const { turns } of await corpusOf(place)) {
    for (const { by } of turns) if (by?.kind === 'model' && by.seed !== undefined) seeds.push(by.seed);
  }
  return new Set(seeds);
}

async function kills(): Promise<void> {
  const wanted = Number(values.kills);
  const tally = {
    kills: 0,
    corpora: 0,
    lost: 0,
    again: 0,
    'turns kept': 0,
    repeated: 0,
    'in flight': 0,
    'most in flight': 0,
    wrong: 0,
  };
  while (tally.kills < wanted) {
    const server = await mock(false);
    const place = join(folder, `kills-${tally.corpora}`);
    await mkdir(place);
    let before = new Set<number>();
    let askedBefore = new Map<number, number>();
    for (let whole = false; !whole; ) {
      const { child, lines } = start('simulate-run', [
        'foil',
        server.base,
        String(KILLS_SESSIONS),
        String(KILLS_AT_ONCE),
        place,
      ]);
      const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
      await lines.next();
      const timer = setTimeout(() => {
        if (tally.kills < wanted) child.kill('SIGKILL');
      }, Math.random() * LATEST_KILL_MS);
      whole = (await exited) === 0;
      clearTimeout(timer);
      const [now, asked] = [await kept(place), await server.asked()];
      const inFlight = [...asked.keys()].filter((seed) => !now.has(seed)).length;
      tally.lost += [...before].filter((seed) => !now.has(seed)).length;
      tally.again += [...before].filter((seed) => (asked.get(seed) ?? 0) > (askedBefore.get(seed) ?? 0)).length;
      if (!whole) {
        tally.kills += 1;
        tally['in flight'] += inFlight;
        tally['most in flight'] = Math.max(tally['most in flight'], inFlight);
      }
      [before, askedBefore] = [now, asked];
    }
    tally.corpora += 1;
    tally['turns kept'] += before.size;
    tally.repeated += [...askedBefore.values()].reduce((sum, times) => sum + times - 1, 0);
    tally.wrong += faultsIn(await corpusOf(place), KILLS_SESSIONS).length;
    server.end();
  }
  const ok =
    tally.lost === 0 &&
    tally.again === 0 &&
    tally.wrong === 0 &&
    tally.repeated <= tally['in flight'] &&
    tally['most in flight'] <= KILLS_AT_ONCE;
  say('kill -9', ok, tally);
}

try {
  const entries = ['simulate-mock', 'simulate-run'].map((name) => join(ROOT, 'bench', `${name}.ts`));
  await build({ ...bundleOptions(ROOT), entryPoints: entries, outdir: bundled });
  const only = values.only.split(',');
  if (only.includes('throughput')) await throughput();
  if (only.includes('faults')) await faults();
  if (only.includes('kills')) await kills();
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  await rm(bundled, { recursive: true, force: true });
}
process.exitCode = missed ? 1 : 0;
