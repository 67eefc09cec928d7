/**
 * What a running vLLM answers, asked in the ways that Foil asks it: `npx tsx bench/vllm.ts [WORKSPACE]`, after
 * `foil serve --engine vllm` there. Ends with an error at the first answer that Foil could not use; prints what it measured.
 * docs/vllm.md says against which versions it was run.
 */
import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { loadConfig } from '../src/backends/config/load.ts';
import { windowOf } from '../src/backends/openai/client.ts';
import { Registry } from '../src/backends/registry/registry.ts';
import { loadVllmAdapter, workspaceEngine } from '../src/backends/vllm/source.ts';
import { readVllm } from '../src/backends/vllm/state.ts';
import { FoilError } from '../src/core/errors.ts';
import type { ChatModel } from '../src/core/ports.ts';
import type { ChatMessage } from '../src/core/prompt/messages.ts';
import { sessionSchema } from '../src/core/session/schema.ts';
import { judgeSession } from '../src/core/workflows/judge.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const workspace = resolve(process.argv[2] ?? '.');
const { signal } = new AbortController();
const say = (what: string) => process.stdout.write(`${what}\n`);

async function lines(file: string): Promise<unknown[]> {
  return (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

const state = await readVllm(workspace);
assert(state?.ready, 'first: foil serve --engine vllm');
const none = async () => {
  throw new FoilError('no-vllm', 'this workspace has no vLLM');
};
const engine = workspaceEngine(workspace, { place: none, connect: none });
const config = await loadConfig(workspace);
const registry = new Registry({
  config,
  modelDirs: [join(root, 'models'), join(workspace, 'models')],
  engine,
  env: {},
});

const OPENING: ChatMessage[] = [{ role: 'system', content: 'You seek support. You lost your job last week.' }];
/** As a simulator sees it: its own turns are the assistant's. */
const GOODBYE: ChatMessage[] = [
  ...OPENING,
  { role: 'assistant', content: 'Thank you so much, that helped me a lot. Bye!' },
  { role: 'user', content: 'You are welcome. Take care, and goodbye!' },
];

/** Alternatives of a turn; choice i belongs to seed + i. */
async function alternatives(
  model: ChatModel,
  n: number,
  seed: number,
  messages: readonly ChatMessage[] = OPENING,
): Promise<{ text: string; end: boolean }[]> {
  const sampling = { temperature: 1, top_p: 0.95, top_k: 50, min_p: 0.01, max_tokens: 40 };
  const found: { text: string; end: boolean }[] = [];
  for await (const event of model.generate({ messages, n, seed, sampling }, signal)) {
    if (event.type === 'choice') found[event.index] = { text: event.text, end: event.end };
  }
  return found;
}

const simulator = await registry.chatModel('simulator-it0', 'simulator', signal);
const running = await registry.start(signal);
say(`engine: ${running.scorer}, window ${running.window}`);
assert.equal(await windowOf(running.endpoint, 'simulator-it0', signal), running.window);
assert.ok(((await simulator.countTokens(['one two three'], signal)) ?? [])[0]);

// an adapter that was not named at the start, and one that is adopted anew
const judge = await registry.discriminator('discriminator-it0', signal);
await loadVllmAdapter(workspace, state, 'adopted-now', join(root, 'models', 'simulator-it0'), signal);
await loadVllmAdapter(workspace, state, 'adopted-now', join(root, 'models', 'supporter'), signal);
say('adapters: loaded at run time, and replaced under the same name');

const referenceSchema = z.object({ id: z.string(), z: z.array(z.number()) });
const reference = new Map(
  (await lines(join(root, 'test', 'fixtures', 'reference.jsonl')))
    .map((line) => referenceSchema.parse(line))
    .map((row) => [row.id, row.z]),
);
const sessions = (await lines(join(root, 'sessions', 'sample.jsonl'))).map((line) => sessionSchema.parse(line));
let started = performance.now();
let [worst, turns] = [0, 0];
for (const { id, context, turns: said } of sessions) {
  const expected = reference.get(id) ?? [];
  let at = 0;
  if (expected.length === 0) continue;
  for await (const judged of judgeSession(judge, context, said, signal)) {
    worst = Math.max(worst, Math.abs(judged.z - (expected[at] ?? Number.NaN)));
    at += 1;
  }
  turns += at;
}
say(
  `log-odds of ${turns} user turns against PyTorch in fp32: at most ${worst.toFixed(4)} apart, ${Math.round((performance.now() - started) / turns)} ms a turn`,
);
assert(worst < (state.dtype === 'float16' ? 0.05 : 0.5), 'log-odds differ from the reference');

started = performance.now();
const first = await alternatives(simulator, 8, 11);
say(
  `8 alternatives: ${Math.round(performance.now() - started)} ms, ${new Set(first.map(({ text }) => text)).size} different`,
);
assert.equal(first.length, 8);
assert(first.some(({ text }) => text.trim() !== ''));
const again = await alternatives(simulator, 8, 11);
say(`the same seed again: ${again.filter(({ text }, i) => text === first[i]?.text).length} of 8 the same`);
const alone = await alternatives(simulator, 1, 14);
say(`choice 3 of seed 11 is choice 0 of seed 14: ${alone[0]?.text === first[3]?.text}`);
const bot = await registry.chatModel('supporter', 'chatbot', signal);
assert((await alternatives(bot, 1, 3))[0]?.text);

let ends = 0;
for (let seed = 0; seed < 32 && ends === 0; seed += 8) {
  ends += (await alternatives(simulator, 8, seed, GOODBYE)).filter(({ end }) => end).length;
}
say(`sessions that the simulator ended by its own token, of 8 goodbyes: ${ends}`);
assert(ends > 0, 'the simulator never ends a session');
await registry.close();
