/** Pauses a simulation and lets it go on, or ends it: requests that are out are finished and kept, and no new one starts. */
export class SimulationControl {
  private gate: { readonly open: Promise<void>; readonly release: () => void } | null = null;
  private readonly listeners = new Set<(paused: boolean) => void>();

  private over = false;

  /** Whether it was asked to end. */
  get finishing(): boolean {
    return this.over;
  }

  /** Ends the run as a budget that is used up does, also while it is paused. */
  finish(): void {
    this.over = true;
    this.resume();
  }

  get paused(): boolean {
    return this.gate !== null;
  }

  pause(): void {
    if (this.gate || this.over) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gate = { open: promise, release: resolve };
    this.tell(true);
  }

  resume(): void {
    const { gate } = this;
    if (!gate) return;
    this.gate = null;
    gate.release();
    this.tell(false);
  }

  /** Resolves at once, or when a pause is over; rejects when aborted. */
  async pass(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (this.gate) {
      const { open } = this.gate;
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        void open.then(() => {
          signal.removeEventListener('abort', abort);
          resolve();
        });
      });
    }
  }

  /** @returns what ends the listening. */
  onChange(listener: (paused: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private tell(paused: boolean): void {
    for (const listener of this.listeners) listener(paused);
  }
}
