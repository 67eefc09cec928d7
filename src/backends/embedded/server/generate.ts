import type { FairQueue } from './fair-queue.ts';
import type { Candidate } from './runtime.ts';
import { type SamplingSettings, sample, seededRandom } from './sampler.ts';
import { segment, sharedSegments } from './segments.ts';
import type { Lane, Slot, SlotPool } from './slots.ts';
import { TextAssembler } from './text.ts';

export interface GenerationRequest {
  readonly lane: Lane;
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly n: number;
  /** Choice i draws from the stream of seed + i. */
  readonly seed: number;
  readonly sampling: SamplingSettings;
  readonly stops: readonly string[];
  readonly stopTokens: readonly number[];
  /**
   * The tokens that begin a turn of the model's own, where the next prompt will go on from this reply: it then stays in the
   * cache. The prompt is cut accordingly (`segment`), so that what follows does not depend on what is cached.
   */
  readonly opening: readonly number[] | null;
  /** How many alternatives to report for each token; null: no log-probabilities (they cost a pass over the vocabulary). */
  readonly logprobs: number | null;
}

export interface TokenLogprobs {
  readonly token: number;
  readonly logprob: number;
  readonly top: readonly { readonly token: number; readonly logprob: number }[];
}

export type GenerationEvent =
  | { readonly type: 'prompt'; readonly tokens: number; readonly cached: number }
  | { readonly type: 'token'; readonly index: number; readonly text: string; readonly logprobs: TokenLogprobs | null }
  | {
      readonly type: 'end';
      readonly index: number;
      readonly finish: 'stop' | 'length';
      /** vLLM's: null for the end of the turn, the id of another end token, or the stop string. */
      readonly stopReason: number | string | null;
      readonly tokens: number;
    };

/**
 * Evaluates the prompt, then samples `n` choices one after the other from it, rolling back in between (a batch of choices would
 * be no faster on a CPU). An aborted signal ends it at the next token and gives the slot back.
 */
export async function* generate(
  request: GenerationRequest,
  pool: SlotPool,
  queue: FairQueue,
  signal: AbortSignal,
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { lane } = request;
  const prompt = segment(request.prompt, (token) => lane.model.isEnd(token), request.opening);
  const slot = await pool.acquire(lane, prompt, request.prompt.length + request.maxTokens, signal);
  try {
    const want = request.logprobs === null ? candidatesFor(request.sampling.topK) : 0;
    const run = <T>(step: () => Promise<T>): Promise<T> => queue.run(signal, step);
    const { candidates, cached } = await readPrompt(slot, prompt, want, run);
    yield { type: 'prompt', tokens: request.prompt.length, cached };
    for (let index = 0; index < request.n; index += 1) {
      if (index > 0) await run(() => slot.sequence.truncate(request.prompt.length));
      yield* oneChoice(request, slot, index, candidates, want, run);
    }
  } catch (error) {
    // a failed batch leaves the cache in an unknown state; an abort does not
    if (!signal.aborted) slot.prompt = { tokens: [], ends: [] };
    throw error;
  } finally {
    pool.release(slot);
  }
}

/** How many candidates to ask for: few distinct numbers, since the model keeps a sampler for each; `sample` gets the top k. */
function candidatesFor(topK: number): number {
  return topK === 0 ? 0 : 200 * 2 ** Math.max(0, Math.ceil(Math.log2(topK / 200)));
}

type Run = <T>(step: () => Promise<T>) => Promise<T>;

/** Brings the slot's cache to the prompt, a segment at a time; at least the last segment is read again, for its logits. */
async function readPrompt(
  slot: Slot,
  prompt: { tokens: readonly number[]; ends: readonly number[] },
  want: number,
  run: Run,
): Promise<{ candidates: Candidate[]; cached: number }> {
  const shared = Math.min(sharedSegments(slot.prompt, prompt), prompt.ends.length - 1);
  const cached = shared === 0 ? 0 : (prompt.ends[shared - 1] ?? 0);
  await run(async () => {
    // what is beyond the shared part, generated tokens too, must not be seen as cached should we be cut off here
    slot.prompt = upTo(prompt, shared);
    await slot.sequence.truncate(cached);
  });
  slot.reused += cached;
  let candidates: Candidate[] = [];
  for (let index = shared; index < prompt.ends.length; index += 1) {
    const start = index === 0 ? 0 : (prompt.ends[index - 1] ?? 0);
    const end = prompt.ends[index] ?? start;
    const last = index === prompt.ends.length - 1;
    await run(async () => {
      candidates = await slot.sequence.evaluate(prompt.tokens.slice(start, end), last ? want : null);
      slot.prompt = upTo(prompt, index + 1);
      slot.evaluated += end - start;
    });
  }
  return { candidates, cached };
}

function upTo(
  prompt: { tokens: readonly number[]; ends: readonly number[] },
  count: number,
): { tokens: readonly number[]; ends: readonly number[] } {
  return { tokens: prompt.tokens.slice(0, prompt.ends[count - 1] ?? 0), ends: prompt.ends.slice(0, count) };
}

async function* oneChoice(
  request: GenerationRequest,
  slot: Slot,
  index: number,
  first: readonly Candidate[],
  want: number,
  run: Run,
): AsyncGenerator<GenerationEvent, void, undefined> {
  const { lane, sampling } = request;
  const random = seededRandom(request.seed + index);
  const text = new TextAssembler((tokens) => lane.model.text(tokens), request.stops);
  let candidates = first;
  for (let count = 1; ; count += 1) {
    const token = sample(cutTo(candidates, sampling.topK), sampling, random);
    const logprobs = request.logprobs === null ? null : describe(candidates, token, request.logprobs);
    const ended = lane.model.isEnd(token) || request.stopTokens.includes(token);
    const piece = ended ? text.finish() : text.push(token);
    // an end token has no text, but its probability may be what was asked for
    if (piece !== '' || logprobs) yield { type: 'token', index, text: piece, logprobs };
    if (ended) {
      const stopReason = token === lane.model.eos && !request.stopTokens.includes(token) ? null : token;
      yield { type: 'end', index, finish: 'stop', stopReason: text.stoppedBy ?? stopReason, tokens: count };
      return;
    }
    if (text.stoppedBy !== null) {
      yield { type: 'end', index, finish: 'stop', stopReason: text.stoppedBy, tokens: count };
      return;
    }
    if (count >= request.maxTokens) {
      const rest = text.finish();
      if (rest !== '') yield { type: 'token', index, text: rest, logprobs: null };
      yield {
        type: 'end',
        index,
        finish: text.stoppedBy === null ? 'length' : 'stop',
        stopReason: text.stoppedBy,
        tokens: count,
      };
      return;
    }
    candidates = await run(async () => {
      slot.evaluated += 1;
      const next = await slot.sequence.evaluate([token], want);
      if (request.opening !== null && request.n === 1) slot.keep(token);
      return next;
    });
  }
}

function cutTo(candidates: readonly Candidate[], topK: number): readonly Candidate[] {
  return topK > 0 && candidates.length > topK ? candidates.slice(0, topK) : candidates;
}

function describe(candidates: readonly Candidate[], token: number, count: number): TokenLogprobs {
  const chosen = candidates.find((candidate) => candidate.id === token);
  return {
    token,
    logprob: Math.log(chosen?.p ?? 0),
    top: candidates.slice(0, count).map(({ id, p }) => ({ token: id, logprob: Math.log(p) })),
  };
}
