import { setTimeout as sleep } from 'node:timers/promises';
import { FoilError, isAbort } from '../../core/errors.ts';
import type { Job, JobHandle, JobReport, LauncherKind } from '../../core/stage/launcher.ts';
import { type Evidence, parseProbe } from './evidence.ts';
import { isOver, judge, unknown } from './judge.ts';
import type { Machine } from './machine.ts';

/** Asks the machine for all that it sees of an attempt. */
export async function probe(machine: Machine, handle: JobHandle, signal: AbortSignal): Promise<Evidence> {
  return parseProbe(new TextDecoder().decode(await machine.ask('probe', handle, [], signal)));
}

/** The report of a job that no scheduler knows. */
export async function reportOf(machine: Machine, handle: JobHandle, signal: AbortSignal): Promise<JobReport> {
  return neverThrows(async () => judge(handle.attempt, await probe(machine, handle, signal)));
}

/** Whatever went wrong in asking says nothing of the job. */
export async function neverThrows(ask: () => Promise<JobReport>): Promise<JobReport> {
  try {
    return await ask();
  } catch (error) {
    if (isAbort(error)) throw error;
    return unknown(error instanceof Error ? error.message : String(error));
  }
}

const KILLED_WITHIN_MS = 30_000;

/** TERM, then KILL after the grace, for a job whose processes the machine can signal. */
export async function cancelHere(
  machine: Machine,
  handle: JobHandle,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = async () => isOver(handle.attempt, await probe(machine, handle, signal));
  if (await over()) return;
  // if we end in between, the job's own watcher counts the grace
  await machine.ask('cancel', handle, [Math.ceil(graceMs / 1000)], signal);
  if (await waitFor(over, graceMs, signal)) return;
  await machine.ask('kill', handle, [], signal);
  if (!(await waitFor(over, KILLED_WITHIN_MS, signal))) throw stillThere(handle);
}

/** Asks again and again, ever more slowly, until it holds; false if it does not within the time. */
export async function waitFor(holds: () => Promise<boolean>, ms: number, signal: AbortSignal): Promise<boolean> {
  const until = Date.now() + ms;
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
    if (await holds()) return true;
    const left = until - Date.now();
    if (left <= 0) return false;
    await sleep(Math.min(pause, left), undefined, { signal });
  }
}

export function stillThere(handle: JobHandle): FoilError {
  return new FoilError('still-running', `the job ${handle.job} was killed, and is still there`, {
    remedy: 'a process that waits for a disk or a driver cannot be killed: look at it on its machine',
  });
}

export function handleOf(kind: LauncherKind, launcher: string, job: Job, folder: string, id: string): JobHandle {
  return { launcher, kind, job: id, folder, attempt: job.attempt, submitted: new Date().toISOString() };
}
