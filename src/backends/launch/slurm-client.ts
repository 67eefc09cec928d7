import { FoilError } from '../../core/errors.ts';
import type { SchedulerAnswer } from './judge.ts';
import { tail, without } from './machine.ts';
import { answerOf, parseSacct, parseScontrol, parseSqueue } from './slurm-states.ts';

/** What a client program of Slurm's said. `unreachable`: that it got no answer; nothing follows about any job. */
export interface SlurmResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly unreachable: boolean;
}

export interface SlurmClient {
  run(
    program: 'sbatch' | 'squeue' | 'sacct' | 'scontrol' | 'scancel',
    args: string[],
    signal: AbortSignal,
  ): Promise<SlurmResult>;
}

const TIMEOUT_MS = 60_000;

/** What they say when the controller, its authentication or the programs themselves are not there. */
const NO_ANSWER =
  /unable to contact|timed? ?out|connection (?:refused|reset|failure)|connect failure|zero bytes|communication|munge|authentication|resolve|slurm_persist_conn|could not establish|controller.*not.*respond|unable to establish/i;

export function slurmClient(secrets: readonly string[]): SlurmClient {
  return {
    async run(program, args, signal) {
      const { execa } = await import('execa');
      const result = await execa(program, args, {
        reject: false,
        stdin: 'ignore',
        cancelSignal: signal,
        timeout: TIMEOUT_MS,
        maxBuffer: Number.POSITIVE_INFINITY,
        env: without(secrets),
      });
      signal.throwIfAborted();
      const missing = result.exitCode === undefined && !result.timedOut;
      const stderr = missing ? `${program} is not installed here` : result.timedOut ? 'no answer' : tail(result.stderr);
      return {
        code: result.exitCode,
        stdout: result.stdout,
        stderr,
        unreachable: result.exitCode === undefined || (result.exitCode !== 0 && NO_ANSWER.test(result.stderr)),
      };
    },
  };
}

export function unreachable(program: string, result: SlurmResult): FoilError {
  return new FoilError(
    'unreachable',
    `Slurm cannot be asked: ${result.stderr || `${program} ended with ${result.code}`}`,
    {
      remedy: [
        'is this a machine of the cluster, with its client programs? try `squeue` by hand',
        'the same again later does no harm: an attempt never runs twice',
      ],
    },
  );
}

/** What Slurm says of a job: squeue, then its accounting, then scontrol; each forgets at another time, or is switched off. */
export async function askSlurm(slurm: SlurmClient, id: string, signal: AbortSignal): Promise<SchedulerAnswer> {
  const queue = await slurm.run('squeue', ['--json', `--jobs=${id}`], signal);
  const jobs = parseSqueue(queue.stdout);
  const queued = jobs && answerOf(jobs.filter((job) => job.ids.includes(id)));
  if (queued) return queued;
  const away = queue.unreachable || (jobs === null && !/invalid job id/i.test(queue.stderr));
  const accounting = await slurm.run(
    'sacct',
    ['--noheader', '--parsable2', '--allocations', `--jobs=${id}`, '--format=JobID,State,ExitCode,End'],
    signal,
  );
  // accounting is a service of its own, which many sites lack: its silence says nothing of the controller
  const accounted = accounting.code === 0 ? answerOf(parseSacct(accounting.stdout)) : null;
  if (accounted) return accounted;
  if (away) return { kind: 'unreachable', reason: queue.stderr || 'its controller does not answer' };
  const shown = await slurm.run('scontrol', ['show', 'job', '-o', id], signal);
  if (shown.unreachable) return { kind: 'unreachable', reason: shown.stderr };
  return (shown.code === 0 ? answerOf(parseScontrol(shown.stdout)) : null) ?? { kind: 'forgotten' };
}

/** The id of the job with this name that runs in this folder; null if there is none. @throws FoilError `unreachable`. */
export async function findByName(
  slurm: SlurmClient,
  name: string,
  folder: string,
  signal: AbortSignal,
): Promise<string | null> {
  const queue = await slurm.run('squeue', ['--json', '--states=all', `--name=${name}`], signal);
  const jobs = parseSqueue(queue.stdout);
  if (queue.code !== 0 || jobs === null) throw unreachable('squeue', queue);
  return jobs.find((job) => job.name === name && job.folder === folder)?.ids[0] ?? null;
}
