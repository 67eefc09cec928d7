import { randomUUID } from 'node:crypto';
import type { Engine, ServedModel } from './engine.ts';
import type { GenerationRequest, TokenLogprobs } from './generate.ts';
import { usageOf } from './sampling.ts';

/** A request of either route, ready to run: all that can be wrong with it has been checked. */
export interface PreparedRequest {
  readonly model: ServedModel;
  /** One for each prompt; choice i of prompt p stands at p * n + i. */
  readonly generations: readonly GenerationRequest[];
  readonly shape: AnswerShape;
  /** Whether a stream ends with a chunk of usage. */
  readonly usage: boolean;
}

/** How a route writes its answers. */
export interface AnswerShape {
  readonly id: string;
  readonly whole: string;
  readonly chunk: string;
  /** What a choice of a whole answer says. */
  say(text: string): object;
  /** What a chunk adds to its choice. */
  add(text: string): object;
  /** What a choice's first and last chunk hold beside its text; null: it has no first chunk of its own. */
  readonly first: object | null;
  readonly last: object;
  logprobs(tokens: readonly PlacedLogprobs[], piece: (token: number) => string): object;
}

/** A token's log-probabilities, and where in its choice's text it begins. */
interface PlacedLogprobs extends TokenLogprobs {
  readonly offset: number;
}

type ChoiceEvent =
  | {
      readonly type: 'token';
      readonly index: number;
      readonly text: string;
      readonly logprobs: PlacedLogprobs[] | null;
    }
  | { readonly type: 'end'; readonly index: number; readonly end: object }
  | { readonly type: 'usage'; readonly usage: object };

/** What a request's prompts are made into, choice after choice, and the usage last. */
async function* choiceEvents(
  engine: Engine,
  { generations }: PreparedRequest,
  signal: AbortSignal,
): AsyncGenerator<ChoiceEvent, void, undefined> {
  const total = { prompt: 0, completion: 0, cached: 0 };
  for (const [order, generation] of generations.entries()) {
    let offset = 0;
    for await (const event of engine.generate(generation, signal)) {
      if (event.type === 'prompt') {
        total.prompt += event.tokens;
        total.cached += event.cached;
        continue;
      }
      const index = order * generation.n + event.index;
      if (event.type === 'token') {
        yield { type: 'token', index, text: event.text, logprobs: event.logprobs && [{ ...event.logprobs, offset }] };
        offset += event.text.length;
      } else {
        total.completion += event.tokens;
        offset = 0;
        yield { type: 'end', index, end: { finish_reason: event.finish, stop_reason: event.stopReason } };
      }
    }
  }
  yield { type: 'usage', usage: usageOf(total.prompt, total.completion, total.cached) };
}

/** The whole answer at once. */
export async function wholeAnswer(engine: Engine, request: PreparedRequest, signal: AbortSignal): Promise<object> {
  const { shape } = request;
  const logged = request.generations[0]?.logprobs != null;
  const choices: { text: string; logprobs: PlacedLogprobs[]; end: object }[] = [];
  let usage = {};
  for await (const event of choiceEvents(engine, request, signal)) {
    if (event.type === 'usage') {
      usage = event.usage;
      continue;
    }
    const choice = choices[event.index] ?? { text: '', logprobs: [], end: {} };
    choices[event.index] = choice;
    if (event.type === 'end') {
      choice.end = event.end;
      continue;
    }
    choice.text += event.text;
    choice.logprobs.push(...(event.logprobs ?? []));
  }
  return {
    ...head(request, shape.whole),
    choices: choices.map(({ text, logprobs, end }, index) => ({
      index,
      ...shape.say(text),
      logprobs: logged ? shape.logprobs(logprobs, pieceOf(request)) : null,
      ...end,
    })),
    usage,
  };
}

/** The answer as OpenAI's chunks, each a JSON text. */
export async function* answerChunks(
  engine: Engine,
  request: PreparedRequest,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { shape } = request;
  const start = head(request, shape.chunk);
  const chunk = (index: number, content: object, logprobs: object | null, end: object): string =>
    JSON.stringify({ ...start, choices: [{ index, ...content, logprobs, ...end }] });
  const open = { finish_reason: null };
  let opened = -1;
  for await (const event of choiceEvents(engine, request, signal)) {
    if (event.type === 'usage') {
      if (request.usage) yield JSON.stringify({ ...start, choices: [], usage: event.usage });
      continue;
    }
    if (shape.first && event.index > opened) {
      opened = event.index;
      yield chunk(opened, shape.first, null, open);
    }
    if (event.type === 'end') {
      yield chunk(event.index, shape.last, null, event.end);
      continue;
    }
    const logprobs = event.logprobs && shape.logprobs(event.logprobs, pieceOf(request));
    yield chunk(event.index, shape.add(event.text), logprobs, open);
  }
}

function pieceOf({ model }: PreparedRequest): (token: number) => string {
  return (token) => model.lane.model.piece(token);
}

function head({ model, shape }: PreparedRequest, object: string): object {
  return {
    id: `${shape.id}-${randomUUID()}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model: model.card.id,
  };
}
