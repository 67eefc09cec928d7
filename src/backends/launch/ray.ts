import type { z } from 'zod';
import { isAbort } from '../../core/errors.ts';
import type { Job, JobHandle, Launcher } from '../../core/stage/launcher.ts';
import type { launcherKinds } from '../config/schema.ts';
import { handleOf, neverThrows, probe, stillThere, waitFor } from './attempt.ts';
import { readGpus } from './gpus.ts';
import { JOB_DIR, quote, writeJobFiles } from './job-folder.ts';
import { isOver, judge } from './judge.ts';
import { readPiece, thisMachine } from './machine.ts';
import { rayApi, type Submission } from './ray-api.ts';

export type RayConfig = Extract<z.output<typeof launcherKinds>, { kind: 'ray' }>;

/** Ray ends what it was told to stop after 3 s; a supervisor on a busy node takes longer. */
const ENDED_WITHIN_MS = 60_000;
const SAY_IT_IS_OVER_MS = 10_000;

/**
 * Jobs of a Ray cluster by its Jobs API over HTTP, with the run's folder on a file system that its nodes share. GPUs,
 * CPUs and memory are asked for as resources of the entrypoint: Ray picks the node, and says to the job which GPUs it got.
 * `key` is sent as a bearer token.
 */
export function rayLauncher(
  name: string,
  config: RayConfig,
  secrets: readonly string[] = [],
  key: string | null = null,
): Launcher {
  const machine = thisMachine(secrets);
  const api = rayApi(config.address, key);

  async function look(handle: JobHandle, signal: AbortSignal) {
    const evidence = await probe(machine, handle, signal);
    if (evidence.exit?.attempt === handle.attempt) return { evidence, answer: null };
    const answer = await api.ask(handle.job, signal);
    // it ended between the two questions
    return { answer, evidence: answer.kind === 'ended' ? await probe(machine, handle, signal) : evidence };
  }

  return {
    name,
    kind: 'ray',
    python: config.python ?? null,
    base: config.base ?? null,
    async submit(job, signal) {
      await writeJobFiles(job);
      const submission = submissionOf(job, config.resources);
      await api.submit(submission, signal);
      return handleOf('ray', name, job, job.folder, submission.submission_id);
    },
    report: (handle, signal) =>
      neverThrows(async () => {
        const { answer, evidence } = await look(handle, signal);
        return judge(handle.attempt, evidence, answer, 'Ray');
      }),
    read: (handle, file, from, limit) => readPiece(handle.folder, file, from, limit),
    async cancel(handle, graceMs, signal) {
      const over = async () => {
        const { answer, evidence } = await look(handle, signal);
        return isOver(handle.attempt, evidence, answer);
      };
      if (await over()) return;
      // Ray would kill 3 s after its TERM, and not all of it: the watcher beside the wrapper counts our grace, on whatever
      // node it is, and Ray is told afterwards
      await machine.ask('cancel', handle, [Math.ceil(graceMs / 1000)], signal);
      if ((await probe(machine, handle, signal)).never) {
        // it cannot run any more. Ray keeps a job that waits for resources until it has them (2.60: a stop reaches it no
        // earlier), and ends it then; whether it hears of that now makes no difference to anybody else
        await api.stop(handle.job, signal).catch((error: unknown) => {
          if (isAbort(error)) throw error;
        });
        return;
      }
      if (await waitFor(over, graceMs, signal)) return;
      await machine.ask('kill', handle, [], signal);
      if (await waitFor(over, SAY_IT_IS_OVER_MS, signal)) return;
      await api.stop(handle.job, signal);
      if (!(await waitFor(over, ENDED_WITHIN_MS, signal))) throw stillThere(handle);
    },
    collect: async () => undefined,
    async gpus(handle, signal) {
      const { status, host } = await probe(machine, handle, signal);
      return status?.host === host ? readGpus(machine, signal) : [];
    },
  };
}

/** The body of a submission. The id makes a second one of the same attempt an error of Ray's, and no second job. */
export function submissionOf(job: Job, resources: Readonly<Record<string, number>> | undefined): Submission {
  const { gpus, cpus, memoryGb } = job.resources;
  const script = `${job.folder}/${JOB_DIR}/job.sh`;
  return {
    entrypoint: ['sh', script, 'run', job.folder, String(job.attempt)].map(quote).join(' '),
    submission_id: `foil-${job.id}-${job.attempt}`,
    metadata: { foil_run: job.id, foil_attempt: String(job.attempt) },
    ...(gpus === 0 ? {} : { entrypoint_num_gpus: gpus }),
    ...(cpus === null ? {} : { entrypoint_num_cpus: cpus }),
    ...(memoryGb === null ? {} : { entrypoint_memory: Math.ceil(memoryGb * 1024 ** 3) }),
    ...(resources === undefined ? {} : { entrypoint_resources: { ...resources } }),
  };
}
