import { z } from 'zod';

/**
 * How a stage gets to a machine and what is known of it there. A job is a folder: everything that it reads lies in it or is
 * named by an absolute path of the machine that runs it, everything it writes lands in it, and its files are the truth about it.
 */
export const LAUNCHER_KINDS = ['local', 'ssh', 'slurm', 'ray'] as const;
export type LauncherKind = (typeof LAUNCHER_KINDS)[number];

/** What a job asks of its machine. */
export interface Resources {
  readonly gpus: number;
  readonly cpus: number | null;
  readonly memoryGb: number | null;
  readonly hours: number | null;
}

export interface Job {
  /** The run's id: a second submission of the same one runs nothing twice. */
  readonly id: string;
  /** The run's folder on this machine, absolute. */
  readonly folder: string;
  /** Command and arguments, started in the run's folder; relative paths are within it. */
  readonly argv: readonly string[];
  /** No place for secrets: launchers write it into the run's folder, which travels. */
  readonly env: Readonly<Record<string, string>>;
  readonly resources: Resources;
  /** Which try this is, from 1: a resumed run is a new attempt in the same folder. */
  readonly attempt: number;
}

/** What finds a job again after a restart; kept in the run's record. */
export const jobHandleSchema = z.object({
  /** Name in foil.yaml's `launchers`, or `local`. */
  launcher: z.string(),
  kind: z.enum(LAUNCHER_KINDS),
  /** The scheduler's own id of it, or the run's. */
  job: z.string(),
  /** The run's folder on the machine that runs it. */
  folder: z.string(),
  attempt: z.number().int().min(1),
  submitted: z.string(),
});
export type JobHandle = z.infer<typeof jobHandleSchema>;

/**
 * `lost`: it was running, its machine answers, but neither its process nor an exit code is there, or its heartbeat stopped.
 * `unknown`: nobody could be asked; never a statement about the job.
 */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled', 'lost', 'unknown'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobReport {
  readonly state: JobState;
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it waits, failed or could not be asked, in a sentence for people. */
  readonly reason: string | null;
  readonly host: string | null;
  /** ISO 8601. */
  readonly started: string | null;
  readonly ended: string | null;
  readonly heartbeat: string | null;
}

/** A piece of a file of the run, from an offset on. */
export interface FilePiece {
  readonly bytes: Uint8Array;
  /** Where the next piece starts. */
  readonly next: number;
  /** Bytes that the file has now; 0 if it is not there yet. */
  readonly size: number;
}

/** One GPU as nvidia-smi reports it; what it does not say is null. */
export interface GpuReading {
  readonly index: number;
  readonly name: string;
  readonly utilization: number | null;
  readonly memoryUsedMb: number | null;
  readonly memoryTotalMb: number | null;
  readonly powerW: number | null;
  readonly temperatureC: number | null;
}

/** Submits jobs to one machine or scheduler, and asks about them. All of it survives a restart of the one who asks. */
export interface Launcher {
  readonly name: string;
  readonly kind: LauncherKind;
  /** What it runs Python with there; null: the environment that `foil setup train` builds here. */
  readonly python: string | null;
  /** Base weights there (a GGUF, or a folder in Hugging Face's form); null: the path that this machine uses. */
  readonly base: string | null;
  /** Idempotent by job id and attempt. @throws FoilError when it surely did not start. */
  submit(job: Job, signal: AbortSignal): Promise<JobHandle>;
  /** Never throws for an unreachable machine: that is `unknown`. */
  report(handle: JobHandle, signal: AbortSignal): Promise<JobReport>;
  /** `file` is relative to the run's folder. At most `limit` bytes. @throws FoilError when the machine cannot be reached. */
  read(handle: JobHandle, file: string, from: number, limit: number, signal: AbortSignal): Promise<FilePiece>;
  /** TERM to the whole group, KILL after `graceMs`. Resolves when it is ended, or at once if it had ended. */
  cancel(handle: JobHandle, graceMs: number, signal: AbortSignal): Promise<void>;
  /** Brings what the job wrote into the run's folder here; does nothing where that is the same folder. */
  collect(handle: JobHandle, folder: string, signal: AbortSignal): Promise<void>;
  /** GPUs of the machine that runs the job; empty where there are none or they cannot be read. */
  gpus(handle: JobHandle, signal: AbortSignal): Promise<GpuReading[]>;
}
