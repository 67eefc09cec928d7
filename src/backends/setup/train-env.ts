import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { userDirs } from './dirs.ts';
import { installRoot } from './root.ts';

export const deviceSchema = z.enum(['cpu', 'cuda']);
export type Device = z.infer<typeof deviceSchema>;

/** What stands in `.complete`, the last file that a build writes: without it an environment is unfinished. */
const markSchema = z.object({
  requirements: z.string(),
  python: z.string(),
  device: deviceSchema,
  built: z.string(),
  packages: z.record(z.string(), z.string()),
});
type Mark = z.infer<typeof markSchema>;

/** A Python environment that the training stages run in. */
export interface TrainEnv extends Mark {
  readonly dir: string;
  /** The interpreter to start. */
  readonly executable: string;
}

/** What a build tells while it runs: the step begun, what its program prints, and things to know. */
export type BuildEvent =
  | { readonly type: 'step'; readonly index: number; readonly of: number; readonly title: string }
  | { readonly type: 'line'; readonly text: string }
  | { readonly type: 'notice'; readonly text: string };

export const MARK = '.complete';

/** The pinned packages of the training stages, and the sha256 that environments are keyed by. */
export async function readRequirements(file?: string): Promise<{ file: string; text: string; sha256: string }> {
  const path = file ?? join(installRoot(), 'python', 'requirements.txt');
  try {
    const text = await readFile(path, 'utf8');
    return { file: path, text, sha256: createHash('sha256').update(text).digest('hex') };
  } catch (cause) {
    throw new FoilError('broken-install', 'the list of training packages cannot be read', {
      where: { file: path },
      remedy: 'install Foil again: clone it and run `npm ci`',
      cause,
    });
  }
}

/** Where environments stand: `dir`, or a folder of the user's cache. */
export function environmentsDir(dir?: string): string {
  return dir === undefined ? join(userDirs().cache, 'python') : resolve(dir);
}

/** One environment per set of packages, Python minor version and device, so that none is ever changed in place. */
export function environmentDir(base: string, requirements: string, python: string, device: Device): string {
  const minor = python.split('.').slice(0, 2).join('.');
  const key = createHash('sha256').update(`${requirements}\n${minor}\n${device}`).digest('hex').slice(0, 12);
  return join(base, `train-${key}`);
}

export function executableIn(dir: string): string {
  return process.platform === 'win32' ? join(dir, 'Scripts', 'python.exe') : join(dir, 'bin', 'python');
}

/** The environment in `dir` if it is complete and its interpreter is still there (its base Python may be gone). */
export async function readEnvironment(dir: string): Promise<TrainEnv | null> {
  const executable = executableIn(dir);
  if (!existsSync(executable)) return null;
  try {
    const mark = markSchema.parse(JSON.parse(await readFile(join(dir, MARK), 'utf8')));
    return { ...mark, dir, executable };
  } catch {
    return null;
  }
}

/**
 * The environment that fits this version of Foil, newest first, on any device or the given one; null if none is
 * complete. Starts nothing.
 */
export async function findTrainEnv(
  options: { dir?: string; device?: Device; requirements?: string } = {},
): Promise<TrainEnv | null> {
  const { sha256 } = await readRequirements(options.requirements);
  const base = environmentsDir(options.dir);
  const names = await readdir(base).catch(() => []);
  const all = await Promise.all(
    names.filter((name) => name.startsWith('train-')).map((name) => readEnvironment(join(base, name))),
  );
  const fitting = all.filter(
    (env) => env !== null && env.requirements === sha256 && (options.device ?? env.device) === env.device,
  );
  return fitting.toSorted((a, b) => b!.built.localeCompare(a!.built))[0] ?? null;
}
