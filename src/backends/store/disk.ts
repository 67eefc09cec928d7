import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import lockfile from 'proper-lockfile';
import { FoilError } from '../../core/errors.ts';

/** A name that becomes part of a file name: no path, no hidden file, the same on every system. */
export function checkName(name: string, what: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u.test(name)) return;
  throw new FoilError('bad-name', `"${name.slice(0, 100)}" cannot be the name of a ${what}`, {
    remedy: 'use up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first',
  });
}

/** A file system error in words that help; anything else is passed on. */
export function diskError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const known: Record<string, [string, string, string]> = {
    ENOSPC: ['disk-full', 'there is no space left on the disk', 'free some space, then repeat the last step'],
    EDQUOT: ['disk-full', 'your disk quota is used up', 'free some space, then repeat the last step'],
    EACCES: ['not-permitted', 'the file may not be used', 'check its owner and permissions'],
    EPERM: ['not-permitted', 'the file may not be used', 'check its owner and permissions'],
    EROFS: ['not-permitted', 'the file system is read-only', 'use another folder'],
    ENOENT: ['no-folder', 'there is no such folder', 'make the folder, or correct the path'],
    ENOTDIR: ['no-folder', 'a part of the path is a file, not a folder', 'correct the path'],
    EISDIR: ['is-folder', 'this is a folder, not a file', 'name a file, or move the folder away'],
  };
  const entry = code === undefined ? undefined : known[code];
  return entry ? new FoilError(entry[0], entry[1], { where: { file }, remedy: entry[2], cause: error }) : error;
}

/** How long a lock outlives a process that was killed while it held it; its mtime is renewed each second. */
const LOCK_STALE_MS = 3000;
const LOCK_WAIT_MS = 100;
/** Longer than LOCK_STALE_MS, so that a dead process's lock is always taken over. */
const LOCK_TRIES = 60;

/** The last writer of each file in this process: they queue here instead of polling the lock against each other. */
const writers = new Map<string, Promise<unknown>>();

/**
 * Runs `write` as the only writer of `file` on this machine. A lock left behind by a killed process is taken over after
 * LOCK_STALE_MS; one of a live process gives FoilError `locked` after some seconds. Readers need no lock.
 */
export function withLock<T>(file: string, write: () => Promise<T>): Promise<T> {
  const path = resolve(file);
  const turn = (writers.get(path) ?? Promise.resolve()).then(() => lockAndRun(path, write));
  const settled = turn.catch(() => undefined);
  writers.set(path, settled);
  void settled.then(() => {
    if (writers.get(path) === settled) writers.delete(path);
  });
  return turn;
}

/** Takes the lock of a file as `withLock` does, to be given back later. */
export async function holdLock(file: string): Promise<{ release: () => Promise<void> }> {
  const over = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const whole = withLock(file, async () => {
    taken.resolve();
    await over.promise;
  });
  whole.catch(taken.reject);
  await taken.promise;
  return {
    release: async () => {
      over.resolve();
      await whole;
    },
  };
}

/** Whether somebody on this machine holds the lock of a file. */
export async function isHeld(file: string): Promise<boolean> {
  return await lockfile.check(file, { realpath: false, stale: LOCK_STALE_MS }).catch(() => false);
}

async function lockAndRun<T>(file: string, write: () => Promise<T>): Promise<T> {
  let release: () => Promise<void>;
  try {
    await mkdir(dirname(file), { recursive: true });
    release = await lockfile.lock(file, {
      realpath: false,
      stale: LOCK_STALE_MS,
      update: 1000,
      retries: { retries: LOCK_TRIES, factor: 1, minTimeout: LOCK_WAIT_MS, maxTimeout: LOCK_WAIT_MS },
      // Losing the lock is harmless: a batch is one write at the end of the file, and a document is one rename.
      onCompromised: () => undefined,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw diskError(error, file);
    throw new FoilError('locked', 'another process is writing to this file', {
      where: { file },
      remedy: ['wait until it is done, or end the other foil', `if there is none, remove the folder ${file}.lock`],
    });
  }
  try {
    return await write();
  } catch (error) {
    throw diskError(error, file);
  } finally {
    await release().catch(() => undefined);
  }
}

/**
 * Adds records to a JSONL file, whole and on the disk when the promise resolves. If the file ends in the middle of a
 * line, the records start on a new one: what is there is never cut or changed. Call it inside `withLock`.
 */
export async function appendRecords(file: string, records: readonly unknown[]): Promise<void> {
  if (records.length === 0) return;
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const start = size > 0 && last[0] !== 10 ? '\n' : '';
    await handle.appendFile(`${start}${records.map((record) => `${JSON.stringify(record)}\n`).join('')}`, 'utf8');
    await handle.datasync();
    if (size === 0) await syncFolder(dirname(file));
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file whole or not at all: whatever stops it leaves what was there before. What is no regular file, such as
 * `/dev/stdout` or a named pipe, is written to as it is. Throws FoilError for what the file system refuses.
 */
export async function replaceFile(file: string, parts: Iterable<string>): Promise<void> {
  const special = (await stat(file).catch(() => null))?.isFile() === false;
  const target = special ? file : `${file}.${process.pid}.partial`;
  try {
    const handle = await open(target, 'w');
    try {
      await handle.writeFile(parts);
      if (!special) await handle.sync();
    } finally {
      await handle.close();
    }
    if (!special) await rename(target, file);
  } catch (error) {
    if (!special) await rm(target, { force: true }).catch(() => undefined);
    throw diskError(error, file);
  }
}

/** A new file is only found again after a power cut if its folder is on the disk too. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
