import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import type { BuildEvent } from './train-env.ts';

/** A lock is held by a live process while its time moves on; one older than this was left by a killed process. */
const STALE_MS = 30_000;
const POLL_MS = 1_000;

export interface BuildLock {
  /** Aborts if another process took the lock over, after this one was suspended, say. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Waits until no other process builds in `dir`, telling once that it waits, and then holds the lock. */
export async function* waitForLock(dir: string, signal: AbortSignal): AsyncGenerator<BuildEvent, BuildLock> {
  const lost = new AbortController();
  let told = false;
  while (true) {
    try {
      const release = await lock(dir, {
        realpath: false,
        stale: STALE_MS,
        update: STALE_MS / 6,
        onCompromised: (error) => lost.abort(error),
      });
      return { lost: lost.signal, release: () => release().catch(() => {}) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (!told) yield { type: 'notice', text: 'another foil is building this environment; waiting for it' };
    told = true;
    await sleep(POLL_MS, undefined, { signal });
  }
}
