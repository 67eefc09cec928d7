import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Low } from 'lowdb';
import { TextFile } from 'lowdb/node';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import { type LoopRecord, loopRecordSchema } from '../../core/workflows/loop/journal.ts';
import { type LoopSettings, loopSchema } from '../../core/workflows/loop/settings.ts';
import type { LoopJournal, LoopStore } from '../../core/workflows/loop/types.ts';
import { checkName, diskError, holdLock, isHeld, replaceFile, withLock } from './disk.ts';
import { Journal } from './pair-journal.ts';
import { validate } from './records.ts';

/** Loops that this process runs: a second run must be told, where the lock would only let it wait. */
const held = new Set<string>();

/** `holder.json`: who runs a loop. It counts only while the lock is held, so one that a killed process left says nothing. */
const holderSchema = z.object({ pid: z.number().int(), host: z.string(), since: z.string() });

/**
 * Loops in a folder, one folder each: `loop.json`, which people edit, and `journal.jsonl`, which is only ever added to.
 * `onProblem` is told of a line of a journal whose write was interrupted.
 */
export function openLoopStore(dir: string, onProblem: (problem: FoilError) => void = () => {}): LoopStore {
  const root = resolve(dir);
  const file = (name: string, what: 'loop.json' | 'journal.jsonl' | 'holder.json') => {
    checkName(name, 'loop');
    return join(root, name, what);
  };
  const follow = (name: string) => {
    const records: LoopRecord[] = [];
    const journal = new Journal(
      file(name, 'journal.jsonl'),
      loopRecordSchema,
      (record) => records.push(record),
      onProblem,
    );
    return { records, journal };
  };
  const list = async () => {
    const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw diskError(error, root);
    });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  };
  const load = async (name: string): Promise<LoopSettings> => {
    const path = file(name, 'loop.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskError(error, path);
      return null;
    });
    if (text === null) throw unknownLoop(name, await list());
    const settings = validate(loopSchema, jsonOf(text, path), { file: path });
    if (settings.name === name) return settings;
    throw new FoilError('bad-record', `the loop calls itself "${settings.name}"`, {
      where: { file: path, field: 'name' },
      remedy: 'its models and corpora are named after it: give the folder that name again',
    });
  };
  /** A process that was killed holds nothing, though its lock is there for some seconds more. */
  const holder = async (name: string): Promise<string | null> => {
    if (!(await isHeld(file(name, 'journal.jsonl')))) return null;
    const text = await readFile(file(name, 'holder.json'), 'utf8').catch(() => '');
    const known = holderSchema.safeParse(jsonOrNull(text)).data;
    if (!known) return 'another process';
    if (known.host === hostname() && !isAlive(known.pid)) return null;
    return `process ${known.pid} on ${known.host}`;
  };
  return {
    list,
    load,
    async create(settings) {
      const path = file(settings.name, 'loop.json');
      const checked = validate(loopSchema, settings, { file: path });
      await mkdir(join(root, settings.name), { recursive: true });
      await withLock(path, async () => {
        if ((await readFile(path, 'utf8').catch(() => null)) !== null) {
          throw new FoilError('name-taken', `there is a loop "${settings.name}"`, {
            where: { file: path },
            remedy: 'give this one another name; or change that one by its loop.json',
          });
        }
        const document = new Low<string>(new TextFile(path), '');
        document.data = `${JSON.stringify(checked, null, 2)}\n`;
        await document.write();
      });
    },
    async read(name) {
      const { records, journal } = follow(name);
      await journal.sync();
      return records;
    },
    held: async (name) => (await holder(name)) !== null,
    holder,
    async hold(name): Promise<LoopJournal> {
      const path = file(name, 'journal.jsonl');
      if (held.has(path)) {
        throw new FoilError('locked', `${name} is being run`, {
          where: { file: path },
          remedy: 'wait until it is done, or stop it',
        });
      }
      held.add(path);
      try {
        const lock = await holdLock(path);
        const { records, journal } = follow(name);
        const close = async () => {
          await journal.close();
          await rm(file(name, 'holder.json'), { force: true });
          await lock.release();
          held.delete(path);
        };
        try {
          const own = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
          await replaceFile(file(name, 'holder.json'), [`${JSON.stringify(own)}\n`]);
          await journal.sync();
        } catch (error) {
          await close();
          throw error;
        }
        return { records, append: (record) => journal.append(record), close };
      } catch (error) {
        held.delete(path);
        throw error;
      }
    },
  };
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FoilError('bad-json', `loop.json is not JSON: ${(error as Error).message}`, {
      where: { file },
      remedy: 'mend it; the journal beside it is not touched',
    });
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // it lives, and is another user's
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unknownLoop(name: string, names: readonly string[]): FoilError {
  const near = nearest(name, names);
  return new FoilError('unknown-loop', `there is no loop "${name}"`, {
    remedy: [
      ...(near ? [`did you mean "${near}"?`] : []),
      names.length > 0 ? `known: ${names.join(', ')}` : 'there is none yet: foil loop new NAME --help',
    ],
  });
}
