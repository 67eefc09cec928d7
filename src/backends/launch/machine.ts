import { open } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { FilePiece } from '../../core/stage/launcher.ts';
import { plainText } from '../../core/text/safe.ts';
import { diskError } from '../store/disk.ts';
import { jobScript } from './job-folder.ts';

/** One attempt of a run, in its folder on the machine that is asked. */
export interface Place {
  readonly folder: string;
  readonly attempt: number;
}

export type Verb = 'launch' | 'probe' | 'cancel' | 'kill' | 'read' | 'prepare';

/** Where the wrapper's verbs can be said: this machine, or one that ssh reaches. */
export interface Machine {
  /** What a verb of job.sh prints. @throws FoilError where the machine cannot be reached or the verb fails. */
  ask(verb: Verb, place: Place, args: readonly (string | number)[], signal: AbortSignal): Promise<Uint8Array>;
  /** The output of a command, or null if it is not there, fails, or cannot be reached. */
  tryRun(command: readonly string[], signal: AbortSignal): Promise<string | null>;
}

/** A machine may be busy training on all its cores; a verb takes milliseconds on an idle one. */
export const ASK_TIMEOUT_MS = 60_000;
const TRY_TIMEOUT_MS = 10_000;

/** job.sh's exit code for: whether it happened is not known. */
const UNKNOWN = 75;

/** This machine. `secrets` are variables that no child sees: keys of services that training does not call. */
export function thisMachine(secrets: readonly string[]): Machine {
  return {
    async ask(verb, place, args, signal) {
      const { execa } = await import('execa');
      const result = await execa(
        'sh',
        ['-c', await jobScript(), 'job.sh', verb, place.folder, String(place.attempt), ...args.map(String)],
        {
          reject: false,
          encoding: 'buffer',
          stripFinalNewline: false,
          stdin: 'ignore',
          env: without(secrets),
          cancelSignal: signal,
          timeout: ASK_TIMEOUT_MS,
          maxBuffer: Number.POSITIVE_INFINITY,
        },
      );
      signal.throwIfAborted();
      if (result.exitCode === 0) return result.stdout;
      throw verbFailure(
        verb,
        place,
        result.timedOut ? UNKNOWN : result.exitCode,
        tail(result.stderr) || result.originalMessage || '',
      );
    },
    async tryRun([file = '', ...args], signal) {
      const { execa } = await import('execa');
      const result = await execa(file, args, {
        reject: false,
        stdin: 'ignore',
        cancelSignal: signal,
        timeout: TRY_TIMEOUT_MS,
      });
      signal.throwIfAborted();
      return result.exitCode === 0 ? result.stdout : null;
    },
  };
}

/** Undefined takes a variable out of what execa hands on. */
export function without(names: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** What job.sh's exit codes mean. */
export function verbFailure(verb: Verb, place: Place, code: number | undefined, said: string): FoilError {
  const where = { file: place.folder };
  const text = said === '' ? '' : `: ${said}`;
  switch (code) {
    case 72:
      return new FoilError('no-run-folder', `the run's folder is not there${text}`, {
        where,
        remedy: 'submit it again',
      });
    case 73:
      return new FoilError('not-permitted', `the run's folder cannot be written${text}`, {
        where,
        remedy: 'check its owner and permissions, and the space on its disk',
      });
    case 74:
      return new FoilError('disk-full', `the job did not start: no space left on the disk of its machine${text}`, {
        where,
        remedy: 'free some space there, then start the run again',
      });
    case UNKNOWN:
      return new FoilError('launch-unknown', `whether the job started is not known${text}`, {
        where,
        remedy: 'submit it again: the same attempt never runs twice',
      });
    default:
      return new FoilError(
        'launch-failed',
        `the machine of the job failed at "${verb}" (code ${code ?? 'none'})${text}`,
        {
          where,
          remedy: 'a POSIX shell with the usual tools is needed there (awk, sed, grep, tail, head, cut)',
        },
      );
  }
}

/** The last words of a program for an error: other machines' text is as hostile as a model's. */
export function tail(output: string | Uint8Array | undefined): string {
  const text = typeof output === 'string' ? output : new TextDecoder().decode(output ?? new Uint8Array());
  return plainText(text.trim().split('\n').slice(-3).join(' ')).slice(-400);
}

/** A name within a run's folder. */
export function checkFile(file: string): void {
  if (!isAbsolute(file) && !file.split('/').includes('..') && !file.includes('\0')) return;
  throw new FoilError('bad-path', `"${file.slice(0, 100)}" is not in the run's folder`, {
    remedy: "name a file of the run by its path from the run's folder",
  });
}

/** A piece of a file in a folder that this machine sees; an empty one if the file is not there. */
export async function readPiece(folder: string, file: string, from: number, limit: number): Promise<FilePiece> {
  checkFile(file);
  const path = join(folder, file);
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const bytes = new Uint8Array(Math.max(0, Math.min(limit, size - from)));
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, from + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { bytes: bytes.subarray(0, length), next: from + length, size };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: new Uint8Array(), next: from, size: 0 };
    throw diskError(error, path);
  }
}
