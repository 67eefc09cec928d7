/**
 * How long the engine lives: as long as somebody holds a lease, and a grace time after. A lease is an open connection, so that
 * a client that is killed gives it back too.
 */
export class Leases {
  private readonly onIdle: () => void;
  private readonly graceMs: number;
  private readonly busy: () => boolean;
  private timer: NodeJS.Timeout | null = null;
  private held = 0;

  /**
   * `onIdle` is called once nobody has held a lease for `graceMs` and nothing is `busy`; `startMs`: how long the first client
   * may take to come. Null `graceMs`: never.
   */
  constructor(options: { graceMs: number | null; startMs: number; busy: () => boolean; onIdle: () => void }) {
    this.onIdle = options.onIdle;
    this.busy = options.busy;
    this.graceMs = options.graceMs ?? Number.POSITIVE_INFINITY;
    this.arm(options.startMs);
  }

  get count(): number {
    return this.held;
  }

  /** Takes a lease; the returned function gives it back (calling it twice does no harm). */
  take(): () => void {
    this.held += 1;
    this.disarm();
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.held -= 1;
      if (this.held === 0) this.arm(this.graceMs);
    };
  }

  disarm(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private arm(ms: number): void {
    if (this.graceMs === Number.POSITIVE_INFINITY) return;
    this.disarm();
    this.timer = setTimeout(() => {
      if (this.held > 0) return;
      if (this.busy()) this.arm(this.graceMs);
      else this.onIdle();
    }, ms);
  }
}
