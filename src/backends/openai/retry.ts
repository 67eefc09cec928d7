import { setTimeout as sleep } from 'node:timers/promises';
import { FoilError } from '../../core/errors.ts';
import type { Retry } from '../../core/ports.ts';
import type { Endpoint } from './client.ts';
import { asEndpointError, Silence } from './failure.ts';
import { DEFAULT_AT_ONCE, Limiter, type Outcome } from './limiter.ts';

/**
 * The one place that asks again: the `openai` package is told not to. It would wait with a quarter of jitter at most, take no
 * notice of a stream that broke, and know nothing of the requests beside it.
 */
export interface Patience {
  /** Whether a reply may be asked for again after it had begun: nobody has seen any of it. */
  readonly whole: boolean;
  /** Whether a part of the reply has come. */
  readonly begun: () => boolean;
  readonly onRetry?: ((retry: Retry) => void) | undefined;
}

/** Somebody waits before the screen: two more attempts, as the `openai` package makes them. */
const RETRIES_SEEN = 2;
/** Of a batch: what fails eight times in a row is broken. Being asked to wait does not count. */
const RETRIES_BATCH = 8;
/** Longest time that one request of a batch is asked for again, and that somebody before the screen is kept waiting. */
const PATIENCE_MS = 15 * 60_000;
const PATIENCE_SEEN_MS = 60_000;
/** Full jitter: uniform from 0 to BASE * 2^k, at most LONGEST (Brooker, "Exponential Backoff And Jitter", 2015). */
const BASE_MS = 500;
const LONGEST_MS = 30_000;

const limiters = new Map<string, Limiter>();
const servers = new Map<Limiter, string>();

/** One for all models of an endpoint. */
export function limiterOf(endpoint: Endpoint): Limiter {
  // our own engine comes back at another place, and is the same to who counts what is out
  const place = endpoint.own ? [endpoint.server] : [endpoint.baseURL, endpoint.key];
  const id = JSON.stringify([...place, endpoint.atOnce]);
  let limiter = limiters.get(id);
  if (!limiter) {
    limiter = new Limiter(endpoint.atOnce ?? DEFAULT_AT_ONCE);
    limiters.set(id, limiter);
    servers.set(limiter, endpoint.server);
  }
  return limiter;
}

/** Every endpoint that was asked: requests that are out, and how many it gets at once now. */
export function places(): { server: string; out: number; limit: number }[] {
  return [...servers].map(([limiter, server]) => ({ server, out: limiter.out, limit: limiter.limit }));
}

/**
 * Runs `attempt` in a place of its endpoint, again after a 408, 409, 429, 5xx, a lost connection or a broken stream.
 * @throws FoilError of the last attempt, or the signal's reason.
 */
export async function retrying<T>(
  endpoint: Endpoint,
  model: string,
  patience: Patience,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  const limiter = limiterOf(endpoint);
  const until = performance.now() + (patience.whole ? PATIENCE_MS : PATIENCE_SEEN_MS);
  // Our own engine is started again, which helps at once or not at all.
  const most = patience.whole && !endpoint.own ? RETRIES_BATCH : RETRIES_SEEN;
  for (let failures = 0, asked = 1; ; asked += 1) {
    const began = await limiter.acquire(signal, !patience.whole);
    let outcome: Outcome | null = null;
    let failure: unknown;
    try {
      const result = await attempt();
      outcome = 'fine';
      return result;
    } catch (error) {
      failure = error;
      if (!signal.aborted) outcome = isBusy(error) ? 'busy' : 'failed';
    } finally {
      limiter.release(outcome, began);
    }
    signal.throwIfAborted();
    const begun = patience.begun();
    const error = asEndpointError(failure, endpoint, model, begun);
    const waits = patience.whole && statusOf(failure) === 429;
    if (!waits) failures += 1;
    const waitMs = pause(failure, asked);
    if (!canAgain(failure, begun, patience.whole) || failures > most || performance.now() + waitMs > until) throw error;
    // For one who waits before the screen, a server that never has time ends after as many attempts.
    if (!patience.whole && asked > RETRIES_SEEN) throw error;
    patience.onRetry?.({ code: error instanceof FoilError ? error.code : 'unknown', attempt: asked, waitMs, begun });
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    // not before the pause: that an engine is gone is known a little later than what it broke off
    if (statusOf(failure) === undefined) await endpoint.renew?.(signal);
  }
}

interface Shape {
  readonly status?: number;
  readonly code?: unknown;
  readonly error?: unknown;
  readonly headers?: { get?: (name: string) => string | null };
}

function statusOf(error: unknown): number | undefined {
  return (error as Shape | null)?.status;
}

function headerOf(error: unknown, name: string): string | null {
  return (error as Shape | null)?.headers?.get?.(name) ?? null;
}

function isBusy(error: unknown): boolean {
  return error instanceof Silence || [429, 503, 529].includes(statusOf(error) ?? 0);
}

function canAgain(error: unknown, begun: boolean, whole: boolean): boolean {
  if (begun && !whole) return false;
  if (error instanceof FoilError) return error.code === 'stream-cut' && whole;
  const status = statusOf(error);
  if (status === undefined) return begun || !(error instanceof SyntaxError);
  const told = headerOf(error, 'x-should-retry');
  if (told === 'true' || told === 'false') return told === 'true';
  // The money is gone: that does not pass.
  if ((error as Shape).code === 'insufficient_quota') return false;
  return [408, 409, 429].includes(status) || status >= 500;
}

/** Milliseconds until the next attempt: what the server asked for and a little more, so that not all come back at once. */
function pause(error: unknown, asked: number): number {
  const told = retryAfter(headerOf(error, 'retry-after-ms'), headerOf(error, 'retry-after'), Date.now());
  if (told !== null) return told + Math.random() * Math.min(1000, told / 10);
  return Math.random() * Math.min(LONGEST_MS, BASE_MS * 2 ** Math.min(16, asked - 1));
}

/** `Retry-After` in ms: seconds or an HTTP date (RFC 9110, 10.2.3), or the `-ms` form that some servers send; null for neither. */
export function retryAfter(ms: string | null, after: string | null, now: number): number | null {
  const given = Number(ms?.trim() || Number.NaN);
  if (Number.isFinite(given) && given >= 0) return given;
  const text = after?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/u.test(text)) return Number(text) * 1000;
  const date = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
