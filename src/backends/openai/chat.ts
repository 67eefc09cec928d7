import type OpenAI from 'openai';
import { FoilError } from '../../core/errors.ts';
import type { ChatModel, GenerateEvent, GenerateRequest } from '../../core/ports.ts';
import type { Sampling } from '../../core/session/schema.ts';
import { clientOf, type Endpoint, postBeside } from './client.ts';
import { asEndpointError } from './failure.ts';

export interface OpenAIChatOptions {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Model name on the server. */
  readonly model: string;
  readonly sampling: Sampling;
  readonly system: string | null;
  readonly flip: boolean;
  readonly window: number | null;
  /**
   * How the simulated user ends a session: a token id that the server reports as vLLM's `stop_reason`, or a text that a
   * prompted model is told to write. Null: it never does.
   */
  readonly end: { readonly tokenId: number } | { readonly marker: string } | null;
}

type Chunk = OpenAI.ChatCompletionChunk;

/** A simulator or chatbot behind any OpenAI-compatible endpoint. */
export class OpenAIChatModel implements ChatModel {
  readonly name: string;
  readonly sampling: Sampling;
  readonly system: string | null;
  readonly flip: boolean;
  readonly window: number | null;
  private readonly options: OpenAIChatOptions;

  constructor(options: OpenAIChatOptions) {
    this.options = options;
    this.name = options.name;
    this.sampling = options.sampling;
    this.system = options.system;
    this.flip = options.flip;
    this.window = options.window;
  }

  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent, void, undefined> {
    if (this.options.endpoint.dialect === 'vllm' || request.n === 1) {
      yield* this.stream(request, 0, signal);
      return;
    }
    for (let index = 0; index < request.n; index += 1) {
      yield* this.stream({ ...request, n: 1, seed: request.seed + index }, index, signal);
    }
  }

  countTokens(texts: readonly string[], signal: AbortSignal): Promise<number[]> | null {
    const { endpoint, model } = this.options;
    if (endpoint.dialect !== 'vllm') return null;
    return Promise.all(
      texts.map(async (prompt) => {
        const body = { model, prompt, add_special_tokens: false };
        return (await postBeside<{ count: number }>(endpoint, 'tokenize', body, signal)).count;
      }),
    );
  }

  private async *stream(request: GenerateRequest, offset: number, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    const { endpoint, model, end } = this.options;
    const choices = new Map<number, { text: string; finish: string; stopReason: unknown }>();
    try {
      const client = await clientOf(endpoint);
      const stream = await client.chat.completions.create(this.body(request), { signal });
      for await (const chunk of stream as AsyncIterable<Chunk>) {
        for (const choice of chunk.choices) {
          const state = choices.get(choice.index) ?? { text: '', finish: '', stopReason: null };
          choices.set(choice.index, state);
          const text = choice.delta.content ?? '';
          state.text += text;
          if (text) yield { type: 'delta', index: offset + choice.index, text };
          if (!choice.finish_reason) continue;
          state.finish = choice.finish_reason;
          state.stopReason = (choice as { stop_reason?: unknown }).stop_reason;
          yield finished(offset + choice.index, state, end);
        }
      }
    } catch (error) {
      throw asEndpointError(error, endpoint.server, model, endpoint.keyName);
    }
    signal.throwIfAborted();
    const whole = [...choices.values()].filter((choice) => choice.finish !== '').length;
    if (whole < request.n) {
      throw new FoilError('stream-cut', `${endpoint.server} ended the reply of ${this.name} before it was whole`, {
        remedy: 'retry: what had arrived is kept until then',
      });
    }
  }

  private body(request: GenerateRequest): OpenAI.ChatCompletionCreateParamsStreaming {
    const { endpoint, model, end } = this.options;
    const { temperature, top_p, top_k, min_p, max_tokens } = request.sampling;
    const extra =
      endpoint.dialect === 'vllm' && end && 'tokenId' in end
        ? { stop_token_ids: [end.tokenId], ...given({ top_k, min_p }) }
        : given({ top_k, min_p });
    return {
      model,
      stream: true,
      n: request.n,
      seed: request.seed,
      messages: request.messages.map(({ role, content }) => ({ role, content })),
      ...given({ temperature, top_p, max_tokens }),
      ...extra,
    };
  }
}

/** Only what is set: a server that does not know a field must not see it. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function finished(
  index: number,
  state: { text: string; finish: string; stopReason: unknown },
  end: OpenAIChatOptions['end'],
): GenerateEvent {
  const cut = state.finish === 'length';
  if (end && 'marker' in end && state.text.includes(end.marker)) {
    return { type: 'choice', index, text: state.text.slice(0, state.text.indexOf(end.marker)), end: true, cut };
  }
  const ended = end !== null && 'tokenId' in end && state.stopReason === end.tokenId;
  return { type: 'choice', index, text: state.text, end: ended, cut };
}
