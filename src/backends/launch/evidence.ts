import { z } from 'zod';

/** `status.json`: what the wrapper says of itself. Ticks count from the machine's boot (`/proc/PID/stat`, field 22). */
const statusSchema = z.object({
  pid: z.number().int(),
  /** Null until the command is started. */
  pgid: z.number().int().nullable(),
  host: z.string(),
  started: z.string(),
  start_ticks: z.number().int().nullable(),
  attempt: z.number().int(),
  /** Slurm's id of the job that holds the attempt, which another submission's may differ from. */
  job: z.string().nullable(),
});

/** `exit.json`. `stopped`: the wrapper had been asked to end. */
const exitSchema = z.object({
  code: z.number().int(),
  signal: z.string().nullable(),
  ended: z.string(),
  attempt: z.number().int(),
  stopped: z.boolean(),
});

export type JobStatus = z.infer<typeof statusSchema>;
export type JobExit = z.infer<typeof exitSchema>;

/**
 * The wrapper's process: `elsewhere` if it runs on another machine than the one that was asked; `rebooted` if that
 * machine was restarted since; `gone` also where another process has its pid by now; null before it said who it is.
 */
export type ProcessState = 'alive' | 'gone' | 'rebooted' | 'elsewhere';

/** What a run's folder and the machine that sees it tell of one attempt. Times are seconds since 1970, of that machine. */
export interface Evidence {
  readonly now: number;
  /** Name of the machine that was asked. */
  readonly host: string;
  readonly folder: boolean;
  /** When the attempt was taken; null: nobody started it yet. */
  readonly claimed: number | null;
  readonly cancel: boolean;
  /** A cancel took the attempt before anybody else did: it never runs. */
  readonly never: boolean;
  readonly status: JobStatus | null;
  readonly process: ProcessState | null;
  /** The wrapper is gone, and processes that it started are not. */
  readonly orphans: boolean;
  readonly heartbeat: number | null;
  /** Of this attempt or another one: an older one's is no news, a later one's says that this one is over. */
  readonly exit: JobExit | null;
}

/** Reads what `job.sh probe` printed. Whatever is damaged counts as not there: the job's own files are never trusted. */
export function parseProbe(text: string): Evidence {
  const words = new Map(
    text.split('\n').map((line) => {
      const [word = '', ...rest] = line.split(' ');
      return [word, rest.join(' ')];
    }),
  );
  const number = (word: string) => {
    const value = words.get(word)?.trim();
    return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : null;
  };
  const status = parseJson(words.get('status'), statusSchema);
  return {
    now: number('now') ?? Date.now() / 1000,
    host: words.get('host') ?? '',
    folder: words.has('folder'),
    claimed: number('claimed'),
    cancel: words.has('cancel'),
    never: words.has('never'),
    status,
    process:
      status === null
        ? null
        : z
            .enum(['alive', 'gone', 'rebooted', 'elsewhere'])
            .nullable()
            .catch(null)
            .parse(words.get('process') ?? null),
    orphans: words.has('orphans'),
    heartbeat: number('heartbeat'),
    exit: parseJson(words.get('exit'), exitSchema),
  };
}

function parseJson<T>(text: string | undefined, schema: z.ZodType<T>): T | null {
  if (text === undefined) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
