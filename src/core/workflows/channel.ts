/** An unbounded queue between a producer and one consumer; closing it ends the consumer after what is queued. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly queue: T[] = [];
  private wake: (() => void) | undefined;
  private closed = false;

  push(value: T): void {
    if (this.closed) return;
    this.queue.push(value);
    this.wake?.();
  }

  close(): void {
    this.closed = true;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.queue.length > 0) yield this.queue.shift() as T;
      if (this.closed) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
  }
}

/** A work that pushes events while it goes, and closes them at its end. */
export interface Telling<T> {
  readonly events: Channel<T>;
  go(): Promise<void>;
  /** Asks it to end soon; it may be called at any time. */
  stop(): void;
}

/** The events of a work, then what it throws; when nobody listens any more it is stopped, and its end is waited for. */
export async function* told<T>(work: Telling<T>): AsyncGenerator<T, void, undefined> {
  const whole = work.go();
  // It is awaited below; until then a failure must not count as unhandled.
  whole.catch(() => undefined);
  try {
    yield* work.events;
    await whole;
  } finally {
    work.stop();
    await whole.catch(() => undefined);
  }
}
