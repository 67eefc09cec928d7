import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { appendRecords, checkName, withLock } from './disk.ts';
import { Journal } from './pair-journal.ts';

/** Files of one kind that a person adds to: a head that says what they are about, then records, append-only. */
export interface HeadedKind<Head extends { readonly type: string }, Written> {
  /** In words, as `sample`. */
  readonly what: string;
  readonly head: Head['type'];
  readonly schema: z.ZodType<Head | Written>;
  /** What to do where there is one of that name, and where there is none. */
  readonly remedy: { readonly taken: string; readonly none: string };
}

export interface HeadedFile<Head, Written> {
  readonly head: Head;
  /** All records, in the order of the file. */
  readonly records: readonly Written[];
  /** Durable against kill -9 when the promise resolves. */
  append(record: Written): Promise<void>;
  close(): Promise<void>;
}

const fileOf = (dir: string, name: string) => join(dir, `${name}.jsonl`);

/** Begins `DIR/NAME.jsonl` with its head. @throws FoilError `name-taken` if there is one: it is never written over. */
export async function createHeaded<Head extends { readonly type: string }, Written>(
  { what, remedy }: HeadedKind<Head, Written>,
  dir: string,
  name: string,
  head: Head,
): Promise<void> {
  checkName(name, what);
  const file = fileOf(dir, name);
  await withLock(file, async () => {
    if (((await stat(file).catch(() => null))?.size ?? 0) > 0) {
      throw new FoilError('name-taken', `there is a ${what} "${name}" already`, {
        where: { file },
        remedy: remedy.taken,
      });
    }
    await appendRecords(file, [head]);
  });
}

/** Names of the files in a folder. */
export async function listHeaded(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort();
}

/**
 * A file with its records, followed on the disk.
 * @throws FoilError `unknown-WHAT` with those there are, also for a file that does not begin with its head; `bad-record`.
 */
export async function openHeaded<Head extends { readonly type: string }, Written extends { readonly type: string }>(
  { what, head: type, schema, remedy }: HeadedKind<Head, Written>,
  dir: string,
  name: string,
  onProblem: (problem: FoilError) => void,
): Promise<HeadedFile<Head, Written>> {
  checkName(name, what);
  const file = fileOf(dir, name);
  let head: Head | null = null;
  const records: Written[] = [];
  const take = (record: Head | Written) => {
    if (record.type === type) head ??= record as Head;
    else records.push(record as Written);
  };
  const journal = new Journal(file, schema, take, onProblem);
  await journal.sync();
  if (head === null) {
    const known = await listHeaded(dir);
    throw new FoilError(`unknown-${what}`, `there is no ${what} "${name}"`, {
      where: { file },
      remedy: known.length > 0 ? `known: ${known.join(', ')}` : remedy.none,
    });
  }
  return { head, records, append: (record) => journal.append(record), close: () => journal.close() };
}
