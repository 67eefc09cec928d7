import { z } from 'zod';
import type { SchedulerAnswer } from './judge.ts';

/** A job, or one task of an array, as one of Slurm's programs tells of it. */
export interface SlurmJob {
  /** Its own id first, then that of the array that it is a task of. */
  readonly ids: readonly string[];
  readonly name: string | null;
  readonly folder: string | null;
  /** As Slurm spells it: RUNNING, OUT_OF_MEMORY. */
  readonly state: string;
  readonly reason: string | null;
  readonly code: number | null;
  readonly signal: number | null;
  /** Seconds since 1970. */
  readonly ended: number | null;
}

/** Numbers are bare until 23.02, then `{set, infinite, number}`. */
const numberSchema = z
  .union([
    z.number(),
    z.object({ set: z.boolean().optional(), number: z.number() }).transform((n) => (n.set === false ? null : n.number)),
  ])
  .nullish()
  .catch(null);

/** A raw wait status in 22.05; code and signal by name in newer ones. */
const exitSchema = z
  .union([
    z.number().transform((status) => ({ code: (status >> 8) & 0xff, signal: status & 0x7f })),
    z
      .object({
        return_code: numberSchema,
        signal: z.object({ id: numberSchema, signal_id: numberSchema }).partial().nullish(),
      })
      .transform((exit) => ({
        code: exit.return_code ?? null,
        signal: exit.signal?.id ?? exit.signal?.signal_id ?? null,
      })),
  ])
  .nullish()
  .catch(null);

const queueSchema = z.object({
  errors: z
    .array(
      z.object({ error: z.string().nullish(), description: z.string().nullish(), error_number: z.number().nullish() }),
    )
    .nullish(),
  jobs: z.array(
    z.object({
      job_id: z.number().int(),
      array_job_id: numberSchema,
      name: z.string().nullish(),
      current_working_directory: z.string().nullish(),
      /** One word until 23.02, then words: the state and what else is going on, such as COMPLETING. */
      job_state: z.union([z.string().transform((state) => [state]), z.array(z.string())]),
      state_reason: z.string().nullish(),
      exit_code: exitSchema,
      end_time: numberSchema,
    }),
  ),
});

/** ESLURM_INVALID_JOB_ID: newer versions know no job of that id (any more), and say so as an error. */
const INVALID_JOB_ID = 2017;

/**
 * `squeue --json`. Version 22.05 lists all jobs, whatever was asked for, and exits with 0 and an empty list if the
 * controller cannot be reached: only `errors` tells that from an empty queue. Null: it got no answer, or this is none.
 */
export function parseSqueue(text: string): SlurmJob[] | null {
  let queue: z.output<typeof queueSchema>;
  try {
    queue = queueSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
  const { jobs } = queue;
  const known = (queue.errors ?? []).every(
    ({ error, description, error_number }) =>
      error_number === INVALID_JOB_ID || /invalid job id/i.test(`${error} ${description}`),
  );
  if (jobs.length === 0 && !known) return null;
  return jobs.map((job) => ({
    ids: [String(job.job_id), ...(job.array_job_id ? [String(job.array_job_id)] : [])],
    name: job.name ?? null,
    folder: job.current_working_directory ?? null,
    state: job.job_state[0] ?? 'UNKNOWN',
    reason: job.state_reason ?? null,
    code: job.exit_code?.code ?? null,
    signal: job.exit_code?.signal ?? null,
    ended: job.end_time ?? null,
  }));
}

/** `sacct --parsable2 --format=JobID,State,ExitCode,End`, one allocation a line: `12|CANCELLED by 0|0:15|2026-11-22T01:02:03`. */
export function parseSacct(text: string): SlurmJob[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', state = '', exit = '', end = ''] = line.trim().split('|');
    return id === '' || state === ''
      ? []
      : [{ ...blank(id, state.split(' ')[0] ?? ''), ...exitOf(exit), ended: seconds(end) }];
  });
}

/** `scontrol show job -o`: `JobId=12 ... JobState=FAILED Reason=NonZeroExitCode ... ExitCode=3:0 ... EndTime=...`. */
export function parseScontrol(text: string): SlurmJob[] {
  return text.split('\n').flatMap((line) => {
    const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1];
    const state = field('JobState');
    if (state === undefined) return [];
    return [
      {
        ...blank(field('JobId') ?? '', state),
        reason: field('Reason') ?? null,
        ...exitOf(field('ExitCode') ?? ''),
        ended: seconds(field('EndTime') ?? ''),
      },
    ];
  });
}

function blank(id: string, state: string): SlurmJob {
  return { ids: [id], name: null, folder: null, state, reason: null, code: null, signal: null, ended: null };
}

function exitOf(text: string): { code: number | null; signal: number | null } {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return { code: code === undefined ? null : Number(code), signal: signal === undefined ? null : Number(signal) };
}

function seconds(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time / 1000;
}

const WAITING = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
  'RESV_DEL_HOLD',
]);
const RUNNING = new Set(['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT', 'RESIZING']);

/** What went wrong, in words, where the state says more than an exit code does. */
const FAILURES: Readonly<Record<string, string>> = {
  OUT_OF_MEMORY: 'Slurm ended it: it took more memory than it had asked for (OUT_OF_MEMORY)',
  TIMEOUT: 'Slurm ended it at its time limit (TIMEOUT)',
  DEADLINE: 'Slurm ended it at its deadline (DEADLINE)',
  NODE_FAIL: 'its node failed (NODE_FAIL)',
  BOOT_FAIL: 'its node did not start (BOOT_FAIL)',
  LAUNCH_FAILED: 'Slurm could not start it on its node (LAUNCH_FAILED)',
  PREEMPTED: 'Slurm ended it for another job (PREEMPTED)',
  REVOKED: 'it was taken over by another cluster (REVOKED)',
};

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'INT',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  11: 'SEGV',
  15: 'TERM',
};

/** One answer for a job, or for all the tasks of an array: what still runs or waits decides. Null if there is none. */
export function answerOf(jobs: readonly SlurmJob[]): SchedulerAnswer | null {
  if (jobs.length === 0) return null;
  const running = jobs.find(({ state }) => RUNNING.has(state));
  if (running) return { kind: 'running', reason: running.state === 'RUNNING' ? null : `Slurm says ${running.state}` };
  const waiting = jobs.find(({ state }) => WAITING.has(state));
  if (waiting)
    return {
      kind: 'queued',
      reason: waiting.reason === null || waiting.reason === 'None' ? null : `Slurm waits: ${waiting.reason}`,
    };
  const job = jobs.find(({ state }) => state !== 'COMPLETED') ?? (jobs[0] as SlurmJob);
  const state = job.state === 'COMPLETED' ? 'done' : job.state === 'CANCELLED' ? 'cancelled' : 'failed';
  const signal = job.signal ? (SIGNALS[job.signal] ?? String(job.signal)) : null;
  return {
    kind: 'ended',
    state,
    code: job.code,
    signal,
    reason: FAILURES[job.state] ?? null,
    ended: job.ended ? new Date(job.ended * 1000).toISOString() : null,
  };
}
