import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { launcherKinds } from '../config/schema.ts';
import { jobScript, quote } from './job-folder.ts';
import { ASK_TIMEOUT_MS, type Machine, tail, verbFailure, without } from './machine.ts';

export type SshConfig = Extract<z.output<typeof launcherKinds>, { kind: 'ssh' }>;

/** A machine behind ssh. */
export interface SshMachine extends Machine {
  /** What errors call it. */
  readonly title: string;
  /** Where rsync and ssh go: `user@host`. */
  readonly destination: string;
  /** `ssh` with its options, less the destination. */
  readonly command: readonly string[];
  /** Options of execa for whatever runs ssh. */
  readonly env: Record<string, undefined>;
  /** The error for a program that ssh carried: what ssh said if it could not connect. */
  failure(code: number | undefined, said: string): FoilError;
}

const CONNECT_SECONDS = 15;

/** ssh's own code for "not connected", or "cut". */
const NO_LINE = 255;

/**
 * Never asks anything (BatchMode), and gives up on a dead line within a minute. With `known_hosts`, that file alone says
 * which host is the right one; without it, the user's own ssh settings do. With `share`, one connection serves all
 * questions for a minute after the last one.
 */
export function sshMachine(config: SshConfig, secrets: readonly string[]): SshMachine {
  const destination = config.user === undefined ? config.host : `${config.user}@${config.host}`;
  const control = config.share ? controlPath(config) : null;
  const options = [
    'BatchMode=yes',
    `ConnectTimeout=${CONNECT_SECONDS}`,
    'ServerAliveInterval=15',
    'ServerAliveCountMax=3',
    'ForwardAgent=no',
    'ClearAllForwardings=yes',
    'LogLevel=ERROR',
    ...(config.known_hosts === undefined
      ? []
      : [`UserKnownHostsFile="${config.known_hosts}"`, 'GlobalKnownHostsFile=/dev/null', 'StrictHostKeyChecking=yes']),
    ...(config.identity === undefined ? [] : ['IdentitiesOnly=yes']),
    ...(control !== null
      ? ['ControlMaster=auto', `ControlPath=${control}`, 'ControlPersist=60']
      : ['ControlMaster=no', 'ControlPath=none']),
  ];
  const command = [
    'ssh',
    '-T',
    ...options.flatMap((option) => ['-o', option]),
    ...(config.identity === undefined ? [] : ['-i', config.identity]),
    ...(config.port === undefined ? [] : ['-p', String(config.port)]),
  ];
  const title = config.port === undefined ? destination : `${destination}:${config.port}`;
  const env = without(secrets);

  const failure = (code: number | undefined, said: string) =>
    new FoilError(
      code === NO_LINE || code === undefined ? 'unreachable' : 'launch-failed',
      `${title} ${code === NO_LINE || code === undefined ? 'cannot be reached' : `failed (code ${code})`}${said ? `: ${said}` : ''}`,
      {
        remedy: [
          `try it by hand: ssh ${config.port === undefined ? '' : `-p ${config.port} `}${destination} true`,
          'keys and host keys must be in place: Foil answers no questions of ssh (BatchMode)',
        ],
      },
    );

  /** Runs one command line there. */
  async function over(line: string, input: string | null, timeout: number, signal: AbortSignal) {
    const { execa } = await import('execa');
    const [file = 'ssh', ...args] = command;
    const result = await execa(file, [...args, '--', destination, line], {
      ...(input === null ? { stdin: 'ignore' as const } : { input }),
      reject: false,
      encoding: 'buffer',
      stripFinalNewline: false,
      env,
      cancelSignal: signal,
      timeout,
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    signal.throwIfAborted();
    return result;
  }

  return {
    title,
    destination,
    command,
    env,
    failure,
    async ask(verb, place, args, signal) {
      // the script comes by the line, whatever stands in the folder there; the login shell sees one plain word of it
      const words = [verb, place.folder, String(place.attempt), ...args.map(String)].map(quote);
      const line = `exec sh -c 'eval "$(cat)"' job.sh ${words.join(' ')}`;
      const result = await over(line, await jobScript(), ASK_TIMEOUT_MS, signal);
      if (result.exitCode === 0) return result.stdout;
      const said = tail(result.stderr) || (result.timedOut ? 'no answer' : (result.originalMessage ?? ''));
      if (result.exitCode === undefined || result.exitCode === NO_LINE) throw failure(result.exitCode, said);
      throw verbFailure(verb, place, result.exitCode, said);
    },
    async tryRun(words, signal) {
      const result = await over(`exec ${words.map(quote).join(' ')}`, null, ASK_TIMEOUT_MS, signal);
      return result.exitCode === 0 ? new TextDecoder().decode(result.stdout) : null;
    },
  };
}

/**
 * A socket in a short path (some 100 bytes are all it may have). Null, and no connection is shared, if somebody else made
 * the folder, or can enter it.
 */
function controlPath(config: SshConfig): string | null {
  const { uid } = userInfo();
  const dir = join(tmpdir(), `foil-ssh-${uid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir);
  if (!found.isDirectory() || (found.uid !== uid && uid !== -1) || (found.mode & 0o077) !== 0) return null;
  return join(dir, createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 12));
}
