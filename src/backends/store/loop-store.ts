import { mkdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Low } from 'lowdb';
import { TextFile } from 'lowdb/node';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { loopRecordSchema } from '../../core/workflows/loop/journal.ts';
import { loopSchema } from '../../core/workflows/loop/settings.ts';
import type { LoopStore } from '../../core/workflows/loop/types.ts';
import { isAlive } from '../system.ts';
import { isHeld, replaceFile, withLock } from './disk.ts';
import { validate } from './records.ts';
import { settingsFolders } from './settings-folders.ts';

const SETTINGS = 'loop.json';
const JOURNAL = 'journal.jsonl';
const HOLDER = 'holder.json';

/** `holder.json`: who runs a loop. It counts only while the lock is held, so one that a killed process left says nothing. */
const holderSchema = z.object({ pid: z.number().int(), host: z.string(), since: z.string() });

/**
 * Loops in a folder, one folder each: `loop.json`, which people edit, and `journal.jsonl`, which is only ever added to.
 * `onProblem` is told of a line of a journal whose write was interrupted.
 */
export function openLoopStore(dir: string, onProblem: (problem: FoilError) => void = () => {}): LoopStore {
  const { file, list, load, read, hold } = settingsFolders(
    resolve(dir),
    {
      what: 'loop',
      settings: { file: SETTINGS, schema: loopSchema },
      journal: { file: JOURNAL, schema: loopRecordSchema },
      remedies: {
        mend: 'mend it; the journal beside it is not touched',
        renamed: 'its models and corpora are named after it: give the folder that name again',
        none: 'there is none yet: foil loop new NAME --help',
      },
    },
    onProblem,
  );
  /** A process that was killed holds nothing, though its lock is there for some seconds more. */
  const holder = async (name: string): Promise<string | null> => {
    if (!(await isHeld(file(name, JOURNAL)))) return null;
    const text = await readFile(file(name, HOLDER), 'utf8').catch(() => '');
    const known = holderSchema.safeParse(jsonOrNull(text)).data;
    if (!known) return 'another process';
    if (known.host === hostname() && !isAlive(known.pid)) return null;
    return `process ${known.pid} on ${known.host}`;
  };
  return {
    ...{ list, load, read, holder },
    async create(settings) {
      const path = file(settings.name, SETTINGS);
      const checked = validate(loopSchema, settings, { file: path });
      await mkdir(dirname(path), { recursive: true });
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
    held: async (name) => (await holder(name)) !== null,
    hold: (name) =>
      hold(name, async () => {
        const path = file(name, HOLDER);
        const own = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
        await replaceFile(path, [`${JSON.stringify(own)}\n`]);
        return () => rm(path, { force: true });
      }),
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
