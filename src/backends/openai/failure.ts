import { FoilError, isAbort } from '../../core/errors.ts';

/** What of an SDK or network error tells us its kind, whichever class it has. */
interface Shape {
  readonly status?: number;
  readonly message?: string;
  readonly code?: unknown;
  readonly cause?: Shape;
}

/** Turns what the `openai` package throws into a FoilError with a remedy; cancellations pass through. */
export function asEndpointError(error: unknown, server: string, model: string, keyName: string | null): unknown {
  if (error instanceof FoilError || isAbort(error)) return error;
  const shape = (error ?? {}) as Shape;
  const text = shape.message ?? String(error);
  if (shape.status === 400 && /context.length|maximum.*tokens|too long|longer than|max_model_len/iu.test(text)) {
    return new FoilError('prompt-too-long', `${server}: ${text}`, {
      remedy: 'shorten the context or the session',
      cause: error,
    });
  }
  if (shape.status === 401 || shape.status === 403) {
    return new FoilError('not-authorised', `${server} refused the key (HTTP ${shape.status})`, {
      remedy: keyName ? `check the environment variable ${keyName}` : `give the server a key_env in foil.yaml`,
    });
  }
  if (shape.status === 404) {
    return new FoilError('no-model', `${server} has no model "${model}", or no such route (HTTP 404)`, {
      remedy: `check model and base_url of ${server} in foil.yaml`,
    });
  }
  if (shape.status === 429) {
    return new FoilError('rate-limited', `${server} asks for fewer requests (HTTP 429)`, {
      remedy: 'wait, then retry',
    });
  }
  if (shape.status !== undefined) {
    return new FoilError('endpoint-failed', `${server}: HTTP ${shape.status}: ${text}`, {
      remedy: 'retry; look at the log of the server',
    });
  }
  const reason = [text, shape.cause?.message, shape.cause?.code].filter(Boolean).join(': ');
  return new FoilError('unreachable', `${server} does not answer (${reason})`, {
    remedy: [`is it running? \`foil doctor\` checks every server`, 'retry when it is back'],
    cause: error,
  });
}
