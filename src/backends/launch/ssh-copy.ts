import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../store/disk.ts';
import { JOB_DIR, quote, WRITTEN_BY_JOB } from './job-folder.ts';
import { tail } from './machine.ts';
import type { SshMachine } from './ssh-machine.ts';

/** The interface's own files in a run's folder, which no machine needs; and what the launcher keeps there of this side. */
const OURS = ['run.json', 'run.json.lock', `${JOB_DIR}/submit`, `${JOB_DIR}/submit.lock`];

/** Brings a run's inputs there: all but what the job writes, so that a resumed run finds there what it left. */
export async function bring(
  machine: SshMachine,
  from: string,
  to: string,
  rsyncThere: boolean,
  signal: AbortSignal,
): Promise<void> {
  const left = [...WRITTEN_BY_JOB, ...OURS];
  const route = [`${from}/`, `${machine.destination}:${to}/`] as const;
  if (rsyncThere && (await hasRsync(signal)) && (await rsync(machine, left, route, signal))) return;
  await pipe(
    ['tar', '-C', from, ...left.map((name) => `--exclude=./${name}`), '-czf', '-', '.'],
    [...machine.command, '--', machine.destination, `exec tar -C ${quote(to)} -xzf -`],
    machine,
    signal,
  );
}

/** Brings back what the job wrote. What is here is replaced file by file, by whole files. */
export async function fetchFolder(
  machine: SshMachine,
  from: string,
  to: string,
  rsyncThere: boolean,
  signal: AbortSignal,
): Promise<void> {
  const left = ['inputs', 'spec.json', JOB_DIR, ...OURS];
  const route = [`${machine.destination}:${from}/`, `${to}/`] as const;
  if (rsyncThere && (await hasRsync(signal)) && (await rsync(machine, left, route, signal))) return;
  // a line that is cut must leave nothing half-written under a final name
  const staging = await mkdtemp(join(to, '.collect-')).catch((error) => Promise.reject(diskError(error, to)));
  try {
    const excluded = left.map((name) => quote(`--exclude=./${name}`)).join(' ');
    await pipe(
      [...machine.command, '--', machine.destination, `exec tar -C ${quote(from)} ${excluded} -czf - .`],
      ['tar', '-C', staging, '-xzf', '-'],
      machine,
      signal,
    );
    await cp(staging, to, { recursive: true, force: true, preserveTimestamps: true });
  } catch (error) {
    throw diskError(error, to);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function hasRsync(signal: AbortSignal): Promise<boolean> {
  const { execa } = await import('execa');
  const { exitCode } = await execa('rsync', ['--version'], { reject: false, stdin: 'ignore', cancelSignal: signal });
  signal.throwIfAborted();
  return exitCode === 0;
}

/** What rsync says of options or versions that do not fit: two implementations bear its name. Then tar does it. */
const NO_FIT = [1, 2, 4];
/** What it says of a line that was cut: its own codes for that, and ssh's. */
const CUT = [10, 12, 30, 35, 255];

/** False if the two rsyncs do not fit. */
async function rsync(
  machine: SshMachine,
  left: readonly string[],
  [from, to]: readonly [string, string],
  signal: AbortSignal,
): Promise<boolean> {
  const { execa } = await import('execa');
  const shell = machine.command.map(rsyncWord).join(' ');
  // a link of the run's folder is followed: what it leads to may not be there
  const args = ['-rLptz', '-s', ...left.map((name) => `--exclude=/${name}`), '-e', shell, from, to];
  const result = await execa('rsync', args, {
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    env: machine.env,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const { exitCode } = result;
  if (exitCode === 0) return true;
  if (exitCode !== undefined && NO_FIT.includes(exitCode)) return false;
  throw machine.failure(exitCode === undefined || CUT.includes(exitCode) ? 255 : exitCode, tail(result.stderr));
}

/** rsync splits its -e at blanks; quotes hold words together there, and a doubled one stands for itself. */
function rsyncWord(word: string): string {
  return /[\s'"]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word;
}

/** Two programs, the output of the first read by the second; both have to end well. */
async function pipe(
  first: readonly string[],
  second: readonly string[],
  machine: SshMachine,
  signal: AbortSignal,
): Promise<void> {
  const { execa } = await import('execa');
  const options = { reject: false, env: machine.env, cancelSignal: signal, buffer: { stdout: false } } as const;
  const source = execa(first[0] ?? '', first.slice(1), { ...options, stdin: 'ignore', encoding: 'buffer' });
  const sink = source.pipe(second[0] ?? '', second.slice(1), options);
  const results = await Promise.all([source, sink]);
  signal.throwIfAborted();
  // the one that failed because the other did says less
  const failed =
    results.find(({ exitCode }) => exitCode !== 0 && exitCode !== undefined) ?? results.find((r) => r.failed);
  if (failed) throw machine.failure(failed.exitCode, tail(failed.stderr));
}
