/**
 * Scoring a corpus on the embedded engine (`foil score`, `foil eval`):
 *
 *   computed     tokens that the engine evaluated, by its own count, against those that the sessions' longest prompts have:
 *                every prompt token once (1; the label position and a header shared with no other are in both)
 *   in flight    share of the time, from the first request to the end of the last but one session, in which every place of
 *                the server had a request
 *
 *     npx tsx bench/score.ts [--sessions 8] [--threads N] [--json]
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/backends/config/load.ts';
import { connectEngine, ensureWeights } from '../src/backends/embedded/index.ts';
import { statsSchema } from '../src/backends/embedded/protocol.ts';
import { embeddedSource } from '../src/backends/registry/embedded-source.ts';
import { Registry } from '../src/backends/registry/registry.ts';
import type { Discriminator } from '../src/core/ports.ts';
import type { ChatMessage } from '../src/core/prompt/messages.ts';
import { sessionSchema } from '../src/core/session/schema.ts';
import { countUserTurns } from '../src/core/session/tree.ts';
import { scoreSessions } from '../src/core/workflows/score.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Above 1 for headers of turns, which stand in one segment with their text and are read again where it grows. */
const LIMITS = { computed: 1.1, busy: 0.95 };
const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '8' },
    threads: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const dir = await mkdtemp(join(tmpdir(), 'foil-score-'));
if (values.threads !== undefined) await writeFile(join(dir, 'foil.yaml'), `engine: {threads: ${values.threads}}\n`);
const config = await loadConfig(dir);
const source = embeddedSource(config, () => {});
const registry = new Registry({ config, modelDirs: [join(ROOT, 'models')], env: {}, engine: source });
const { signal } = new AbortController();
const judge = await registry.discriminator('discriminator-it0', signal);
const weights = await finished(ensureWeights());
const engine = await connectEngine({ ...weights, template: join(ROOT, 'models', 'chatml.jinja') });
const headers = { 'content-type': 'application/json', authorization: `Bearer ${engine.token}` };

try {
  const lines = (await readFile(join(ROOT, 'sessions', 'sample.jsonl'), 'utf8')).trim().split('\n');
  const sessions = lines
    .map((line) => sessionSchema.parse(JSON.parse(line)))
    .filter(({ turns }) => countUserTurns(turns) > 1)
    .slice(0, Number(values.sessions));
  const places = judge.atOnce ?? 1;
  let [now, since, full, requests] = [0, performance.now(), 0, 0];
  const change = (by: number) => {
    const time = performance.now();
    if (now === places) full += time - since;
    [now, since] = [now + by, time];
  };
  /** The longest prompt of each session: what it takes to read it once. */
  const longest = new Map<string, readonly ChatMessage[]>();
  const counted: Discriminator = {
    ...pick(judge),
    async score(messages, stop) {
      requests += 1;
      const first = JSON.stringify(messages.slice(0, 2));
      if ((longest.get(first)?.length ?? 0) < messages.length) longest.set(first, messages);
      change(1);
      try {
        return await judge.score(messages, stop);
      } finally {
        change(-1);
      }
    },
  };
  const before = await evaluated();
  const start = performance.now();
  since = start;
  // when so many sessions are left that not every place can have one, the time ends
  let [ended, left, busy] = [start, sessions.length, 0];
  for await (const _ of scoreSessions(counted, sessions, signal)) {
    left -= 1;
    if (left >= places - 1) {
      change(0);
      [ended, busy] = [performance.now(), full];
    }
  }
  const computed = (await evaluated()) - before;
  const prompts = [...longest.values()];
  let ideal = 0;
  for (const messages of prompts) ideal += await tokensOf(messages);
  const report = {
    ...{ sessions: sessions.length, prompts: prompts.length, requests, places, computed, once: ideal },
    ratio: computed / ideal,
    busy: busy / (ended - start),
    limits: LIMITS,
  };
  const ok = prompts.length === sessions.length && report.ratio <= LIMITS.computed && report.busy >= LIMITS.busy;
  if (values.json) console.log(JSON.stringify({ bench: 'score', ...report, ok }));
  else {
    console.log(`${sessions.length} sessions, ${requests} requests, ${places} places`);
    console.log(
      `tokens computed / tokens of the prompts once: ${computed} / ${ideal} = ${report.ratio.toFixed(3)} (<= ${LIMITS.computed})`,
    );
    console.log(`time with a request in every place: ${(100 * report.busy).toFixed(1)}% (>= ${100 * LIMITS.busy}%)`);
  }
  process.exitCode = ok ? 0 : 1;
} finally {
  await engine.close();
  await registry.close();
  await rm(dir, { recursive: true, force: true });
}

function pick({ name, input, logitP0, template, engine: of, window, atOnce }: Discriminator) {
  return { name, input, logitP0, template, engine: of, window, ...(atOnce === undefined ? {} : { atOnce }) };
}

/** Tokens that the engine has computed so far. */
async function evaluated(): Promise<number> {
  const answer = await fetch(new URL('/foil/stats', engine.baseURL), { headers });
  return statsSchema.parse(await answer.json()).evaluated;
}

/** Tokens of a prompt in the template of all models here. */
async function tokensOf(messages: readonly ChatMessage[]): Promise<number> {
  const prompt = messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>`).join('\n');
  const body = JSON.stringify({ model: judge.name, prompt });
  const answer = await fetch(new URL('/tokenize', engine.baseURL), { method: 'POST', headers, body });
  const { tokens } = (await answer.json()) as { tokens: number[] };
  return tokens.length;
}

async function finished<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}
