import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { type EngineState, engineStateSchema, PROTOCOL } from './protocol.ts';

/** Files of one engine. The host is part of the name, since home directories are shared between machines. */
export interface EngineFiles {
  readonly dir: string;
  readonly state: string;
  readonly log: string;
}

/** Where the engine for this base model keeps its files. `identity`: what engines must have in common to be shared. */
export function engineFiles(dir: string, model: string, identity = ''): EngineFiles {
  const hash = createHash('sha256')
    .update(`${hostname()}\0${resolve(model)}\0${identity}`)
    .digest('hex')
    .slice(0, 16);
  const stem = join(dir, `engine-${PROTOCOL}-${hash}`);
  return { dir, state: `${stem}.json`, log: `${stem}.log` };
}

/** The state that a running engine left; null if there is none or it is torn. */
export async function readState(file: string): Promise<EngineState | null> {
  try {
    return engineStateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/** Writes the state for the owner's eyes only, all at once. */
export async function writeState(file: string, state: EngineState): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(`${JSON.stringify(state)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

/** Removes the state unless another engine has written its own meanwhile. */
export async function removeState(file: string, instance: string): Promise<void> {
  if ((await readState(file))?.instance === instance) await rm(file, { force: true });
}

/** Makes the directory, closed to others. */
export async function ensurePrivateDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
}
