import type OpenAI from 'openai';
import { asEndpointError } from './failure.ts';

/** A server that answers the OpenAI API. */
export interface Endpoint {
  /** Its name on screen and in errors. */
  readonly server: string;
  readonly baseURL: string;
  readonly key: string | null;
  /** Name of the environment variable that holds the key, for errors; the key itself is never shown. */
  readonly keyName: string | null;
  readonly timeoutMs: number;
  /**
   * `vllm`: takes top_k, min_p, stop_token_ids, n and /tokenize (vLLM and the embedded engine). `openai`: only what the
   * OpenAI API names; n alternatives are n requests, since many servers ignore `n`.
   */
  readonly dialect: 'vllm' | 'openai';
}

/** Clients by endpoint; the package is loaded when a model first speaks, since it costs 130 ms. */
const clients = new Map<string, Promise<OpenAI>>();

export function clientOf(endpoint: Endpoint): Promise<OpenAI> {
  const id = `${endpoint.baseURL} ${endpoint.key ?? ''}`;
  const known = clients.get(id);
  if (known) return known;
  const made = import('openai').then(
    ({ default: Client }) =>
      new Client({
        baseURL: endpoint.baseURL,
        // The package insists on a key; servers without one ignore it.
        apiKey: endpoint.key ?? 'none',
        timeout: endpoint.timeoutMs,
        maxRetries: 2,
      }),
  );
  clients.set(id, made);
  return made;
}

/** POST of a route that the package does not know (vLLM's /tokenize, which stands beside /v1, not under it). */
export async function postBeside<T>(endpoint: Endpoint, route: string, body: unknown, signal: AbortSignal): Promise<T> {
  try {
    const client = await clientOf(endpoint);
    const url = new URL(route, endpoint.baseURL.replace(/\/v1\/?$/u, '/')).href;
    return (await client.post(url, { body: body as object, signal })) as T;
  } catch (error) {
    throw asEndpointError(error, endpoint.server, '', endpoint.keyName);
  }
}
