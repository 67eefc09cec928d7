import { randomUUID } from 'node:crypto';
import type { CompletionRequest } from '../protocol.ts';
import type { Engine, ServedModel } from './engine.ts';
import type { GenerationRequest, TokenLogprobs } from './generate.ts';
import type { ModelPort } from './runtime.ts';
import { settingsOf, usageOf } from './sampling.ts';

/** A text completion, checked and ready: one generation for each prompt. */
export interface PreparedCompletion {
  readonly model: ServedModel;
  readonly generations: readonly GenerationRequest[];
  readonly request: CompletionRequest;
}

/** OpenAI's default for this route. */
const DEFAULT_MAX_TOKENS = 16;

/** @throws HttpError for an unknown model or a prompt that is too long. */
export function prepareCompletion(engine: Engine, request: CompletionRequest): PreparedCompletion {
  const model = engine.model(request.model);
  const generations = promptsOf(request.prompt).map((prompt) => {
    const tokens = typeof prompt === 'string' ? model.lane.model.tokenize(prompt) : prompt;
    const logprobs = request.logprobs === -1 ? Number.MAX_SAFE_INTEGER : (request.logprobs ?? null);
    return settingsOf(request, model.lane, tokens, request.max_tokens ?? DEFAULT_MAX_TOKENS, logprobs);
  });
  return { model, generations, request };
}

function promptsOf(prompt: CompletionRequest['prompt']): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return prompt.every((item) => typeof item === 'number') ? [prompt] : (prompt as string[]);
}

interface Choice {
  text: string;
  logprobs: LegacyLogprobs;
  finish: string;
  stopReason: number | string | null;
}

interface LegacyLogprobs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

/** The whole answer; choices of prompt p and alternative i stand at p * n + i. */
export async function textCompletion(
  engine: Engine,
  completion: PreparedCompletion,
  signal: AbortSignal,
): Promise<object> {
  const choices: Choice[] = [];
  const total = { prompt: 0, completion: 0, cached: 0 };
  for (const [order, generation] of completion.generations.entries()) {
    for await (const event of engine.generate(generation, signal)) {
      if (event.type === 'prompt') {
        total.prompt += event.tokens;
        total.cached += event.cached;
        continue;
      }
      const at = order * generation.n + event.index;
      const choice = choices[at] ?? emptyChoice();
      choices[at] = choice;
      if (event.type === 'token') {
        if (event.logprobs) addLogprobs(choice, event.logprobs, completion.model.lane.model);
        choice.text += event.text;
      } else {
        choice.finish = event.finish;
        choice.stopReason = event.stopReason;
        total.completion += event.tokens;
      }
    }
  }
  return {
    ...head(completion),
    choices: choices.map((choice, index) => ({
      index,
      text: choice.text,
      logprobs: completion.request.logprobs == null ? null : choice.logprobs,
      finish_reason: choice.finish,
      stop_reason: choice.stopReason,
    })),
    usage: usageOf(total.prompt, total.completion, total.cached),
  };
}

/** The answer as chunks, each a JSON text. */
export async function* textChunks(
  engine: Engine,
  completion: PreparedCompletion,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const start = head(completion);
  const total = { prompt: 0, completion: 0, cached: 0 };
  for (const [order, generation] of completion.generations.entries()) {
    for await (const event of engine.generate(generation, signal)) {
      if (event.type === 'prompt') {
        total.prompt += event.tokens;
        total.cached += event.cached;
        continue;
      }
      const index = order * generation.n + event.index;
      const choice = { index, text: '', logprobs: null as LegacyLogprobs | null, finish_reason: null as string | null };
      if (event.type === 'token') {
        const legacy = emptyChoice();
        if (event.logprobs) addLogprobs(legacy, event.logprobs, completion.model.lane.model);
        choice.text = event.text;
        choice.logprobs = event.logprobs ? legacy.logprobs : null;
        yield JSON.stringify({ ...start, choices: [choice] });
      } else {
        total.completion += event.tokens;
        yield JSON.stringify({
          ...start,
          choices: [{ ...choice, finish_reason: event.finish, stop_reason: event.stopReason }],
        });
      }
    }
  }
  if (completion.request.stream_options?.include_usage) {
    yield JSON.stringify({ ...start, choices: [], usage: usageOf(total.prompt, total.completion, total.cached) });
  }
}

function emptyChoice(): Choice {
  return {
    text: '',
    logprobs: { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] },
    finish: '',
    stopReason: null,
  };
}

function addLogprobs(choice: Choice, logprobs: TokenLogprobs, model: ModelPort): void {
  const { tokens, token_logprobs, top_logprobs, text_offset } = choice.logprobs;
  tokens.push(model.piece(logprobs.token));
  token_logprobs.push(logprobs.logprob);
  // two tokens can decode to the same broken character: the likelier one, which comes first, keeps the key
  const top: Record<string, number> = {};
  for (const { token, logprob } of logprobs.top) top[model.piece(token)] ??= logprob;
  top_logprobs.push(top);
  text_offset.push(choice.text.length);
}

function head(completion: PreparedCompletion): object {
  return {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: completion.model.card.id,
  };
}
