import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { Job, JobHandle, Launcher } from '../../core/stage/launcher.ts';
import type { launcherKinds } from '../config/schema.ts';
import { withLock } from '../store/disk.ts';
import { handleOf, neverThrows, probe, stillThere, waitFor } from './attempt.ts';
import { readGpus } from './gpus.ts';
import { JOB_DIR, writeJobFiles } from './job-folder.ts';
import { isOver, judge, type SchedulerAnswer } from './judge.ts';
import { readPiece, thisMachine } from './machine.ts';
import { askSlurm, findByName, type SlurmClient, slurmClient, unreachable } from './slurm-client.ts';

export type SlurmConfig = Extract<z.output<typeof launcherKinds>, { kind: 'slurm' }>;

const ENDED_WITHIN_MS = 60_000;

/**
 * Jobs of a Slurm whose client programs are on this machine, with the run's folder on a file system that its nodes share.
 * Where the job goes is said by `args`, which are handed to sbatch as they stand, after what the run itself asks for.
 * The wrapper runs on the first node: a gang's command starts the others with srun; of an array, one task runs it.
 */
export function slurmLauncher(name: string, config: SlurmConfig, secrets: readonly string[] = []): Launcher {
  const machine = thisMachine(secrets);
  const slurm = slurmClient(secrets);

  /** Slurm's word on the job that holds the attempt, which another submission's job may. */
  async function look(handle: JobHandle, signal: AbortSignal) {
    const evidence = await probe(machine, handle, signal);
    const id = evidence.status?.attempt === handle.attempt ? (evidence.status.job ?? handle.job) : handle.job;
    // what the wrapper wrote needs no confirmation; but why it was sent a signal, only Slurm knows (memory, time limit)
    const exit = evidence.exit?.attempt === handle.attempt ? evidence.exit : null;
    const answer: SchedulerAnswer | null =
      exit && (exit.signal === null || evidence.cancel) ? null : await askSlurm(slurm, id, signal);
    // it ended between the two questions
    if (answer?.kind === 'ended') return { id, answer, evidence: await probe(machine, handle, signal) };
    return { id, answer, evidence };
  }

  return {
    name,
    kind: 'slurm',
    python: config.python ?? null,
    base: config.base ?? null,
    submit(job, signal) {
      return withLock(join(job.folder, JOB_DIR, 'submit'), async () => {
        await writeJobFiles(job);
        const id =
          (await submitted(job)) ?? (await adopt(slurm, job, signal)) ?? (await sbatch(slurm, config, job, signal));
        await remember(job, id);
        return handleOf('slurm', name, job, job.folder, id);
      });
    },
    report: (handle, signal) =>
      neverThrows(async () => {
        const { answer, evidence } = await look(handle, signal);
        return judge(handle.attempt, evidence, answer, 'Slurm');
      }),
    read: (handle, file, from, limit) => readPiece(handle.folder, file, from, limit),
    async cancel(handle, graceMs, signal) {
      const over = async () => {
        const { answer, evidence } = await look(handle, signal);
        return isOver(handle.attempt, evidence, answer);
      };
      const { id, answer, evidence } = await look(handle, signal);
      if (isOver(handle.attempt, evidence, answer)) return;
      await machine.ask('cancel', handle, [Math.ceil(graceMs / 1000)], signal);
      if (answer?.kind === 'running') {
        // only the wrapper, which passes it on: a plain scancel would kill after the cluster's own grace. The watcher
        // beside the wrapper does the same when it sees the file, so that a controller that is away stops nothing.
        if (evidence.process === 'elsewhere') {
          const told = join(handle.folder, JOB_DIR, `told-${handle.attempt}`);
          await mkdir(told, { recursive: true });
          const asked = await slurm.run('scancel', ['--batch', '--signal=TERM', id], signal);
          if (asked.code !== 0) await rm(told, { recursive: true, force: true });
        }
        if (await waitFor(over, graceMs, signal)) return;
        await machine.ask('kill', handle, [], signal);
        await waitFor(over, 1000, signal);
      }
      const result = await slurm.run('scancel', [id], signal);
      if (result.code !== 0 && !(await over())) throw unreachable('scancel', result);
      if (!(await waitFor(over, ENDED_WITHIN_MS, signal))) throw stillThere(handle);
    },
    collect: async () => undefined,
    async gpus(handle, signal) {
      const { status, host } = await probe(machine, handle, signal);
      return status?.host === host ? readGpus(machine, signal) : [];
    },
  };
}

/** Both the name that a submitter looks for after a crash, and what `squeue` shows to people. */
function jobName(job: Job): string {
  return `foil-${job.id}-${job.attempt}`;
}

function idFile(job: Job): string {
  return join(job.folder, JOB_DIR, `slurm-${job.attempt}`);
}

async function submitted(job: Job): Promise<string | null> {
  const text = await readFile(idFile(job), 'utf8').catch(() => '');
  return /^\d+$/.test(text.trim()) ? text.trim() : null;
}

/** A submission that died between sbatch and its note of the id. Without an answer nothing is submitted twice. */
async function adopt(slurm: SlurmClient, job: Job, signal: AbortSignal): Promise<string | null> {
  const begun = `${idFile(job)}.begun`;
  const earlier = await readFile(begun, 'utf8').then(
    () => true,
    () => false,
  );
  if (earlier) return findByName(slurm, jobName(job), job.folder, signal);
  await writeFile(begun, '');
  return null;
}

async function remember(job: Job, id: string): Promise<void> {
  const file = idFile(job);
  await mkdir(join(job.folder, JOB_DIR), { recursive: true });
  await writeFile(`${file}.new`, `${id}\n`, { flush: true });
  await link(`${file}.new`, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(`${file}.new`, { force: true });
}

async function sbatch(slurm: SlurmClient, config: SlurmConfig, job: Job, signal: AbortSignal): Promise<string> {
  const { args, script } = sbatchCommand(config.args, job);
  const result = await slurm.run('sbatch', [...args, ...script], signal);
  // `id;cluster` on federated sites
  const id = /^(\d+)(?:;.*)?$/m.exec(result.stdout)?.[1];
  if (result.code === 0 && id !== undefined) return id;
  if (result.unreachable) throw unreachable('sbatch', result);
  await rm(`${idFile(job)}.begun`, { force: true });
  throw new FoilError(
    'slurm-refused',
    `Slurm refused the job: ${result.stderr || `sbatch ended with ${result.code}`}`,
    {
      remedy: [
        'correct "args" of the launcher in foil.yaml, or what the run asks for',
        'try the same by hand: sbatch --test-only',
      ],
    },
  );
}

/** What sbatch is told. The user's own options come last, where they win. */
export function sbatchCommand(own: readonly string[], job: Job): { args: string[]; script: string[] } {
  const { gpus, cpus, memoryGb, hours } = job.resources;
  const says = (...options: string[]) =>
    own.some((arg) =>
      options.some((option) => arg === option || arg.startsWith(option.startsWith('--') ? `${option}=` : option)),
    );
  return {
    args: [
      '--parsable',
      `--job-name=${jobName(job)}`,
      `--chdir=${job.folder}`,
      `--output=${job.folder.replaceAll('%', '%%')}/${JOB_DIR}/slurm-%j.log`,
      // a job that is queued again would find its attempt taken
      '--no-requeue',
      // GPUs can be asked for in several ways, which add up
      ...(gpus === 0 || says('--gres', '--gpus', '-G', '--gpus-per-node', '--gpus-per-task', '--gpus-per-socket')
        ? []
        : [`--gres=gpu:${gpus}`]),
      ...(cpus === null ? [] : [`--cpus-per-task=${cpus}`]),
      ...(memoryGb === null || says('--mem-per-cpu', '--mem-per-gpu') ? [] : [`--mem=${Math.ceil(memoryGb * 1024)}M`]),
      ...(hours === null ? [] : [`--time=${Math.max(1, Math.ceil(hours * 60))}`]),
      ...own,
    ],
    script: [join(job.folder, JOB_DIR, 'job.sh'), 'run', job.folder, String(job.attempt)],
  };
}
