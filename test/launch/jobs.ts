import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { newId } from '../../src/backends/system.ts';
import type { Job, JobHandle, JobReport, Launcher } from '../../src/core/stage/launcher.ts';
import { testFolder } from '../fixtures/sessions.ts';

export const never = new AbortController().signal;
export const NOTHING = { gpus: 0, cpus: null, memoryGb: null, hours: null };

/** A run of its own for one test, whose command is a line of shell; what it left running is killed with the test. */
export async function makeJob(script: string, more: Partial<Job> = {}): Promise<Job & { mark: string }> {
  const id = newId('run');
  const folder = more.folder ?? join(await testFolder(), id);
  await mkdir(join(folder, 'inputs'), { recursive: true });
  await writeFile(join(folder, 'inputs', 'text'), 'brought along\n');
  const mark = `FOIL_TEST_MARK=${id}`;
  onTestFinished(() => {
    for (const pid of processesWith(mark)) process.kill(pid, 'SIGKILL');
  });
  return {
    id,
    folder,
    argv: ['sh', '-c', script],
    attempt: 1,
    resources: NOTHING,
    ...more,
    env: { FOIL_TEST_MARK: id, ...more.env },
    mark,
  };
}

/** Pids of all processes that carry a variable, wherever they went. */
export function processesWith(mark: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const zombie = /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${entry}/stat`, 'utf8'));
      return !zombie && readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(mark)
        ? [Number(entry)]
        : [];
    } catch {
      return [];
    }
  });
}

export async function until<T>(ask: () => Promise<T> | T, holds: (value: T) => boolean, what: string): Promise<T> {
  const end = Date.now() + 120_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}; last: ${JSON.stringify(value)}`);
    await sleep(150);
  }
}

/** The report of a job that has ended, and the states that were seen on the way. */
export async function untilEnded(launcher: Launcher, handle: JobHandle): Promise<JobReport & { seen: Set<string> }> {
  const seen = new Set<string>();
  const report = await until(
    () => launcher.report(handle, never),
    ({ state }) => {
      seen.add(state);
      return !['queued', 'running'].includes(state);
    },
    'the end of the job',
  );
  return { ...report, seen };
}

export async function untilRunning(launcher: Launcher, handle: JobHandle): Promise<JobReport> {
  return until(
    () => launcher.report(handle, never),
    ({ state, host }) => state === 'running' && host !== null,
    'the job to run',
  );
}

export async function textOf(launcher: Launcher, handle: JobHandle, file: string, from = 0): Promise<string> {
  const piece = await launcher.read(handle, file, from, 1_000_000, never);
  return Buffer.from(piece.bytes).toString('utf8');
}
