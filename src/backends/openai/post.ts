import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as plain } from 'node:http';
import { Agent as HttpsAgent, request as secure } from 'node:https';
import type OpenAI from 'openai';
import { clientOf, type Endpoint, withError } from './client.ts';
import { EventReader } from './events.ts';
import { silent } from './failure.ts';

/** What is the same in every request to one route of an endpoint: the package makes it, once. */
interface Route {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

const routes = new Map<string, Promise<Route>>();

function routeOf(endpoint: Endpoint, path: string): Promise<Route> {
  const id = JSON.stringify([endpoint.baseURL, endpoint.key, path]);
  const known = routes.get(id);
  if (known) return known;
  const made = clientOf(endpoint).then(async (client): Promise<Route> => {
    const { req, url } = await client.buildRequest({ method: 'post', path, body: {} });
    // Without the package's telemetry: what system this is, how often it asked.
    const headers = [...new Headers(req.headers)].filter(([name]) => !name.startsWith('x-stainless-'));
    return { url: new URL(url), headers: Object.fromEntries(headers) };
  });
  routes.set(id, made);
  return made;
}

/** As global fetch does: a proxy of the environment counts where NODE_USE_ENV_PROXY asks for it. */
const agentOptions = {
  keepAlive: true,
  ...(process.env['NODE_USE_ENV_PROXY'] === '1' ? { proxyEnv: process.env } : {}),
};
const agents = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };

/** What `onEvent` says of the answer so far: `whole` needs no more to be of use, `stop` wants no more of it. */
export type Heard = 'go on' | 'whole' | 'stop';

/**
 * Posts JSON and hands every event of the streamed answer, parsed, to `onEvent`; resolves when the answer is over, was
 * stopped, or broke when it was whole. Addresses, headers and errors are those of the `openai` package; its own requests
 * and streams are not used here, since with them a session of twenty requests costs 20 ms of CPU, and in this way 5
 * (docs/simulate.md).
 *
 * Rejects with the package's APIError for a refusal or an error event, with the system's error for what broke, with the
 * signal's reason, or with `stream-cut` after a silence of the endpoint's `timeoutMs`.
 */
export async function postEvents(
  endpoint: Endpoint,
  path: string,
  body: object,
  signal: AbortSignal,
  onEvent: (data: unknown) => Heard,
): Promise<void> {
  const route = await routeOf(endpoint, path);
  signal.throwIfAborted();
  const { APIError } = await import('openai');
  await new Promise<void>((resolve, reject) => {
    let heard: Heard = 'go on';
    let over = false;
    let request: ClientRequest;
    const settle = (error?: unknown): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      if (error === undefined || (heard !== 'go on' && !signal.aborted)) resolve();
      else reject(error);
    };
    const drop = (error?: unknown): void => {
      settle(error);
      request.destroy();
    };
    const abort = (): void => drop(signal.reason);
    // One timer, set back when something comes: a new one for each piece would cost more than the piece.
    const timer = setTimeout(() => drop(silent(endpoint)), endpoint.timeoutMs);
    const take = (data: string): void => {
      if (over || heard === 'stop') return;
      if (data.startsWith('[DONE]')) {
        settle();
        return;
      }
      const parsed: unknown = JSON.parse(data);
      const error = (parsed as { error?: unknown } | null)?.error;
      if (error) throw new APIError(undefined, asObject(error), undefined, undefined);
      heard = onEvent(parsed);
      if (heard === 'stop') drop();
    };
    const guarded = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        drop(error);
      }
    };
    const onResponse = (response: IncomingMessage): void => {
      response.setEncoding('utf8');
      const { statusCode = 0 } = response;
      response.on('error', settle);
      response.on('close', () => {
        if (!over) settle(cutOff());
      });
      if (statusCode < 200 || statusCode > 299) {
        let text = '';
        response.on('data', (piece: string) => {
          text += text.length < MOST_REFUSAL ? piece : '';
        });
        response.on('end', () => settle(refusal(APIError, response, withError(text))));
        return;
      }
      const reader = new EventReader(take);
      response.on('data', (piece: string) => {
        timer.refresh();
        guarded(() => reader.push(piece));
      });
      response.on('end', () => {
        guarded(() => reader.finish());
        settle();
      });
    };
    const text = JSON.stringify(body);
    const { url } = route;
    const send = url.protocol === 'https:' ? secure : plain;
    request = send({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/gu, ''),
      port: url.port,
      path: url.pathname + url.search,
      agent: url.protocol === 'https:' ? agents.https : agents.http,
      headers: { ...route.headers, 'content-length': Buffer.byteLength(text) },
    });
    request.on('response', onResponse);
    request.on('error', settle);
    signal.addEventListener('abort', abort, { once: true });
    request.end(text);
  });
}

/** A refusal longer than this says nothing more. */
const MOST_REFUSAL = 100_000;

function refusal(APIError: typeof OpenAI.APIError, response: IncomingMessage, text: string): unknown {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  let body: { error?: unknown } | undefined;
  try {
    const parsed = JSON.parse(text) as { error?: unknown } | null;
    body = parsed?.error ? parsed : { error: parsed };
  } catch {
    body = undefined;
  }
  return APIError.generate(response.statusCode, body, body ? undefined : text, headers);
}

function asObject(error: unknown): object {
  return typeof error === 'object' && error !== null ? error : { message: String(error) };
}

function cutOff(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
