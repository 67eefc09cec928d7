import { randomInt } from 'node:crypto';
import type { ChatRequest, CompletionRequest } from '../protocol.ts';
import type { GenerationRequest } from './generate.ts';
import { HttpError } from './http-error.ts';
import type { Lane } from './slots.ts';

/**
 * Candidates kept when a request names no top_k: sorting all 49,152 costs a third of the speed, and what lies beyond the first
 * 200 is noise in a model of this size.
 */
const DEFAULT_TOP_K = 200;
/** A reply's length when a request names none; a model that never ends its turn must not compute for a minute. */
const DEFAULT_MAX_TOKENS = 1024;

/**
 * The settings of a request with their defaults written out. `given`: tokens of the reply that the client asked for.
 * @throws HttpError 400 if prompt and reply do not fit the context.
 */
export function settingsOf(
  request: ChatRequest | CompletionRequest,
  lane: Lane,
  prompt: readonly number[],
  given: number | null,
  logprobs: number | null,
  opening: readonly number[] | null = null,
): GenerationRequest {
  const room = lane.limit - prompt.length;
  if (prompt.length === 0) throw new HttpError(400, 'the prompt is empty', { param: 'prompt' });
  if (room < (given ?? 1)) {
    throw new HttpError(
      400,
      `This model's maximum context length is ${lane.limit} tokens. However, you requested ${prompt.length + (given ?? 1)} tokens ` +
        `(${prompt.length} in the prompt, ${given ?? 1} in the completion). Please reduce the length of the prompt or completion.`,
      { param: 'messages' in request ? 'messages' : 'prompt', code: 'context_length_exceeded' },
    );
  }
  const topK = request.top_k ?? DEFAULT_TOP_K;
  return {
    lane,
    prompt,
    maxTokens: given ?? Math.min(DEFAULT_MAX_TOKENS, room),
    n: request.n ?? 1,
    seed: request.seed ?? randomInt(2 ** 32),
    sampling: {
      temperature: request.temperature ?? 1,
      topP: request.top_p ?? 1,
      topK: Math.max(0, topK),
      minP: request.min_p ?? 0,
    },
    stops: typeof request.stop === 'string' ? [request.stop] : (request.stop ?? []),
    stopTokens: request.stop_token_ids ?? [],
    logprobs,
    opening,
  };
}

/** OpenAI's usage block. */
export function usageOf(prompt: number, completion: number, cached: number): object {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
