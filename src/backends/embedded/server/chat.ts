import { randomUUID } from 'node:crypto';
import type { ChatRequest } from '../protocol.ts';
import type { Engine, ServedModel } from './engine.ts';
import type { GenerationRequest, TokenLogprobs } from './generate.ts';
import { HttpError } from './http-error.ts';
import type { ModelPort } from './runtime.ts';
import { settingsOf, usageOf } from './sampling.ts';

/** A chat request, ready to run: all that can be wrong with it has been checked. */
export interface PreparedChat {
  readonly model: ServedModel;
  readonly generation: GenerationRequest;
  readonly request: ChatRequest;
}

/** @throws HttpError for an unknown model, a contradiction, or a prompt that is too long. */
export function prepareChat(engine: Engine, request: ChatRequest): PreparedChat {
  const model = engine.model(request.model);
  const open = request.continue_final_message ?? false;
  if (open && request.add_generation_prompt) {
    throw new HttpError(400, 'continue_final_message and add_generation_prompt cannot both be true', {
      param: 'add_generation_prompt',
    });
  }
  if (request.stream && request.logprobs) {
    throw new HttpError(400, 'logprobs are given without stream only', { param: 'logprobs' });
  }
  const text = open
    ? model.template.renderOpen(request.messages)
    : model.template.render(request.messages, request.add_generation_prompt ?? true);
  const prompt = model.lane.model.tokenize(text);
  const most = request.max_completion_tokens ?? request.max_tokens ?? null;
  const logprobs = request.logprobs ? (request.top_logprobs ?? 0) : null;
  return { model, generation: settingsOf(request, model.lane, prompt, most, logprobs), request };
}

interface Choice {
  text: string;
  logprobs: TokenLogprobs[];
  finish: string;
  stopReason: number | string | null;
}

/** The whole answer at once. */
export async function chatCompletion(engine: Engine, chat: PreparedChat, signal: AbortSignal): Promise<object> {
  const choices: Choice[] = [];
  let cached = 0;
  let completion = 0;
  for await (const event of engine.generate(chat.generation, signal)) {
    if (event.type === 'prompt') {
      cached = event.cached;
      continue;
    }
    const choice = choices[event.index] ?? { text: '', logprobs: [], finish: '', stopReason: null };
    choices[event.index] = choice;
    if (event.type === 'token') {
      choice.text += event.text;
      if (event.logprobs) choice.logprobs.push(event.logprobs);
    } else {
      choice.finish = event.finish;
      choice.stopReason = event.stopReason;
      completion += event.tokens;
    }
  }
  return {
    ...head(chat, 'chat.completion'),
    choices: choices.map((choice, index) => ({
      index,
      message: { role: 'assistant', content: choice.text, refusal: null },
      logprobs: chat.request.logprobs
        ? { content: choice.logprobs.map((each) => entry(each, chat.model.lane.model)) }
        : null,
      finish_reason: choice.finish,
      stop_reason: choice.stopReason,
    })),
    usage: usageOf(chat.generation.prompt.length, completion, cached),
  };
}

/** The answer as OpenAI's chunks, each a JSON text. */
export async function* chatChunks(
  engine: Engine,
  chat: PreparedChat,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const start = head(chat, 'chat.completion.chunk');
  const chunk = (index: number, delta: object, end: object = { finish_reason: null }): string =>
    JSON.stringify({ ...start, choices: [{ index, delta, logprobs: null, ...end }] });
  let cached = 0;
  let completion = 0;
  let opened = -1;
  for await (const event of engine.generate(chat.generation, signal)) {
    if (event.type === 'prompt') {
      cached = event.cached;
      continue;
    }
    if (event.index > opened) {
      opened = event.index;
      yield chunk(opened, { role: 'assistant', content: '' });
    }
    if (event.type === 'token') {
      yield chunk(event.index, { content: event.text });
    } else {
      completion += event.tokens;
      yield chunk(event.index, {}, { finish_reason: event.finish, stop_reason: event.stopReason });
    }
  }
  if (chat.request.stream_options?.include_usage) {
    yield JSON.stringify({ ...start, choices: [], usage: usageOf(chat.generation.prompt.length, completion, cached) });
  }
}

function head(chat: PreparedChat, object: string): object {
  return {
    id: `chatcmpl-${randomUUID()}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: chat.model.card.id,
  };
}

function entry(logprobs: TokenLogprobs, model: ModelPort): object {
  const one = ({ token, logprob }: { token: number; logprob: number }): object => {
    const text = model.piece(token);
    return { token: text, logprob, bytes: [...Buffer.from(text)] };
  };
  return { ...one(logprobs), top_logprobs: logprobs.top.map(one) };
}
