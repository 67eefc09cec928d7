/**
 * What an evaluation computes without any model: `npx tsx bench/evaluate.ts [--sessions N] [--json]`.
 *
 *   tables       features and tables of N sessions (of the sample, drawn with replacement and renamed; half of them as a
 *                simulator's, with scores), against reading the file and parsing it once with the schema of sessions;
 *                beside it the same with JSON.parse alone, which checks nothing. In seconds of CPU time.
 *   correlation  r of 14 chatbots with 10,000 bootstrap draws, in seconds, and against numpy for as many where Python has it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { discriminatorExhibits } from '../src/core/evaluate/judges/discriminators.ts';
import { linguisticExhibits } from '../src/core/evaluate/language/linguistic.ts';
import type { Source } from '../src/core/evaluate/source.ts';
import { generator } from '../src/core/metrics/bootstrap.ts';
import { pearsonInterval } from '../src/core/metrics/correlation.ts';
import { type Session, sessionSchema } from '../src/core/session/schema.ts';
import { countUserTurns } from '../src/core/session/tree.ts';

const LIMITS = { tables: 2, correlationSeconds: 2, correlationRatio: 1.5 };
const DRAWS = { draws: 1000, seed: 1 };
const CHATBOTS = 14;
const CORRELATION_DRAWS = 10_000;
const ROUNDS = 5;

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10000' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'boolean', default: false },
  },
});
let missed = false;

function say(name: string, ok: boolean, figures: Record<string, number | string>): void {
  missed ||= !ok;
  if (values.json) console.log(JSON.stringify({ bench: 'evaluate', name, ...figures, ok }));
  else {
    const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
    console.log(`${name.padEnd(12)} ${ok ? 'ok  ' : 'MISS'} ${text.join(', ')}`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'foil-evaluate-'));
try {
  await tables(join(folder, 'many.jsonl'), Number(values.sessions));
  correlation();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = missed ? 1 : 0;

async function tables(file: string, count: number): Promise<void> {
  await writeFile(file, await manySessions(count));
  const times: Record<'bare' | 'read' | 'tables', number[]> = { bare: [], read: [], tables: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.bare.push(await seconds(async () => (await lines(file)).map((line) => JSON.parse(line))));
    let sessions: Session[] = [];
    times.read.push(
      await seconds(async () => {
        sessions = (await lines(file)).map((line) => sessionSchema.parse(JSON.parse(line)));
      }),
    );
    const [real, simulated] = (['real', 'simulated'] as const).map((kind): Source => {
      const own = sessions.filter(({ origin }) => (origin === 'real') === (kind === 'real'));
      return { name: kind === 'real' ? 'real' : 'it0', kind, corpus: 'many', sessions: own };
    });
    if (!real || !simulated) throw new Error('two sides were made');
    times.tables.push(
      await seconds(() => {
        const made = [
          ...linguisticExhibits([real, simulated], DRAWS),
          ...discriminatorExhibits([{ name: 'd0', own: 'it0' }], real, [simulated], DRAWS),
        ];
        if (made.some((exhibit) => exhibit.type === 'table' && exhibit.rows.length === 0))
          throw new Error('an empty table');
      }),
    );
  }
  const [bare, read, computed] = [median(times.bare), median(times.read), median(times.tables)];
  const ratio = computed / read;
  say('tables', ratio <= LIMITS.tables, {
    ...{ sessions: count, draws: DRAWS.draws, tables_s: round(computed), read_s: round(read), ratio: round(ratio) },
    ...{ bound: LIMITS.tables, bare_json_s: round(bare), ratio_to_bare: round(computed / bare) },
  });
}

/** Sessions with words of the sample; every other one as a simulation of the one before it. */
async function manySessions(count: number): Promise<string> {
  const sample = await readFile(new URL('../sessions/sample.jsonl', import.meta.url), 'utf8');
  const known = sample
    .trim()
    .split('\n')
    .map((line) => sessionSchema.parse(JSON.parse(line)))
    .filter(({ turns }) => countUserTurns(turns) > 1);
  const random = generator(6);
  const made = Array.from({ length: count }, (_, at): Session => {
    const session = known[Math.floor(random() * known.length)] as Session;
    const z = Array.from({ length: countUserTurns(session.turns) }, () => 4 * random() - 2);
    const scores = { d0: { z, logit_p0: 0, template: 'bench', engine: 'bench' } };
    if (at % 2 === 0) return { ...session, id: `s${at}`, origin: 'real', scores };
    const origin = { simulator: 'it0', chatbot: 'bot' };
    return { ...session, id: `s${at}`, origin, scores, meta: { ...session.meta, context_of: `s${at - 1}` } };
  });
  return made.map((session) => `${JSON.stringify(session)}\n`).join('');
}

async function lines(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n');
}

function correlation(): void {
  const random = generator(3);
  const x = Array.from({ length: CHATBOTS }, () => random());
  const y = x.map((value) => value + 0.5 * random());
  const times: number[] = [];
  for (let at = 0; at < ROUNDS; at += 1) {
    const start = performance.now();
    pearsonInterval(x, y, { draws: CORRELATION_DRAWS, seed: at });
    times.push((performance.now() - start) / 1000);
  }
  const ours = median(times);
  const theirs = numpySeconds(x, y);
  const ratio = theirs === null ? null : ours / theirs;
  const ok = ours <= LIMITS.correlationSeconds || (ratio !== null && ratio <= LIMITS.correlationRatio);
  say('correlation', ok, {
    ...{ chatbots: CHATBOTS, draws: CORRELATION_DRAWS, seconds: round(ours, 4), bound_s: LIMITS.correlationSeconds },
    ...(theirs === null || ratio === null
      ? { numpy: 'not there' }
      : { numpy_s: round(theirs, 4), ratio: round(ratio), bound_ratio: LIMITS.correlationRatio }),
  });
}

/** The same draws at once, as numpy does them; null where this Python has no numpy. */
function numpySeconds(x: readonly number[], y: readonly number[]): number | null {
  const program = `
import json, sys, time
import numpy as np
x, y, draws, rounds = json.load(sys.stdin)
x, y, times = np.array(x), np.array(y), []
for seed in range(rounds):
    start = time.perf_counter()
    at = np.random.default_rng(seed).integers(0, len(x), (draws, len(x)))
    a, b = x[at], y[at]
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    r = (a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))
    np.nanquantile(r, [0.025, 0.975])
    times.append(time.perf_counter() - start)
print(sorted(times)[len(times) // 2])
`;
  const { status, stdout } = spawnSync(values.python, ['-c', program], {
    input: JSON.stringify([x, y, CORRELATION_DRAWS, ROUNDS]),
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout) : null;
}

async function seconds(work: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
