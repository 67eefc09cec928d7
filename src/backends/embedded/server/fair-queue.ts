/**
 * The one pool of compute: a first-come lock. Every holder does one batch or one token and queues again, so streams interleave,
 * none waits for more than one step of each other one, and two evaluations never fight for the cores.
 */
export class FairQueue {
  private readonly waiting: (() => void)[] = [];
  private held = false;

  /** Steps that wait now, without the one that runs. */
  get length(): number {
    return this.waiting.length;
  }

  /** Runs `step` alone, after all that asked before. Rejects without running it if `signal` aborts first. */
  async run<T>(signal: AbortSignal | undefined, step: () => Promise<T>): Promise<T> {
    await this.acquire(signal);
    try {
      signal?.throwIfAborted();
      return await step();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.held = false;
    }
  }

  private acquire(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!this.held) {
      this.held = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(signal?.reason);
      };
      const turn = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.waiting.push(turn);
    });
  }
}
