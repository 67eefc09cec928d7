import type { z } from 'zod';
import { FoilError } from '../../../core/errors.ts';

type Status = 400 | 401 | 404 | 500;

/** An answer in OpenAI's error shape. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: Status;
  /** The field that is wrong, such as `messages.0.role`. */
  readonly param: string | null;
  readonly code: string | null;

  constructor(status: Status, message: string, options: { param?: string; code?: string } = {}) {
    super(message);
    this.status = status;
    this.param = options.param ?? null;
    this.code = options.code ?? null;
  }
}

/** Parses a request's body. @throws HttpError 400 that names the first wrong field. */
export async function parseBody<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
  let json: unknown;
  try {
    json = await request.json();
  } catch {
    throw new HttpError(400, 'the body is not JSON', { code: 'invalid_json' });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = issue?.path.join('.') ?? '';
  throw new HttpError(400, param ? `${param}: ${issue?.message}` : (issue?.message ?? 'invalid request'), {
    param,
    code: 'invalid_value',
  });
}

/** Status and body for whatever was thrown; only unexpected errors are logged. */
export function errorAnswer(error: unknown): { status: Status; body: object } {
  if (error instanceof HttpError) return answer(error.status, error.message, error.param, error.code);
  if (error instanceof FoilError) {
    const place = error.where?.file ? `${error.where.file}: ` : '';
    return answer(
      400,
      [`${place}${error.message}`, ...error.remedy].join('; '),
      error.where?.field ?? null,
      error.code,
    );
  }
  console.error(error);
  return answer(500, error instanceof Error ? error.message : String(error), null, 'engine_error');
}

function answer(
  status: Status,
  message: string,
  param: string | null,
  code: string | null,
): { status: Status; body: object } {
  const type = status === 500 ? 'server_error' : status === 401 ? 'authentication_error' : 'invalid_request_error';
  return { status, body: { error: { message, type, param, code } } };
}
