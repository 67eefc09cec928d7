/** What a batching server such as vLLM carries with ease; a server that takes less says so, and gets less (limiter.ts). */
export const DEFAULT_AT_ONCE = 64;

/** What became of a request, as far as it says something about load: `busy` is a 429, a 503 or silence. */
export type Outcome = 'fine' | 'busy' | 'failed';

/** Requests that a new endpoint gets at once, before it is known to take more. */
const START = 8;
interface Round {
  readonly size: number;
  /** At its beginning. */
  readonly places: number;
  seen: number;
  busy: number;
}

/** Fewer outcomes than this say nothing about a share of refusals. */
const LEAST_SAMPLE = 10;

/**
 * How many requests an endpoint gets at once: few at first, twice as many each round while none is refused, then one more a
 * round, and half as many after a round with refusals (AIMD with slow start, as in RFC 5681). Two things are not TCP's.
 * A round is judged as a whole, after as many outcomes as there were places. And a halving is a trial: where it neither
 * halves the share of refusals nor lets clearly more requests pass, the refusals do not come from load (a quota per minute, a
 * proxy that fails by chance), fewer places would only cost time, and the share seen is tolerated from then on.
 */
export class Limiter {
  readonly most: number;
  private places: number;
  private rising = true;
  private tolerated = 0;
  private trial: { readonly places: number; readonly share: number } | null = null;
  private round: Round;
  private halvings = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(most: number) {
    this.most = most;
    this.places = Math.min(START, most);
    this.round = this.newRound();
  }

  /** Requests that are out. */
  get out(): number {
    return this.running;
  }

  /** Requests that may run at once now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.places));
  }

  /**
   * Waits for a place; rejects when aborted. @param first before those that wait already: somebody looks at the screen.
   * @returns what `release` wants to know: under how many halvings the request began.
   */
  acquire(signal: AbortSignal, first: boolean): Promise<number> {
    signal.throwIfAborted();
    if (this.running < this.limit) {
      this.running += 1;
      return Promise.resolve(this.halvings);
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      const turn = (): void => {
        signal.removeEventListener('abort', abort);
        this.running += 1;
        resolve(this.halvings);
      };
      signal.addEventListener('abort', abort, { once: true });
      if (first) this.waiting.unshift(turn);
      else this.waiting.push(turn);
    });
  }

  /** Gives a place back. Null: nothing can be said of the request, since it was cancelled. */
  release(outcome: Outcome | null, began: number): void {
    const used = this.running >= this.limit;
    this.running -= 1;
    // What began before the places became fewer says nothing about the fewer.
    if (outcome !== null && began === this.halvings) this.judge(outcome, used);
    while (this.running < this.limit) {
      const next = this.waiting.shift();
      if (!next) break;
      next();
    }
  }

  private judge(outcome: Outcome, used: boolean): void {
    const { round } = this;
    round.seen += 1;
    if (outcome === 'busy') round.busy += 1;
    else if (outcome === 'fine' && used && round.busy <= this.tolerated * round.size) {
      this.places = Math.min(this.most, this.places + (this.rising ? 1 : 1 / this.places));
    }
    if (round.seen < round.size) return;
    const share = round.busy / round.seen;
    if (this.trial && !helped(this.trial.share, share)) {
      this.places = Math.max(this.places, this.trial.places);
      this.tolerated = Math.min(0.9, share * 1.5);
      this.rising = true;
      this.trial = null;
    } else if (share > this.tolerated) {
      // Of the places that gave this share: they may have become more since.
      this.trial = { places: round.places, share };
      this.places = Math.max(1, round.places / 2);
      this.halvings += 1;
      this.rising = false;
    } else this.trial = null;
    this.round = this.newRound();
  }

  private newRound(): Round {
    return { size: Math.max(LEAST_SAMPLE, this.limit), places: this.places, seen: 0, busy: 0 };
  }
}

/** Whether fewer places made refusals rare, or let a good deal more of the requests pass. */
function helped(before: number, after: number): boolean {
  return after <= before / 2 || 1 - after >= 1.3 * (1 - before);
}
