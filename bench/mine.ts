/**
 * What mining pays for at each critical turn, counted at the HTTP door of the embedded engine by its own usage figures:
 *
 * - requests: to the simulator, a critical turn (1: all alternatives come from one);
 * - simulator: prompt tokens that it read, against the prompt of one request a turn (at most 1: the prefix is read once, where
 *   separate requests without a cache would read it 8 times);
 * - discriminator: prompt tokens that it read for z_{t-1}, the original and the alternatives, against the least that these
 *   prompts need: what some of them begin with alike once, and what is their own (the nodes of a trie of their tokens).
 *
 *     npx tsx bench/mine.ts [--sessions 2] [--threads N] [--json]
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/backends/config/load.ts';
import { embeddedSource } from '../src/backends/registry/embedded-source.ts';
import { Registry } from '../src/backends/registry/registry.ts';
import { openPairStore } from '../src/backends/store/pair-store.ts';
import { openSessionStore } from '../src/backends/store/session-store.ts';
import { systemClock } from '../src/backends/system.ts';
import { rulesSchema } from '../src/core/preference/filter.ts';
import { criticalSchema } from '../src/core/preference/mined.ts';
import { sessionSchema } from '../src/core/session/schema.ts';
import { mine } from '../src/core/workflows/mine/mine.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Above 1 for the header of the judged turn, which stands in one segment with its text. */
const LIMITS = { requests: 1, simulator: 1, discriminator: 1.1 };
const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '2' },
    threads: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

interface Usage {
  readonly path: string;
  readonly prompt: number;
  readonly cached: number;
  readonly completion: number;
  /** Of a completions request. */
  readonly asked: { readonly model: string; readonly prompt: string } | null;
}
const seen: Usage[] = [];

/** Passes requests on to the engine, asks for the usage of streams, and keeps what it says. */
async function startDoor(engine: string, key: string) {
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request);
    const url = new URL(request.url ?? '/', engine);
    const body = text === '' ? undefined : JSON.stringify(withUsage(JSON.parse(text) as Record<string, unknown>));
    const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
    const answer = await fetch(url, {
      method: request.method ?? 'GET',
      headers,
      ...(body === undefined ? {} : { body }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    const whole = await answer.text();
    const usage = /"usage":\{"prompt_tokens":(\d+),"completion_tokens":(\d+).*?"cached_tokens":(\d+)/su.exec(whole);
    if (usage && url.pathname.startsWith('/v1/c')) {
      const [prompt = 0, completion = 0, cached = 0] = usage.slice(1).map(Number);
      const asked = url.pathname.includes('chat') ? null : (JSON.parse(text) as { model: string; prompt: string });
      seen.push({ path: url.pathname, prompt, cached, completion, asked });
    }
    response.end(whole);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    engine,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () => server.close(),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

function withUsage(body: Record<string, unknown>): Record<string, unknown> {
  return body['stream'] === true ? { ...body, stream_options: { include_usage: true } } : body;
}

/** Tokens of the prompts, those counted once that several begin with. */
async function distinctTokens(usages: readonly Usage[]): Promise<number> {
  if (!door) throw new Error('nobody asked the engine');
  const prefixes = new Set<string>();
  for (const { asked } of usages) {
    if (!asked) continue;
    const body = JSON.stringify({ model: asked.model, prompt: asked.prompt });
    const answer = await fetch(new URL('/tokenize', door.engine), { method: 'POST', headers: door.headers, body });
    const { tokens } = (await answer.json()) as { tokens: number[] };
    for (let end = 1; end <= tokens.length; end += 1) prefixes.add(tokens.slice(0, end).join(' '));
  }
  return prefixes.size;
}

const dir = await mkdtemp(join(tmpdir(), 'foil-mine-'));
if (values.threads !== undefined)
  await writeFile(
    join(dir, 'foil.yaml'),
    `engine: {threads: ${values.threads}}
`,
  );
const config = await loadConfig(dir);
const source = embeddedSource(config, () => {});
let door: Awaited<ReturnType<typeof startDoor>> | null = null;
const registry = new Registry({
  config,
  modelDirs: [join(ROOT, 'models')],
  env: {},
  engine: {
    place: () => source.place(),
    async connect(signal) {
      const running = await source.connect(signal);
      door = await startDoor(running.endpoint.baseURL, running.endpoint.key ?? '');
      return { ...running, endpoint: { ...running.endpoint, baseURL: door.baseURL } };
    },
  },
});
const sessions = await openSessionStore(join(dir, 'sessions'));
const pairs = openPairStore(join(dir, 'pairs'));
try {
  const { signal } = new AbortController();
  const lines = (await readFile(join(ROOT, 'sessions', 'sample.jsonl'), 'utf8')).trim().split('\n');
  await sessions.append(
    'sample',
    lines.slice(0, Number(values.sessions)).map((line) => sessionSchema.parse(JSON.parse(line))),
  );
  const request = {
    ...{ corpus: 'sample', set: 'bench', n: 8, seed: 1 },
    simulator: await registry.chatModel('simulator-it0', 'simulator', signal),
    discriminator: await registry.discriminator('discriminator-it0', signal),
    critical: criticalSchema.parse({}),
    rules: rulesSchema.parse({}),
  };
  let turns = 0;
  let from = 0;
  /** Tokens that each turn would cost D at least. */
  let ideal = 0;
  for await (const event of mine({ sessions, pairs, clock: systemClock }, request, signal)) {
    if (event.type === 'planned') seen.length = 0;
    if (event.type !== 'turn') continue;
    turns += 1;
    ideal += await distinctTokens(seen.slice(from));
    from = seen.length;
  }
  const simulator = seen.filter(({ path }) => path.includes('chat'));
  const discriminator = seen.filter(({ path }) => !path.includes('chat'));
  const total = (usages: readonly Usage[], of: (usage: Usage) => number) =>
    usages.reduce((sum, usage) => sum + of(usage), 0);
  const read = ({ prompt, cached }: Usage) => prompt - cached;
  const report = {
    ...{ turns, requests: simulator.length / turns, judgements: discriminator.length / turns },
    simulator: total(simulator, read) / total(simulator, ({ prompt }) => prompt),
    discriminator: total(discriminator, read) / ideal,
    tokens: {
      simulator_prompt: total(simulator, ({ prompt }) => prompt),
      simulator_read: total(simulator, read),
      sampled: total(simulator, ({ completion }) => completion),
      discriminator_prompt: total(discriminator, ({ prompt }) => prompt),
      discriminator_read: total(discriminator, read),
      discriminator_ideal: ideal,
    },
    limits: LIMITS,
  };
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (values.json) say(JSON.stringify({ bench: 'mine', ...report }));
  else {
    const { tokens } = report;
    say(`${turns} critical turns, 8 alternatives each`);
    say(`requests to the simulator a turn: ${report.requests} (<= ${LIMITS.requests})`);
    say(
      `simulator: ${tokens.simulator_read} prompt tokens read of ${tokens.simulator_prompt} in one prompt a turn: ${report.simulator.toFixed(2)} (<= ${LIMITS.simulator}); ${tokens.sampled} sampled`,
    );
    say(
      `discriminator: ${tokens.discriminator_read} read, ${tokens.discriminator_ideal} with nothing twice: ${report.discriminator.toFixed(2)} (<= ${LIMITS.discriminator}); its ${discriminator.length} prompts hold ${tokens.discriminator_prompt}`,
    );
  }
  const met =
    report.requests <= LIMITS.requests &&
    report.simulator <= LIMITS.simulator &&
    report.discriminator <= LIMITS.discriminator;
  process.exitCode = met ? 0 : 1;
} finally {
  await pairs.close();
  await sessions.close();
  await registry.close();
  (door as { close: () => void } | null)?.close();
  await rm(dir, { recursive: true, force: true });
}
