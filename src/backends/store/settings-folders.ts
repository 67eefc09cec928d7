import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import { checkName, diskError, holdLock } from './disk.ts';
import { Journal } from './pair-journal.ts';
import { validate } from './records.ts';

/** What the folders of one kind hold, and how it is spoken of. */
export interface FolderKind<S extends z.ZodType<{ readonly name: string }>, R extends z.ZodType> {
  /** `loop`, say. */
  readonly what: string;
  /** The file of settings, which people may edit. */
  readonly settings: { readonly file: string; readonly schema: S };
  /** The journal, which is only ever added to. */
  readonly journal: { readonly file: string; readonly schema: R };
  readonly remedies: {
    /** The settings are no JSON. */
    readonly mend: string;
    /** The settings name another folder. */
    readonly renamed: string;
    /** There is none of the kind. */
    readonly none: string;
  };
}

/** Journals that this process holds: a second holder must be told, where the lock would only let it wait. */
const held = new Set<string>();

/**
 * Folders that each hold a file of settings and a journal, found by their name.
 * @param onProblem told of a line of a journal whose write was interrupted.
 */
export function settingsFolders<S extends z.ZodType<{ readonly name: string }>, R extends z.ZodType>(
  root: string,
  { what, settings, journal, remedies }: FolderKind<S, R>,
  onProblem: (problem: FoilError) => void,
) {
  const file = (name: string, of: string): string => {
    checkName(name, what);
    return join(root, name, of);
  };

  const list = async (): Promise<string[]> => {
    const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw diskError(error, root);
    });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  };

  /** The settings of a folder as they stand; null if there are none. */
  const find = async (name: string): Promise<z.output<S> | null> => {
    const path = file(name, settings.file);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskError(error, path);
      return null;
    });
    if (text === null) return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new FoilError('bad-json', `${settings.file} is not JSON: ${(error as Error).message}`, {
        where: { file: path },
        remedy: remedies.mend,
      });
    }
    return validate(settings.schema, value, { file: path });
  };

  const follow = (name: string) => {
    const records: z.output<R>[] = [];
    const take = (record: z.output<R>) => records.push(record);
    return { records, journal: new Journal(file(name, journal.file), journal.schema, take, onProblem) };
  };

  return {
    file,
    list,
    find,

    /** @throws FoilError `unknown-…`, or `bad-record` for settings that stand in another folder than their own. */
    async load(name: string): Promise<z.output<S>> {
      const found = await find(name);
      if (found?.name === name) return found;
      if (found) {
        throw new FoilError('bad-record', `the ${what} calls itself "${found.name}"`, {
          where: { file: file(name, settings.file), field: 'name' },
          remedy: remedies.renamed,
        });
      }
      throw new FoilError(`unknown-${what}`, `there is no ${what} "${name}"`, {
        remedy: knownNames(name, await list(), remedies.none),
      });
    },

    async read(name: string): Promise<z.output<R>[]> {
      const { records, journal: journalOf } = follow(name);
      await journalOf.sync();
      return records;
    },

    /**
     * The journal of a folder, for nobody else to write to until it is closed.
     * @param begin what else is to be done while it is held; what it returns undoes it on closing.
     * @throws FoilError `locked`.
     */
    async hold(name: string, begin: () => Promise<() => Promise<void>> = async () => async () => {}) {
      const path = file(name, journal.file);
      if (held.has(path)) {
        throw new FoilError('locked', `the ${what} "${name}" is being run`, {
          where: { file: path },
          remedy: 'wait until it is done, or stop it',
        });
      }
      held.add(path);
      const closers: (() => Promise<void>)[] = [async () => void held.delete(path)];
      const close = async () => {
        for (const step of closers.splice(0).reverse()) await step();
      };
      try {
        const lock = await holdLock(path);
        closers.push(lock.release);
        closers.push(await begin());
        const { records, journal: journalOf } = follow(name);
        closers.push(() => journalOf.close());
        await journalOf.sync();
        return { records, append: (record: z.output<R>) => journalOf.append(record), close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}
