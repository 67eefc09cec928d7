/** Single-token steps that a verdict needs. */
const SAMPLE = 4;
const FIRST_PROBE_MS = 4000;
const LONGEST_PROBE_MS = 60_000;
/** A step this many times slower than the best of its kind means that somebody took our cores. */
const CONTENDED = 4;

/**
 * Chooses between all cores and one. llama.cpp's threads wait for each other in a spin loop: when another program has a core
 * (a training run, say), two threads decode 20 to 100 times slower than one. Nothing tells us of that but the clock, so the
 * governor times real steps either way, keeps the faster, and looks again ever more rarely. The number of threads changes no
 * bit of the result (a test says so).
 */
export class ThreadGovernor {
  /** Cores to use when they are free. */
  readonly most: number;
  private readonly fixed: boolean;
  private readonly now: () => number;
  // one thread is never a disaster, all of them may be: start low and probe upwards
  private current = 1;
  private readonly times = new Map<number, number[]>();
  /** Best ms a token with all cores, of single tokens and of batches. */
  private readonly best = { single: Number.POSITIVE_INFINITY, batch: Number.POSITIVE_INFINITY };
  private slowInARow = 0;
  private probing: number | null = null;
  private nextProbe = 0;
  private interval = FIRST_PROBE_MS;

  /** `fixed`: always use `most` (the user named a number). */
  constructor(most: number, fixed: boolean, now: () => number = () => performance.now()) {
    this.most = Math.max(1, Math.floor(most));
    this.fixed = fixed || this.most === 1;
    this.now = now;
  }

  /** Threads for the next step. */
  choose(): number {
    if (this.fixed) return this.most;
    return this.probing ?? this.current;
  }

  /** Tells how long a step of `tokens` tokens took. */
  record(threads: number, tokens: number, ms: number): void {
    if (this.fixed || threads !== this.choose() || (tokens > 1 && tokens < 32)) return;
    if (this.probing === null && threads === this.most && this.contended(tokens, ms / tokens)) {
      this.current = 1;
      this.times.clear();
      this.nextProbe = this.now() + this.interval;
      return;
    }
    if (tokens === 1) this.recordSingle(threads, ms);
  }

  private contended(tokens: number, msPerToken: number): boolean {
    const kind = tokens === 1 ? 'single' : 'batch';
    this.best[kind] = Math.min(this.best[kind], msPerToken);
    this.slowInARow = msPerToken > CONTENDED * this.best[kind] ? this.slowInARow + 1 : 0;
    return this.slowInARow >= 2;
  }

  private recordSingle(threads: number, ms: number): void {
    const times = this.times.get(threads) ?? [];
    times.push(ms);
    if (times.length > SAMPLE) times.shift();
    this.times.set(threads, times);
    if (this.probing === null) {
      if (times.length === SAMPLE && this.now() >= this.nextProbe) this.startProbe();
      return;
    }
    const known = median(this.times.get(this.current) ?? []);
    // a step twice as slow is verdict enough: under contention each probed token can cost a second
    if (times.length === SAMPLE || ms > 2 * known) this.finishProbe(median(times) < 0.95 * known);
  }

  private startProbe(): void {
    this.probing = this.current === 1 ? this.most : 1;
    this.times.delete(this.probing);
  }

  private finishProbe(better: boolean): void {
    if (better && this.probing !== null) {
      this.current = this.probing;
      this.interval = FIRST_PROBE_MS;
    } else {
      this.interval = Math.min(LONGEST_PROBE_MS, this.interval * 2);
    }
    this.probing = null;
    this.slowInARow = 0;
    this.nextProbe = this.now() + this.interval;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.POSITIVE_INFINITY;
}
