import { availableParallelism, loadavg } from 'node:os';

const FIRST_PROBE_MS = 4000;
const LONGEST_PROBE_MS = 60_000;
/** Tokens from which on a step counts as a batch. Shorter ones are too few and too unlike to judge by. */
const BATCH = 32;

/** A step this many times slower than the best of its kind means that somebody took our cores. */
const CONTENDED = 4;

/** `sample`: steps that a verdict needs; `hopeless`: one probed step this many times slower is verdict enough. */
interface Rules {
  readonly sample: number;
  readonly hopeless: number;
}
const SINGLE: Rules = { sample: 4, hopeless: 2 };
// a batch costs as much as a hundred single tokens, and its time a token varies less
const WHOLE: Rules = { sample: 2, hopeless: 1.5 };

/** Threads for the next step of each kind. */
export interface Threads {
  readonly single: number;
  readonly batch: number;
}

/**
 * Chooses between all cores and one, for single tokens and for batches apart. llama.cpp's threads wait for each other in a spin
 * loop after every operation. A single token of a small model has so little to compute that one thread can be faster even on an
 * idle machine, whereas a batch gains from every core; and when another program has a core (a training run, say), two threads are
 * 20 to 100 times slower than one. Nothing tells us of that but the clock, so the governor times real steps either way, keeps
 * the faster, and looks again ever more rarely. The number of threads changes no bit of the result (a test says so).
 */
export class ThreadGovernor {
  /** Cores to use when they are free. */
  readonly most: number;
  private readonly fixed: boolean;
  private readonly single: Verdict;
  private readonly batch: Verdict;

  /**
   * `fixed`: always use `most` (the user named a number). `crowded`: whether more wants to run than there are cores; all cores
   * are then not even tried, since one such step could take minutes.
   */
  constructor(
    most: number,
    fixed: boolean,
    now: () => number = () => performance.now(),
    crowded: () => boolean = () => (loadavg()[0] ?? 0) > availableParallelism(),
  ) {
    this.most = Math.max(1, Math.floor(most));
    this.fixed = fixed || this.most === 1;
    this.single = new Verdict(this.most, SINGLE, now, crowded);
    this.batch = new Verdict(this.most, WHOLE, now, crowded);
  }

  /** Threads for the next step, which has this many tokens. */
  choose(tokens: number): number {
    if (this.fixed) return this.most;
    return (tokens === 1 ? this.single : this.batch).threads;
  }

  /** Tells how long a step of `tokens` tokens took. */
  record(threads: number, tokens: number, ms: number): void {
    if (this.fixed) return;
    if (tokens === 1) this.single.record(threads, ms);
    else if (tokens >= BATCH) this.batch.record(threads, ms / tokens);
  }

  get threads(): Threads {
    return { single: this.choose(1), batch: this.choose(BATCH) };
  }
}

/** The governor's opinion of one kind of step; all times are ms a token. */
class Verdict {
  private readonly most: number;
  private readonly rules: Rules;
  private readonly now: () => number;
  private readonly crowded: () => boolean;
  // one thread is never a disaster, all of them may be: start low and probe upwards
  private current = 1;
  private readonly times = new Map<number, number[]>();
  /** Best time with all cores. */
  private best = Number.POSITIVE_INFINITY;
  private slowInARow = 0;
  private probing: number | null = null;
  private nextProbe = 0;
  private interval = FIRST_PROBE_MS;

  constructor(most: number, rules: Rules, now: () => number, crowded: () => boolean) {
    this.most = most;
    this.rules = rules;
    this.now = now;
    this.crowded = crowded;
  }

  get threads(): number {
    return this.probing ?? this.current;
  }

  record(threads: number, ms: number): void {
    if (threads !== this.threads) return;
    if (this.probing === null && threads === this.most && this.contended(ms)) {
      this.current = 1;
      this.times.clear();
      this.nextProbe = this.now() + this.interval;
      return;
    }
    const { sample, hopeless } = this.rules;
    const times = this.times.get(threads) ?? [];
    times.push(ms);
    if (times.length > sample) times.shift();
    this.times.set(threads, times);
    if (this.probing === null) {
      if (times.length === sample && this.now() >= this.nextProbe) this.startProbe();
      return;
    }
    const known = median(this.times.get(this.current) ?? []);
    // under contention each probed step can cost a second
    if (times.length === sample || ms > hopeless * known) this.finishProbe(median(times) < 0.95 * known);
  }

  private contended(ms: number): boolean {
    this.best = Math.min(this.best, ms);
    this.slowInARow = ms > CONTENDED * this.best ? this.slowInARow + 1 : 0;
    return this.slowInARow >= 2;
  }

  private startProbe(): void {
    if (this.current === 1 && this.crowded()) {
      this.nextProbe = this.now() + this.interval;
      return;
    }
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
