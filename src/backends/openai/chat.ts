import type OpenAI from 'openai';
import { FoilError } from '../../core/errors.ts';
import type { ChatModel, GenerateEvent, GenerateRequest } from '../../core/ports.ts';
import type { Sampling } from '../../core/session/schema.ts';
import { Channel } from '../../core/workflows/channel.ts';
import { checked, type Endpoint, tokenize } from './client.ts';
import { notTheApi } from './failure.ts';
import { DEFAULT_AT_ONCE } from './limiter.ts';
import { type Heard, postEvents } from './post.ts';
import { Reply, type SessionEnd } from './reply.ts';
import { retrying } from './retry.ts';
import { chunkSchema, isPlainChunk } from './wire.ts';

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
  readonly price?: ChatModel['price'] | undefined;
}

type Body = OpenAI.ChatCompletionCreateParamsStreaming;

const ROUTE = '/chat/completions';

/** How servers say that they do not know response_format, or not with a JSON Schema. */
const NO_FORMAT = /response_format|json_schema|structured|guided|grammar/iu;

/** What servers want differently, by endpoint and model: asked wrongly once a process. */
interface Wants {
  /** It knows only the newer name of max_tokens. */
  renamed?: boolean;
  /** It does not know response_format, or not of this kind. */
  plain?: boolean;
}
const wants = new Map<string, Wants>();

/** A simulator or chatbot behind any OpenAI-compatible endpoint. */
export class OpenAIChatModel implements ChatModel {
  readonly name: string;
  readonly served: string;
  readonly sampling: Sampling;
  readonly system: string | null;
  readonly flip: boolean;
  readonly window: number | null;
  readonly price: { readonly input: number; readonly output: number } | null;
  readonly place: { readonly atOnce: number; readonly counts: boolean };
  private readonly options: OpenAIChatOptions;

  constructor(options: OpenAIChatOptions) {
    this.options = options;
    this.name = options.name;
    this.served = options.model;
    this.sampling = options.sampling;
    this.system = options.system;
    this.flip = options.flip;
    this.window = options.window;
    this.price = options.price ?? null;
    const { atOnce = DEFAULT_AT_ONCE, dialect } = options.endpoint;
    this.place = { atOnce, counts: dialect === 'vllm' };
  }

  /** Choices come in the order of their index, whichever was finished first, since choice i belongs to seed + i. */
  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent, void, undefined> {
    // a template of our own makes a prompt of nothing; the OpenAI API refuses it, each server in its own words
    if (request.messages.length === 0 && this.options.endpoint.dialect === 'openai') {
      throw new FoilError('empty-prompt', `${this.name} would speak first, and has no system text to go by`, {
        remedy: [`give it one in foil.yaml: system, under models, ${this.name}`, 'or let the user speak first'],
      });
    }
    if (this.options.endpoint.dialect === 'vllm' || request.n === 1) {
      yield* this.replies(request, 0, signal);
      return;
    }
    for (let index = 0; index < request.n; index += 1) {
      yield* this.replies({ ...request, n: 1, seed: request.seed + index }, index, signal);
    }
  }

  countTokens(texts: readonly string[], signal: AbortSignal): Promise<number[]> | null {
    const { endpoint, model } = this.options;
    if (endpoint.dialect !== 'vllm') return null;
    return Promise.all(texts.map(async (text) => (await tokenize(endpoint, model, text, signal)).count));
  }

  private async *replies(
    request: GenerateRequest,
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<GenerateEvent, void, undefined> {
    if (request.whole) {
      yield* await this.ask(request, offset, signal, () => undefined);
      return;
    }
    const shown = new Channel<GenerateEvent>();
    const gone = new AbortController();
    const both = AbortSignal.any([signal, gone.signal]);
    const asked = this.ask(request, offset, both, (event) => shown.push(event)).finally(() => shown.close());
    // Whoever listens no more wants no failure of it either.
    asked.catch(() => undefined);
    try {
      yield* shown;
      yield* await asked;
    } finally {
      gone.abort();
    }
  }

  /** All choices, whole; pieces of them go to `show` before. */
  private async ask(
    request: GenerateRequest,
    offset: number,
    signal: AbortSignal,
    show: (event: GenerateEvent) => void,
  ): Promise<GenerateEvent[]> {
    const { endpoint, model } = this.options;
    let heard = false;
    const patience = { whole: request.whole === true, begun: () => heard, onRetry: request.onRetry };
    return await retrying(endpoint, model, patience, signal, async () => {
      heard = false;
      const replies = Array.from({ length: request.n }, () => new Reply(this.options.end));
      await this.open(request, signal, (data): Heard => {
        heard = true;
        const { choices, usage } = isPlainChunk(data) ? data : checked(chunkSchema, data, endpoint);
        for (const choice of choices) {
          const text = replies[choice.index]?.take(choice) ?? '';
          if (text && !request.whole) show({ type: 'delta', index: offset + choice.index, text });
        }
        if (usage) request.onUsage?.({ prompt: usage.prompt_tokens, completion: usage.completion_tokens });
        if (!replies.every((reply) => reply.whole)) return 'go on';
        // After a marker the server would go on; else it ends by itself, and the connection can be used again.
        return replies.every((reply) => reply.finished) ? 'whole' : 'stop';
      });
      if (!heard) throw notTheApi(endpoint);
      if (!replies.every((reply) => reply.whole)) {
        throw new FoilError('stream-cut', `${endpoint.server} ended the reply of ${this.name} before it was whole`, {
          remedy: 'retry: what had arrived is kept until then',
        });
      }
      return replies.map((reply, index) => reply.event(offset + index));
    });
  }

  /**
   * OpenAI's own newer models refuse `max_tokens` and want its newer name, which many other servers do not know; and many
   * servers do not know `response_format`, or only some of it.
   */
  private async open(request: GenerateRequest, signal: AbortSignal, onEvent: (data: unknown) => Heard): Promise<void> {
    const { endpoint, model } = this.options;
    const id = JSON.stringify([endpoint.baseURL, model]);
    const known = wants.get(id) ?? {};
    wants.set(id, known);
    for (;;) {
      const body = this.body(request, known);
      try {
        await postEvents(endpoint, ROUTE, body, signal, onEvent);
        return;
      } catch (error) {
        const { status, message = '' } = error as { status?: number; message?: string };
        if (status !== 400 && status !== 422) throw error;
        if (body.max_tokens && message.includes('max_completion_tokens')) known.renamed = true;
        else if (body.response_format && NO_FORMAT.test(message)) known.plain = true;
        else throw error;
      }
    }
  }

  private body(request: GenerateRequest, { renamed, plain }: Wants): Body {
    const { endpoint, model, end } = this.options;
    const { temperature, top_p, top_k, min_p, max_tokens } = request.sampling;
    const stops = endpoint.dialect === 'vllm' && end.tokenId !== null ? { stop_token_ids: [end.tokenId] } : {};
    const { answer } = request;
    const format =
      answer && !plain && !endpoint.own
        ? {
            response_format: {
              type: 'json_schema' as const,
              json_schema: { name: answer.name, schema: { ...answer.schema }, strict: true },
            },
          }
        : {};
    const body: Body = {
      model,
      stream: true,
      seed: request.seed,
      messages: request.messages.map(({ role, content }) => ({ role, content })),
      // Some servers complain of any n, even 1.
      ...(request.n === 1 ? {} : { n: request.n }),
      // Only where somebody counts: not every server knows it.
      ...(request.onUsage ? { stream_options: { include_usage: true } } : {}),
      ...given({ temperature, top_p, max_tokens, top_k, min_p }),
      ...stops,
      ...format,
      ...(request.keepReply && endpoint.keepsReplies ? { keep_reply: true } : {}),
    };
    return renamed ? withNewName(body) : body;
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
