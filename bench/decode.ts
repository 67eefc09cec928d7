/**
 * Whether the tokens of a reply could stay in the cache of the embedded engine, which reads every reply again as a prompt since
 * a token decoded by itself has other bits than in a batch: the probabilities after the same prompt and reply, and processor
 * time a token of the reply, with the reply read
 *
 *   batch    as one batch, as the engine does after it wrote it;
 *   single   a token at a time, as the engine writes;
 *   dummy    a token at a time with one behind it, which is then erased;
 *   beside   a token at a time, together with those of a second sequence.
 *
 *     npx tsx bench/decode.ts
 *
 * Keeping replies pays if a dummy costs less than to write a token and to read it again: (batch + single) / dummy above 1.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getLlama, type LlamaContextSequence, LlamaLogLevel, type Token } from 'node-llama-cpp';
import { ensureWeights } from '../src/backends/embedded/index.ts';
import { MAX_SEGMENT } from '../src/backends/embedded/server/segments.ts';

const PROMPT = `<|im_start|>system
You are a person who came to a support chat. Write only your own next message, in your own words.<|im_end|>
<|im_start|>user
Hello, how can I help you today?<|im_end|>
<|im_start|>assistant
`;
const REPLY =
  'I have been feeling low since I lost my job last month, and I do not know how to talk to my wife about it.';
const NEXT = `<|im_end|>
<|im_start|>user
I am sorry to hear that. How long have you felt like this?<|im_end|>
<|im_start|>assistant
`;

const steps = ensureWeights();
let step = await steps.next();
while (!step.done) step = await steps.next();
const llama = await getLlama({ build: 'never', gpu: false, logLevel: LlamaLogLevel.error, maxThreads: 1 });
const model = await llama.loadModel({ modelPath: step.value.q4, defaultContextFlashAttention: false });
const lora = join(fileURLToPath(new URL('..', import.meta.url)), 'models', 'simulator-it0', 'adapter.gguf');
const context = await model.createContext({ contextSize: 512, sequences: 2, batchSize: MAX_SEGMENT, threads: 1, lora });
const [sequence, other] = [context.getSequence(), context.getSequence()];
const [prompt, reply, next] = [PROMPT, REPLY, NEXT].map((text) => model.tokenize(text, true)) as [
  Token[],
  Token[],
  Token[],
];

const ways: Record<string, (sequence: LlamaContextSequence) => Promise<void>> = {
  batch: (to) => to.evaluateWithoutGeneratingNewTokens(reply),
  single: async (to) => {
    for (const token of reply) await to.evaluateWithoutGeneratingNewTokens([token]);
  },
  dummy: async (to) => {
    for (const token of reply) {
      const start = to.nextTokenIndex + 1;
      await to.evaluateWithoutGeneratingNewTokens([token, token]);
      await to.eraseContextTokenRanges([{ start, end: start + 1 }]);
    }
  },
  beside: async (to) => {
    for (const token of reply) {
      await Promise.all([to, other].map((each) => each.evaluateWithoutGeneratingNewTokens([token])));
    }
  },
};

const found = new Map<string, { ms: number; after: Map<Token, number> }>();
for (const [name, read] of Object.entries(ways)) {
  for (const each of [sequence, other]) {
    await each.clearHistory();
    await each.evaluateWithoutGeneratingNewTokens(prompt);
  }
  const before = process.cpuUsage();
  await read(sequence);
  const { user, system } = process.cpuUsage(before);
  const asked = sequence.evaluateWithMetadata(next, { probabilities: true }, { temperature: 0, yieldEogToken: true });
  const { value } = await asked.next();
  await asked.return();
  if (!value?.probabilities) throw new Error('llama.cpp gave no probabilities');
  found.set(name, { ms: (user + system) / 1000 / reply.length, after: value.probabilities });
}
await model.dispose();

const batch = found.get('batch');
for (const [name, { ms, after }] of found) {
  const differ = [...after].filter(([token, p]) => batch?.after.get(token) !== p).length;
  console.log(
    `${name.padEnd(8)} ${ms.toFixed(1)} ms a token, ${differ} of ${after.size} probabilities after it differ`,
  );
}
const costs = (name: string) => found.get(name)?.ms ?? Number.NaN;
console.log(`(batch + single) / dummy: ${((costs('batch') + costs('single')) / costs('dummy')).toFixed(2)}`);
