import type { IncomingHttpHeaders } from 'node:http';

/**
 * What a server said instead of a reply, in the form of the `openai` package's APIError (failure.ts and retry.ts read both):
 * the package itself is not loaded for chat, since it and the global `fetch` take 30 MB and 130 ms.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Undefined for an error event inside a stream. */
  readonly status: number | undefined;
  readonly error: unknown;
  readonly code: unknown;
  readonly headers: { get(name: string): string | null };

  constructor(status: number | undefined, error: unknown, text: string, headers: IncomingHttpHeaders = {}) {
    const said = messageOf(error) ?? (text || 'status code (no body)');
    super(status === undefined ? said : `${status} ${said}`);
    this.status = status;
    this.error = error;
    this.code = (error as { code?: unknown } | null)?.code;
    this.headers = { get: (name) => headers[name]?.toString() ?? null };
  }
}

/** The refusal that an answer is: OpenAI says `error`, FastAPI `detail`, others `message`, and some answer with a page. */
export function refusalOf(status: number, text: string, headers: IncomingHttpHeaders): Refusal {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return new Refusal(status, undefined, text, headers);
  }
  const { error, detail, message } = (body ?? {}) as { error?: unknown; detail?: unknown; message?: unknown };
  return new Refusal(status, error || (detail || message ? { message: detail ?? message } : body), text, headers);
}

function messageOf(error: unknown): string | undefined {
  if (!error) return undefined;
  const message = typeof error === 'string' ? error : ((error as { message?: unknown }).message ?? error);
  return typeof message === 'string' ? message : JSON.stringify(message);
}
