import type { CompletionRequest } from '../protocol.ts';
import type { AnswerShape, PreparedRequest } from './answer.ts';
import type { Engine } from './engine.ts';
import { inputsOf } from './inputs.ts';
import { settingsOf } from './sampling.ts';

/** OpenAI's default for this route. */
const DEFAULT_MAX_TOKENS = 16;

/** @throws HttpError for an unknown model or a prompt that is too long. */
export function prepareCompletion(engine: Engine, request: CompletionRequest): PreparedRequest {
  const model = engine.model(request.model);
  const logprobs = request.logprobs === -1 ? Number.MAX_SAFE_INTEGER : (request.logprobs ?? null);
  const generations = inputsOf(request.prompt, 'prompt', model.lane.model).map(({ tokens }) =>
    settingsOf(request, model.lane, tokens, request.max_tokens ?? DEFAULT_MAX_TOKENS, logprobs),
  );
  return { model, generations, shape: TEXT, usage: request.stream_options?.include_usage ?? false };
}

const TEXT: AnswerShape = {
  id: 'cmpl',
  whole: 'text_completion',
  chunk: 'text_completion',
  say: (text) => ({ text }),
  first: null,
  add: (text) => ({ text }),
  last: { text: '' },
  logprobs: (tokens, piece) => ({
    tokens: tokens.map(({ token }) => piece(token)),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) => {
      // two tokens can decode to the same broken character: the likelier one, which comes first, keeps the key
      const named: Record<string, number> = {};
      for (const { token, logprob } of top) named[piece(token)] ??= logprob;
      return named;
    }),
    text_offset: tokens.map(({ offset }) => offset),
  }),
};
