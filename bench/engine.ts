/**
 * What the embedded engine's cache and its HTTP cost, as ratios from one run:
 *
 * - score: p_t after one more message in a 1,000-token session, against a pass from scratch;
 * - alternatives: 8 alternatives with their rewards at a 1,000-token prefix that nobody has read yet, against 8 separate cold
 *   requests of the same texts;
 * - first-token, reply: a streamed reply of at most 48 tokens to a 300-token session through the engine, against the same tokens
 *   from a bare node-llama-cpp loop.
 *
 * Each ratio is the median over the rounds of (one side / the other in the same round), so that a machine that grows slower or
 * faster meanwhile cancels out. Engine and bare loop take turns at going first. The reply, which is cheap, gets three rounds for
 * each one of the others.
 *
 *     npx tsx bench/engine.ts [--rounds 3] [--threads N] [--quick] [--json]
 *
 * The engine chooses its threads by itself, as it is shipped, and the bare loop takes all cores (left to node-llama-cpp's default it did not end within minutes on two);
 * --threads N fixes both. --quick leaves out the alternatives, which take most of the time.
 *
 * Uses models/simulator-it0 and models/discriminator-it0 where they are, else the base model on both sides.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import OpenAI from 'openai';
import { connectEngine, type EngineHandle, ensureWeights } from '../src/backends/embedded/index.ts';
import { BareLoop } from './engine-bare.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIMITS = { score: 0.15, alternatives: 0.35, firstToken: 1.15, reply: 1.15 };
const ALTERNATIVES = 8;
const REPLY_TOKENS = 48;
/** Reply rounds for each round of the rest. */
const REPLIES = 3;

interface Pair {
  readonly one: number[];
  readonly other: number[];
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string' },
    models: { type: 'string', default: join(ROOT, 'models') },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const threads = values.threads === undefined ? null : Number(values.threads);

const weights = await finished(ensureWeights());
const dir = await mkdtemp(join(tmpdir(), 'foil-bench-'));
const template = join(ROOT, 'models', 'chatml.jinja');
const fixed = threads === null ? {} : { threads };
// two slots: a session is forgotten after two others
const engine = await connectEngine({ ...weights, template, dir, ...fixed, slots: 2, graceMs: 500 });
const client = new OpenAI({ baseURL: engine.baseURL, apiKey: engine.token, maxRetries: 0, timeout: 600_000 });
const bare = await BareLoop.start(weights.q4, threads ?? availableParallelism());
try {
  const simulator = await load(engine, 'simulator-it0');
  const discriminator = await load(engine, 'discriminator-it0');
  const score: Pair = { one: [], other: [] };
  const alternatives: Pair = { one: [], other: [] };
  const first: Pair = { one: [], other: [] };
  const reply: Pair = { one: [], other: [] };
  // makes the slots, and reads the weights from the disk
  await scoreRound(discriminator, 0, 2);
  await alternativesRound(simulator, discriminator, 0, 2, 1);
  await replyRound(0);
  for (let round = 1; round <= rounds; round += 1) {
    push(score, await scoreRound(discriminator, round, 30));
    if (!values.quick) push(alternatives, await alternativesRound(simulator, discriminator, round, 29, ALTERNATIVES));
    for (let turn = 0; turn < REPLIES; turn += 1) {
      const replied = await replyRound(REPLIES * round + turn);
      push(first, [replied[0].first, replied[1].first]);
      push(reply, [replied[0].total, replied[1].total]);
    }
  }
  report({ score, alternatives, firstToken: first, reply }, { simulator, discriminator });
} finally {
  await engine.close();
  await bare.close();
  await rm(dir, { recursive: true, force: true });
}

/** Turns of a made-up session, about 30 tokens each; `name` makes it differ from all others from its first token on. */
function session(name: string, turns: number): { role: 'user' | 'assistant'; content: string }[] {
  return Array.from({ length: turns }, (_, index) => ({
    role: index % 2 === 0 ? 'assistant' : 'user',
    content: `${name} ${index}: since last week I keep thinking about what my boss said, and I still do not know how to answer.`,
  }));
}

/** As the simulator sees it: its own turns are `assistant`. */
function flipped(messages: ReturnType<typeof session>): ReturnType<typeof session> {
  return messages.map(({ role, content }) => ({ role: role === 'user' ? 'assistant' : 'user', content }));
}

function rendered(messages: readonly { role: string; content: string }[]): string {
  return messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>`).join('\n');
}

/** Log-probabilities at the end of the prompt: what a reward is read from. */
async function read(model: string, prompt: string): Promise<void> {
  await client.completions.create({ model, prompt, max_tokens: 1, logprobs: 5, temperature: 0 });
}

async function scoreRound(model: string, round: number, turns: number): Promise<[number, number]> {
  const messages = session(`Kim${round}`, turns);
  await read(model, rendered(messages));
  const more = rendered([
    ...messages,
    { role: 'user', content: 'I guess so. I will talk to him on Monday, but I am scared.' },
  ]);
  const warm = await timed(() => read(model, more));
  // one session a slot: nothing of this one is left
  for (const other of ['Lee', 'Moe', 'Ned']) await read(model, rendered(session(`${other}${round}`, 6)));
  return [warm, await timed(() => read(model, more))];
}

async function alternativesRound(
  simulator: string,
  discriminator: string,
  round: number,
  turns: number,
  count: number,
): Promise<[number, number]> {
  const seed = 100 * round;
  const sample = (name: string, length: number, n: number, from: number) => {
    const body = {
      model: simulator,
      messages: flipped(session(name, length)),
      max_tokens: REPLY_TOKENS,
      n,
      seed: from,
    };
    const extra = { stop_token_ids: [0] };
    return client.chat.completions.create({ ...body, ...extra });
  };
  const score = async (name: string, answer: OpenAI.ChatCompletion): Promise<void> => {
    for (const { message } of answer.choices) {
      await read(discriminator, rendered([...session(name, turns), { role: 'user', content: message.content ?? '' }]));
    }
  };
  // both models read another session, which takes the slot of the last one, and makes it if need be
  const forget = async (other: string): Promise<void> => {
    await sample(other, 1, 1, seed);
    await read(discriminator, rendered(session(other, 1)));
  };
  const name = `Pat${round}`;
  await forget(`Sue${round}`);
  const together = await timed(async () => score(name, await sample(name, turns, count, seed)));
  let apart = 0;
  for (let index = 0; index < count; index += 1) {
    await forget(`Sam${round}-${index}`);
    apart += await timed(async () => score(name, await sample(name, turns, 1, seed + index)));
  }
  return [together, apart];
}

interface Reply {
  readonly first: number;
  readonly total: number;
}

/** A reply of the base model to a 300-token session that neither side holds; the engine goes first in every other round. */
async function replyRound(round: number): Promise<[Reply, Reply]> {
  const messages = flipped(session(`Ann${round}`, 9));
  // says which tokens it is about, and lets the bare loop go first: the same seed gives the same reply
  const { text, tokens } = await streamed(messages, round);
  for (const other of ['Bea', 'Cem']) await streamed(session(`${other}${round}`, 1), round, 1);
  const ours = async (): Promise<Reply> => {
    const reply = await streamed(messages, round);
    if (reply.cached > 0 || reply.text !== text) throw new Error('the engine did not give the same reply from scratch');
    return reply;
  };
  const theirs = (): Promise<Reply> => bare.reply(`${rendered(messages)}\n<|im_start|>assistant\n`, text, tokens);
  if (round % 2 === 0) return [await ours(), await theirs()];
  const other = await theirs();
  return [await ours(), other];
}

async function streamed(
  messages: ReturnType<typeof session>,
  seed: number,
  most = REPLY_TOKENS,
): Promise<Reply & { text: string; tokens: number; cached: number }> {
  const started = performance.now();
  const stream = await client.chat.completions.create({
    ...{ model: engine.info.base, messages, max_tokens: most, seed },
    stream: true,
    stream_options: { include_usage: true },
  });
  let first = 0;
  let text = '';
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    const piece = chunk.choices[0]?.delta.content ?? '';
    if (piece && first === 0) first = performance.now() - started;
    text += piece;
    usage = chunk.usage ?? usage;
  }
  const total = performance.now() - started;
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return { first, total, text, tokens: usage?.completion_tokens ?? 0, cached };
}

async function load(target: EngineHandle, name: string): Promise<string> {
  const folder = join(values.models, name);
  if (!existsSync(join(folder, 'card.json'))) return target.info.base;
  await target.loadAdapter(name, folder);
  return name;
}

async function finished<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function push(pair: Pair, [one, other]: readonly [number, number]): void {
  pair.one.push(one);
  pair.other.push(other);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

function report(pairs: Record<keyof typeof LIMITS, Pair>, models: object): void {
  const measured = Object.entries(pairs).filter(([, { one }]) => one.length > 0);
  const results = measured.map(([name, { one, other }]) => ({
    name,
    ratio: median(one.map((ms, round) => ms / (other[round] ?? Number.NaN))),
    rounds: one.length,
    limit: LIMITS[name as keyof typeof LIMITS],
    ms: median(one),
    againstMs: median(other),
  }));
  if (values.json) {
    console.log(JSON.stringify({ bench: 'engine', threads, bareThreads: bare.threads, ...models, results }));
  } else {
    for (const { name, ratio, limit, ms, againstMs, rounds: count } of results) {
      console.log(
        `${name.padEnd(13)} ${ratio.toFixed(3)} (<= ${limit})   ${ms.toFixed(0)} ms against ${againstMs.toFixed(0)} ms, ${count} rounds`,
      );
    }
    console.log(`threads: engine ${threads ?? 'its own choice'}, bare ${bare.threads}; ${JSON.stringify(models)}`);
  }
  if (results.some(({ ratio, limit }) => ratio > limit)) process.exitCode = 1;
}
