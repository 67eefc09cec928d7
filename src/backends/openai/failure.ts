import { FoilError, isAbort } from '../../core/errors.ts';
import { safeText } from '../../core/text/safe.ts';
import type { Endpoint } from './client.ts';

/** What of an SDK or network error tells us its kind, whichever class it has. */
interface Shape {
  readonly status?: number;
  readonly message?: string;
  readonly code?: unknown;
  /** The error object of the answer's body. */
  readonly error?: unknown;
  readonly headers?: { get?: (name: string) => string | null };
  readonly cause?: Shape;
}

/** How servers say that a prompt does not fit: OpenAI, vLLM, llama-server, TGI, Anthropic. */
const TOO_LONG =
  /context.?(?:length|size|window)|maximum.{0,40}tokens|too long|longer than|max_model_len|max_new_tokens.{0,4} must be/iu;

/** No server needs more to say what is wrong; some answer with a whole page. */
const MOST_TEXT = 400;

/**
 * Turns what the `openai` package throws into a FoilError with a remedy; cancellations pass through.
 * @param begun whether a part of the reply had come, so that what broke is the reply and not the way there.
 */
export function asEndpointError(error: unknown, endpoint: Endpoint, model: string, begun = false): unknown {
  if (error instanceof FoilError || isAbort(error)) return error;
  const { server } = endpoint;
  const shape = (error ?? {}) as Shape;
  const text = quote(shape.message ?? String(error), endpoint);
  if (shape.status !== undefined) return refusal(shape.status, text, shape, endpoint, model);
  // An error object without a status came inside a stream.
  if (shape.error !== undefined) {
    return new FoilError('endpoint-failed', `${server}: ${text}`, { remedy: 'retry; look at the log of the server' });
  }
  if (error instanceof SyntaxError && !begun) return notTheApi(endpoint);
  const reason = quote(reasons(shape).join(': '), endpoint);
  if (begun) {
    return new FoilError('stream-cut', `${server} broke off in mid-reply (${reason})`, {
      remedy: endpoint.own
        ? comesBack(endpoint)
        : 'retry, and look at the log of the server; what had arrived is kept until then',
      cause: error,
    });
  }
  return new FoilError('unreachable', `${server} does not answer (${reason})`, {
    remedy: endpoint.own
      ? comesBack(endpoint)
      : (endpoint.remedy ?? ['is it running? `foil doctor` checks every server', 'check base_url']),
    cause: error,
  });
}

/** The server answered, but not as the OpenAI API does. */
export function notTheApi(endpoint: Endpoint): FoilError {
  return new FoilError('bad-answer', `${endpoint.server} does not answer as the OpenAI API does (${place(endpoint)})`, {
    remedy: `check base_url of ${endpoint.server} in foil.yaml: it usually ends in /v1`,
  });
}

/** No word for too long: a sign of too much load, which a stream that broke off is not. */
export class Silence extends FoilError {}

/** The server went silent, before its reply or in it. */
export function silent(endpoint: Endpoint): FoilError {
  return new Silence('stream-cut', `${endpoint.server} has sent nothing for ${endpoint.timeoutMs / 1000} s`, {
    remedy: [
      'retry: what had arrived is kept until then',
      ...(endpoint.own
        ? comesBack(endpoint)
        : [`raise timeout_s of ${endpoint.server} in foil.yaml if it is only slow`]),
    ],
  });
}

function refusal(status: number, text: string, shape: Shape, endpoint: Endpoint, model: string): FoilError {
  const { server, keyName } = endpoint;
  if (status === 413 || (status < 500 && (TOO_LONG.test(text) || shape.code === 'context_length_exceeded'))) {
    return new FoilError('prompt-too-long', `${server}: ${text}`, { remedy: 'shorten the context or the session' });
  }
  if (status === 401 || status === 403) {
    // The answer may repeat the key, in part or whole: nothing of it is shown.
    return new FoilError('not-authorised', `${server} refused the key (HTTP ${status})`, {
      remedy:
        endpoint.remedy ??
        (keyName ? `check the environment variable ${keyName}` : `give the server a key_env in foil.yaml`),
    });
  }
  if (status === 404) {
    return new FoilError(
      'no-model',
      `${server} has no model "${model}", or no such route: ${text} (${place(endpoint)})`,
      {
        remedy: `check model and base_url of ${server} in foil.yaml: the URL usually ends in /v1`,
      },
    );
  }
  if (status === 429) {
    const after = shape.headers?.get?.('retry-after');
    return new FoilError('rate-limited', `${server} asks for fewer requests (HTTP 429)`, {
      remedy: after && /^\d+$/u.test(after) ? `retry in ${after} s` : 'wait, then retry',
    });
  }
  return new FoilError('endpoint-failed', `${server}: HTTP ${text}`, {
    remedy:
      status >= 500
        ? 'retry; look at the log of the server'
        : `correct what it names: model and sampling in foil.yaml, or dialect of ${server}`,
  });
}

function comesBack(endpoint: Endpoint): string[] {
  return endpoint.own ? ['retry: Foil starts its engine again', 'if it ends again: `foil doctor`'] : [];
}

/** Messages from the outermost error to the system's own, such as `fetch failed` to `connect ECONNREFUSED 127.0.0.1:1`. */
function reasons(shape: Shape): string[] {
  const found: string[] = [];
  for (let at: Shape | undefined = shape, depth = 0; at && depth < 5; at = at.cause, depth += 1) {
    const text = [at.message?.replace(/\.$/u, ''), at.cause ? undefined : at.code].find(Boolean);
    if (text && !found.includes(String(text))) found.push(String(text));
  }
  return found.length > 0 ? found : ['no reason given'];
}

/** A server's own words, made harmless: on one line, not endless, and without the key, should it repeat it. */
function quote(text: string, endpoint: Endpoint): string {
  const clean = (endpoint.key ? text.replaceAll(endpoint.key, '(the key)') : text).replace(/\s+/gu, ' ').trim();
  return safeText(clean.length > MOST_TEXT ? `${clean.slice(0, MOST_TEXT)}…` : clean);
}

/** The URL without its query, which may hold a secret. */
function place(endpoint: Endpoint): string {
  const { origin, pathname } = new URL(endpoint.baseURL);
  return origin + pathname;
}
