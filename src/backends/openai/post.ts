import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as plain } from '../http.ts';
import type { Endpoint } from './client.ts';
import { EventReader } from './events.ts';
import { silent } from './failure.ts';
import { Refusal, refusalOf } from './refusal.ts';

/** What is the same in every request to one route of an endpoint. */
interface Route {
  readonly send: typeof plain;
  readonly options: object;
  readonly headers: Readonly<Record<string, string>>;
}

const routes = new Map<string, Promise<Route>>();

function routeOf(endpoint: Endpoint, path: string): Promise<Route> {
  const id = JSON.stringify([endpoint.baseURL, endpoint.key, path]);
  let route = routes.get(id);
  if (!route) {
    route = makeRoute(endpoint, path);
    routes.set(id, route);
  }
  return route;
}

async function makeRoute({ baseURL, key }: Endpoint, path: string): Promise<Route> {
  const url = new URL(baseURL.replace(/\/+$/u, '') + path);
  const { send, agent } = await (url.protocol === 'https:' ? https() : http);
  return {
    send,
    options: {
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/gu, ''),
      port: url.port,
      path: url.pathname + url.search,
      agent,
    },
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'foil',
      // As the `openai` package sends it; servers without a key ignore it.
      authorization: `Bearer ${key ?? 'none'}`,
    },
  };
}

/** As global fetch does: a proxy of the environment counts where NODE_USE_ENV_PROXY asks for it. */
const agentOptions = {
  keepAlive: true,
  ...(process.env['NODE_USE_ENV_PROXY'] === '1' ? { proxyEnv: process.env } : {}),
};
const http = { send: plain, agent: new Agent(agentOptions) };

let secure: Promise<typeof http> | undefined;

/** Loaded when it is needed: TLS takes 9 MB. */
function https(): Promise<typeof http> {
  secure ??= import('node:https').then((tls) => ({ send: tls.request, agent: new tls.Agent(agentOptions) }));
  return secure;
}

/** What `onEvent` says of the answer so far: `whole` needs no more to be of use, `stop` wants no more of it. */
export type Heard = 'go on' | 'whole' | 'stop';

/**
 * Posts JSON and hands every event of the streamed answer, parsed, to `onEvent`; resolves when the answer is over, was
 * stopped, or broke when it was whole. The `openai` package is not used here, since with it a session of twenty requests
 * costs 20 ms of CPU, and in this way 5 (docs/simulate.md).
 *
 * Rejects with a Refusal for a refusal or an error event, with the system's error for what broke, with the signal's reason,
 * or with `stream-cut` after a silence of the endpoint's `timeoutMs`.
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
      if (error) throw new Refusal(undefined, error, '');
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
        response.on('end', () => settle(refusalOf(statusCode, text, response.headers)));
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
    request = route.send({
      ...route.options,
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

function cutOff(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
