import type OpenAI from 'openai';
import { FoilError } from '../../core/errors.ts';
import type { ChatModel, GenerateEvent, GenerateRequest } from '../../core/ports.ts';
import type { Sampling } from '../../core/session/schema.ts';
import { checked, clientOf, type Endpoint, tokenize } from './client.ts';
import { asEndpointError, notTheApi, silent } from './failure.ts';
import { Reply, type SessionEnd } from './reply.ts';
import { SilenceWatch } from './silence.ts';
import { chunkSchema } from './wire.ts';

export interface OpenAIChatOptions {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Model name on the server. */
  readonly model: string;
  readonly sampling: Sampling;
  readonly system: string | null;
  readonly flip: boolean;
  readonly window: number | null;
  readonly end: SessionEnd;
}

type Body = OpenAI.ChatCompletionCreateParamsStreaming;

/** Models whose server knows only the newer name of max_tokens, by endpoint and model: asked wrongly once a process. */
const renamed = new Set<string>();

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

  /** Choices come in the order of their index, whichever was finished first, since choice i belongs to seed + i. */
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
    return Promise.all(texts.map(async (text) => (await tokenize(endpoint, model, text, signal)).count));
  }

  private async *stream(request: GenerateRequest, offset: number, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    const { endpoint, model, end } = this.options;
    const replies = Array.from({ length: request.n }, () => new Reply(end));
    const watch = new SilenceWatch(signal, endpoint.timeoutMs);
    let heard = false;
    try {
      signal.throwIfAborted();
      const stream = await this.open(request, watch.signal);
      watch.heard();
      for await (const answer of stream) {
        watch.heard();
        heard = true;
        for (const choice of checked(chunkSchema, answer, endpoint).choices) {
          const text = replies[choice.index]?.take(choice) ?? '';
          if (text) yield { type: 'delta', index: offset + choice.index, text };
        }
        // After a marker the server would go on; else it ends by itself, and the connection can be used again.
        if (replies.every((reply) => reply.whole) && !replies.every((reply) => reply.finished)) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (watch.fired) throw silent(endpoint);
      // What breaks after the last word does no harm.
      if (!replies.every((reply) => reply.whole)) throw asEndpointError(error, endpoint, model, heard);
    } finally {
      watch.stop();
    }
    signal.throwIfAborted();
    if (watch.fired) throw silent(endpoint);
    if (!heard) throw notTheApi(endpoint);
    if (!replies.every((reply) => reply.whole)) {
      throw new FoilError('stream-cut', `${endpoint.server} ended the reply of ${this.name} before it was whole`, {
        remedy: 'retry: what had arrived is kept until then',
      });
    }
    for (const [index, reply] of replies.entries()) yield reply.event(offset + index);
  }

  /** OpenAI's own newer models refuse `max_tokens` and want its newer name, which many other servers do not know. */
  private async open(request: GenerateRequest, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    const { endpoint, model } = this.options;
    const client = await clientOf(endpoint);
    const id = JSON.stringify([endpoint.baseURL, model]);
    const body = this.body(request);
    if (renamed.has(id)) return await client.chat.completions.create(withNewName(body), { signal });
    try {
      return await client.chat.completions.create(body, { signal });
    } catch (error) {
      const { status, message = '' } = error as { status?: number; message?: string };
      if (status !== 400 || !body.max_tokens || !message.includes('max_completion_tokens')) throw error;
      const stream = await client.chat.completions.create(withNewName(body), { signal });
      renamed.add(id);
      return stream;
    }
  }

  private body(request: GenerateRequest): Body {
    const { endpoint, model, end } = this.options;
    const { temperature, top_p, top_k, min_p, max_tokens } = request.sampling;
    const stops = endpoint.dialect === 'vllm' && end.tokenId !== null ? { stop_token_ids: [end.tokenId] } : {};
    return {
      model,
      stream: true,
      seed: request.seed,
      messages: request.messages.map(({ role, content }) => ({ role, content })),
      // Some servers complain of any n, even 1.
      ...(request.n === 1 ? {} : { n: request.n }),
      ...given({ temperature, top_p, max_tokens, top_k, min_p }),
      ...stops,
    };
  }
}

function withNewName({ max_tokens, ...body }: Body): Body {
  return { ...body, max_completion_tokens: max_tokens ?? null };
}

/** Only what is set: a server that does not know a field must not see it. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
