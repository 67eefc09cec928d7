import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { fieldPath } from '../../core/fields.ts';
import { SESSION_SCHEMA } from '../../core/session/schema.ts';
import type { Line } from './lines.ts';

export function isBlank(line: Line): boolean {
  return line.raw.every((byte) => byte === 32 || byte === 9 || byte === 13);
}

/**
 * Whether a line is the beginning of a record whose rest was never written: the process or the machine stopped in the
 * middle of an append. Records are objects, so it starts with a brace that nothing closes. Such a line was never
 * acknowledged to anybody; it is skipped and reported, not an error. Later appends start on a line of their own.
 */
export function isTorn(line: Line): boolean {
  const text = line.raw.toString('utf8');
  if (!text.startsWith('{')) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth === 0) return false;
  }
  return true;
}

/** The JSON value of a line. Throws FoilError `bad-utf8` or `bad-json` with the file and line. */
export function parseJson(line: Line, file: string): unknown {
  const where = { file, line: line.number };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line.raw);
  } catch {
    throw new FoilError('bad-utf8', 'the line is not valid UTF-8', {
      where,
      remedy: 'convert the file, for example with: iconv -f WINDOWS-1252 -t UTF-8 FILE',
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (isTorn(line)) {
      throw new FoilError('torn-line', 'the line breaks off before its record ends', {
        where,
        remedy: 'get the whole file again if it was copied; else take the line out: its write was interrupted',
      });
    }
    throw new FoilError('bad-json', `the line is not a JSON value: ${(error as Error).message}`, {
      where,
      remedy: ['a corpus has one JSON object on each line', 'correct the line, or take it out'],
    });
  }
}

/** Checks a value against a schema. Throws FoilError `newer-schema` or `bad-record` with file, line and field path. */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  where: { file: string; line?: number },
): z.output<T> {
  const version = (value as { schema?: unknown } | null)?.schema;
  if (typeof version === 'number' && version > SESSION_SCHEMA) {
    throw new FoilError(
      'newer-schema',
      `written by a newer Foil: schema ${version}, this one reads ${SESSION_SCHEMA}`,
      {
        where: { ...where, field: 'schema' },
        remedy: 'update Foil; nothing in the file was changed',
      },
    );
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const others = result.error.issues.length - 1;
  const field = fieldPath(issue?.path ?? []);
  throw new FoilError(
    'bad-record',
    `${issue?.message ?? 'the record is invalid'}${others > 0 ? ` (and ${others} more)` : ''}`,
    {
      where: { ...where, ...(field ? { field } : {}) },
      remedy: 'correct the field, or take the record out',
    },
  );
}

export function parseRecord<T extends z.ZodType>(schema: T, line: Line, file: string): z.output<T> {
  return validate(schema, parseJson(line, file), { file, line: line.number });
}

/** What is told about a torn line. */
export function tornError(file: string, line: number): FoilError {
  return new FoilError('torn-line', 'the line breaks off: a write was interrupted before it was finished', {
    where: { file, line },
    remedy: 'it is skipped, and no finished record is lost; the line may be deleted',
  });
}
