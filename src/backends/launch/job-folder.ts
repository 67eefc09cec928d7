import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FoilError } from '../../core/errors.ts';
import type { Job } from '../../core/stage/launcher.ts';
import { checkName, diskError } from '../store/disk.ts';

/** Subfolder of a run's folder for what only launchers read: the wrapper, the commands, claims and cancels. */
export const JOB_DIR = 'job';

/** What the job or the interface writes into a run's folder: never sent to a machine over what is there. */
export const WRITTEN_BY_JOB = ['events.jsonl', 'log.txt', 'status.json', 'heartbeat', 'exit.json', 'output'] as const;

/** Beside this file in a development run, beside the bundle in an installed one. */
const PARTS = ['./job-look.sh', './job-run.sh', './job-ask.sh'];

let script: Promise<string> | undefined;

/** The text of the wrapper, job.sh: it stands in each run's folder, and is said to machines whose folders are not here. */
export function jobScript(): Promise<string> {
  script ??= Promise.all(PARTS.map((part) => readFile(fileURLToPath(new URL(part, import.meta.url)), 'utf8'))).then(
    (parts) => parts.join('\n'),
  );
  return script;
}

/** An argument for a POSIX shell; csh and fish read it alike, unless it holds quotes, `!` or line ends. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Puts the wrapper and the attempt's command into the run's folder. What an earlier submission of the same attempt put
 * there stays: it may be running. Both files come into being whole.
 * @throws FoilError `bad-name`, `bad-job`, `disk-full`, `not-permitted`, `no-run-folder`.
 */
export async function writeJobFiles(job: Job): Promise<void> {
  checkName(job.id, 'run');
  checkJob(job);
  const dir = join(job.folder, JOB_DIR);
  const lines = Object.entries(job.env).map(([name, value]) => `export ${name}=${quote(value)}`);
  const command = `${[...lines, `exec ${job.argv.map(quote).join(' ')}`].join('\n')}\n`;
  const mark = `.${process.pid}-${randomBytes(4).toString('hex')}`;
  const temporary = { script: join(dir, `job.sh${mark}`), command: join(dir, `attempt${mark}`) };
  if (!existsSync(job.folder)) {
    throw new FoilError('no-run-folder', `the folder of run ${job.id} is gone`, {
      where: { file: job.folder },
      remedy: 'create the run again',
    });
  }
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(temporary.script, await jobScript());
    await rename(temporary.script, join(dir, 'job.sh'));
    await writeFile(temporary.command, command);
    await link(temporary.command, join(dir, `attempt-${job.attempt}.sh`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw diskError(error, dir);
  } finally {
    await Promise.all(Object.values(temporary).map((file) => rm(file, { force: true }).catch(() => undefined)));
  }
}

function checkJob(job: Job): void {
  const wrong =
    job.argv.length === 0
      ? 'it has no command'
      : !Number.isSafeInteger(job.attempt) || job.attempt < 1
        ? `its attempt is ${job.attempt}, and counts from 1`
        : [...job.argv, ...Object.values(job.env)].some((text) => text.includes('\0'))
          ? 'its command holds a NUL character'
          : Object.keys(job.env).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong === undefined) return;
  throw new FoilError('bad-job', `run ${job.id} cannot be started: ${wrong}`, { remedy: 'correct the run' });
}
