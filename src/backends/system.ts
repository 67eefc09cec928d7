import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Ports } from '../core/ports.ts';

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal });
  },
};

/** `PREFIX-20261122-011530-a1b2c3`: sorts by time, names a file on any system, and 24 random bits keep it apart. */
export const newId: Ports['newId'] = (prefix) => {
  const [day = '', time = ''] = new Date().toISOString().split('T');
  return `${prefix}-${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomBytes(3).toString('hex')}`;
};

/** A seed for sampling, small enough to read out and type in again. */
export function newSeed(): number {
  return randomInt(1, 1_000_000);
}

/** Whether a process of this number runs on this machine, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
