import type OpenAI from 'openai';
import type { z } from 'zod';
import { notTheApi } from './failure.ts';
import { retrying } from './retry.ts';
import { modelsSchema, tokenizeSchema } from './wire.ts';

/** A server that answers the OpenAI API. */
export interface Endpoint {
  /** Its name on screen and in errors. */
  readonly server: string;
  readonly baseURL: string;
  readonly key: string | null;
  /** Name of the environment variable that holds the key, for errors; the key itself is never shown. */
  readonly keyName: string | null;
  /** How long it may be silent, before a reply and within one. */
  readonly timeoutMs: number;
  /**
   * `vllm`: takes top_k, min_p, stop_token_ids, n and /tokenize (vLLM and the embedded engine). `openai`: only what the
   * OpenAI API names; n alternatives are n requests, since many servers ignore or refuse `n`.
   */
  readonly dialect: 'vllm' | 'openai';
  /** Foil's own engine, which foil.yaml does not name. */
  readonly own: boolean;
  /** After a lost connection: joins or starts an engine in place of one that ended. `baseURL` and `key` are its own then. */
  readonly renew?: (signal: AbortSignal) => Promise<void>;
  /** Whether it is told which replies the next request goes on from; no server but Foil's own engine knows that field. */
  readonly keepsReplies?: boolean;
  /** Requests that it gets at once at most; DEFAULT_AT_ONCE where foil.yaml does not say. */
  readonly atOnce?: number | undefined;
  /** What to do when it does not answer or refuses the key, where foil.yaml does not name it. */
  readonly remedy?: readonly string[];
}

/** Clients by endpoint; the package is loaded when a model first speaks, since it costs 130 ms. */
const clients = new Map<string, Promise<OpenAI>>();

export function clientOf(endpoint: Endpoint): Promise<OpenAI> {
  const id = JSON.stringify([endpoint.baseURL, endpoint.key, endpoint.timeoutMs]);
  const known = clients.get(id);
  if (known) return known;
  const made = import('openai').then(
    ({ default: Client }) =>
      new Client({
        baseURL: endpoint.baseURL,
        // The package insists on a key; servers without one ignore it.
        apiKey: endpoint.key ?? 'none',
        // What OPENAI_* variables hold is for OpenAI, and this server may be anybody's.
        adminAPIKey: null,
        organization: null,
        project: null,
        timeout: endpoint.timeoutMs,
        // retry.ts asks again, here and nowhere else.
        maxRetries: 0,
        // It would write to the console, which is the screen.
        logLevel: 'off',
        fetch: fetchWithReason,
      }),
  );
  clients.set(id, made);
  return made;
}

/** The package reads `error` of a refusal and nothing else; FastAPI servers say `detail`, others `message`. */
async function fetchWithReason(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const answer = await fetch(input, init);
  if (answer.ok) return answer;
  const text = await answer.text();
  const { status, statusText, headers } = answer;
  const plain = new Headers(headers);
  // The text is decoded already.
  plain.delete('content-encoding');
  plain.delete('content-length');
  return new Response(withError(text), { status, statusText, headers: plain });
}

function withError(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown; message?: unknown } | null;
    const message = body?.error ? undefined : (body?.detail ?? body?.message);
    return message === undefined ? text : JSON.stringify({ error: { message } });
  } catch {
    return text;
  }
}

/** An answer as its schema says. @throws FoilError `bad-answer` if it is something else. */
export function checked<T extends z.ZodType>(schema: T, answer: unknown, endpoint: Endpoint): z.output<T> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw notTheApi(endpoint);
}

/** Tokens of a text by a model's own tokeniser: vLLM's /tokenize, which stands beside /v1 and not under it. */
export async function tokenize(
  endpoint: Endpoint,
  model: string,
  prompt: string,
  signal: AbortSignal,
): Promise<{ count: number; tokens: number[] }> {
  const url = `${endpoint.baseURL.replace(/\/+$/u, '').replace(/\/v1$/u, '')}/tokenize`;
  return await ask(endpoint, model, signal, async (client) =>
    checked(
      tokenizeSchema,
      await client.post(url, { body: { model, prompt, add_special_tokens: false }, signal }),
      endpoint,
    ),
  );
}

/** Tokens that prompt and reply of a model share, if its server says so, as vLLM does. */
export async function windowOf(endpoint: Endpoint, model: string, signal: AbortSignal): Promise<number | null> {
  return await ask(endpoint, model, signal, async (client) => {
    const { data } = checked(modelsSchema, await client.get('/models', { signal }), endpoint);
    const card = data.find(({ id }) => id === model);
    // vLLM says it of the base alone, which an adapter names
    const base = data.find(({ id }) => id === card?.parent);
    return card?.max_model_len ?? base?.max_model_len ?? null;
  });
}

/** Asks, with whatever is thrown as a FoilError, or as the signal's reason if that is why. */
export async function ask<T>(
  endpoint: Endpoint,
  model: string,
  signal: AbortSignal,
  request: (client: OpenAI) => Promise<T>,
): Promise<T> {
  const patience = { whole: false, begun: () => false };
  return await retrying(endpoint, model, patience, signal, async () => await request(await clientOf(endpoint)));
}
