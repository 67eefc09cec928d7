/**
 * `simulate` on the embedded engine against a bare node-llama-cpp loop that says the same sessions with as many caches: sampled
 * tokens a second, simulator-it0 with supporter, two sessions at once.
 *
 * One side is the workflow as it ships: HTTP, retries, every turn on the disk, and an engine whose results do not depend on
 * what is cached. The other side goes on from its own tokens in the cache, and samples in native code.
 *
 * The ratio is the median over the rounds of (one side / the other in the same round); the loop needs the sessions that the
 * engine has made in its round, so the sides are timed in turn, engine and loop, engine and loop.
 *
 *     npx tsx bench/simulate-embedded.ts [--rounds 3] [--sessions 4] [--turns 4] [--threads N] [--json]
 *
 * The engine chooses its threads by itself, as it is shipped, and the bare loop takes all cores; --threads N fixes both. With
 * one thread the same ratio of processor time (Linux only) says nearly as much, and does so on a busy machine too.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/backends/config/load.ts';
import { connectEngine, ensureWeights } from '../src/backends/embedded/index.ts';
import { statsSchema } from '../src/backends/embedded/protocol.ts';
import { embeddedSource } from '../src/backends/registry/embedded-source.ts';
import { Registry } from '../src/backends/registry/registry.ts';
import { openSessionStore } from '../src/backends/store/session-store.ts';
import { openTurnJournal } from '../src/backends/store/turn-journal.ts';
import { systemClock } from '../src/backends/system.ts';
import { type Session, sessionSchema } from '../src/core/session/schema.ts';
import { simulate } from '../src/core/workflows/simulate/simulate.ts';
import { BareTalk } from './simulate-embedded-bare.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEAST = 0.85;
/** Sessions at once: what the embedded engine is asked for by default. */
const AT_ONCE = 2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    sessions: { type: 'string', default: '4' },
    turns: { type: 'string', default: '4' },
    threads: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const dir = await mkdtemp(join(tmpdir(), 'foil-simulate-'));
if (values.threads !== undefined) await writeFile(join(dir, 'foil.yaml'), `engine: {threads: ${values.threads}}\n`);
const config = await loadConfig(dir);
const registry = new Registry({
  config,
  modelDirs: [join(ROOT, 'models')],
  env: {},
  engine: embeddedSource(config, () => {}),
});
const store = await openSessionStore(join(dir, 'sessions'));
const { signal } = new AbortController();
const simulator = await registry.chatModel('simulator-it0', 'simulator', signal);
const chatbot = await registry.chatModel('supporter', 'chatbot', signal);
const lines = (await readFile(join(ROOT, 'sessions', 'sample.jsonl'), 'utf8')).trim().split('\n');
const contexts = lines.slice(0, Number(values.sessions)).map((line) => sessionSchema.parse(JSON.parse(line)));
const weights = await finished(ensureWeights());
// the engine that the registry has started: for its process and its counts
const engine = await connectEngine({ ...weights, template: join(ROOT, 'models', 'chatml.jinja') });
const bare = await BareTalk.start({
  model: weights.q4,
  folders: { user: join(ROOT, 'models', 'simulator-it0'), assistant: join(ROOT, 'models', 'supporter') },
  models: { user: simulator, assistant: chatbot },
  threads: Number(values.threads ?? availableParallelism()),
  atOnce: AT_ONCE,
});

interface Side {
  readonly tokens: number;
  readonly seconds: number;
  /** Processor time of all processes of the side. */
  readonly cpu: number;
  /** Tokens of prompts that were not in a cache. */
  readonly read: number;
}

try {
  // makes the caches, and reads the weights from the disk
  const [first] = (await ours(0, contexts.slice(0, 2))).sessions;
  if (first) await bare.say([first]);
  const rounds: { ours: Side; bare: Side }[] = [];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const { sessions, ...side } = await ours(round, contexts);
    const before = ownCpu();
    const other = await bare.say(sessions);
    rounds.push({ ours: side, bare: { ...other, cpu: ownCpu() - before } });
  }
  report(rounds);
} finally {
  await bare.close();
  await engine.close();
  await store.close();
  await registry.close();
  await rm(dir, { recursive: true, force: true });
}

/** Seconds of this process. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds of the engine's process; NaN where the system does not say. */
async function engineCpu(): Promise<number> {
  const stat = await readFile(`/proc/${engine.info.pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = stat.split(') ').at(-1)?.split(' ').slice(11, 13) ?? [];
  // in ticks of 10 ms on every Linux that Node runs on
  return (Number(user ?? Number.NaN) + Number(system ?? Number.NaN)) / 100;
}

/** Tokens that the engine has computed so far, of prompts and of replies. */
async function evaluated(): Promise<number> {
  const answer = await fetch(new URL('/foil/stats', engine.baseURL), {
    headers: { authorization: `Bearer ${engine.token}` },
  });
  return statsSchema.parse(await answer.json()).evaluated;
}

/** Sessions of the workflow, each round with another seed and in a corpus of its own. */
async function ours(round: number, from: readonly Session[]): Promise<Side & { sessions: Session[] }> {
  const corpus = `round-${round}`;
  const journal = await openTurnJournal(join(dir, 'sessions'), corpus);
  const request = {
    ...{ simulator, chatbots: [chatbot], contexts: from, perContext: 1, seed: 100 + round, done: new Set<string>() },
    ...{ maxUserTurns: Number(values.turns), atOnce: AT_ONCE },
  };
  const ports = { clock: systemClock, journal, append: (made: readonly Session[]) => store.append(corpus, made) };
  const sessions: Session[] = [];
  const before = { cpu: (await engineCpu()) + ownCpu(), evaluated: await evaluated() };
  const started = performance.now();
  let [tokens, turns] = [0, 0];
  for await (const event of simulate(request, ports, signal)) {
    if (event.type === 'session') sessions.push(event.session);
    if (event.type === 'done') [tokens, turns] = [event.summary.tokens.completion, event.summary.turns];
  }
  const seconds = (performance.now() - started) / 1000;
  const cpu = (await engineCpu()) + ownCpu() - before.cpu;
  // the last token of a reply is sampled and not computed
  return { sessions, tokens, seconds, cpu, read: (await evaluated()) - before.evaluated - (tokens - turns) };
}

function report(rounds: readonly { ours: Side; bare: Side }[]): void {
  const ratioOf = (rate: (side: Side) => number) => median(rounds.map((round) => rate(round.ours) / rate(round.bare)));
  const ratio = ratioOf(({ tokens, seconds }) => tokens / seconds);
  const cpu = ratioOf(({ tokens, cpu: used }) => tokens / used);
  if (values.json) {
    console.log(
      JSON.stringify({ bench: 'simulate-embedded', ratio, cpu, least: LEAST, threads: values.threads, rounds }),
    );
  } else {
    for (const { ours: one, bare: other } of rounds) {
      const text = ({ tokens, seconds, cpu: used, read }: Side) =>
        `${tokens} tokens in ${seconds.toFixed(1)} s, ${used.toFixed(1)} s of processor, ${read} tokens of prompts read`;
      console.log(`engine: ${text(one)}\nbare:   ${text(other)}`);
    }
    console.log(`tokens/s of simulate / of a bare loop with the same caches: ${ratio.toFixed(2)} (>= ${LEAST})`);
    console.log(`tokens a second of processor time: ${cpu.toFixed(2)}`);
  }
  if (!(ratio >= LEAST)) process.exitCode = 1;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

async function finished<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}
