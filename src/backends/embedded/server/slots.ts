import type { FairQueue } from './fair-queue.ts';
import type { ModelPort, SequencePort } from './runtime.ts';
import { type Segmented, sharedSegments } from './segments.ts';

/** A model with one adapter or none: what a slot's KV cache belongs to. */
export interface Lane {
  readonly model: ModelPort;
  /** Path of the adapter's GGUF. */
  readonly lora: string | null;
  /** Longest sequence, in tokens. */
  readonly limit: number;
  /** The adapter was unloaded: no request will come any more. */
  retired?: boolean;
}

/** One KV cache, used by one request at a time. */
export class Slot {
  readonly lane: Lane;
  readonly sequence: SequencePort;
  /** What the cache holds, in whole segments; generated tokens count only if they were kept. */
  prompt: Segmented = { tokens: [], ends: [] };
  busy = false;
  lastUsed = 0;
  evaluated = 0;
  reused = 0;

  constructor(lane: Lane, sequence: SequencePort) {
    this.lane = lane;
    this.sequence = sequence;
  }

  /** A token that was just generated stays, as a segment of its own. */
  keep(token: number): void {
    const { tokens, ends } = this.prompt;
    this.prompt = { tokens: [...tokens, token], ends: [...ends, tokens.length + 1] };
  }
}

/** Caches are made in these sizes (tokens): most sessions are short, and a token of F16 cache costs 23 kB. */
const SIZES = [2048, 4096, 8192, 16_384, 32_768];

/**
 * All KV caches of the engine. A request gets the idle slot that shares most of its prompt; if that would throw away more than
 * half of what the slot holds, it gets a new slot instead, until `most` are there; then the least recently used one goes.
 */
export class SlotPool {
  readonly slots: Slot[] = [];
  private readonly most: number;
  private readonly queue: FairQueue;
  private readonly waiting: (() => void)[] = [];
  private readonly gone = { evaluated: 0, reused: 0 };
  private opening = 0;
  private clock = 0;

  constructor(most: number, queue: FairQueue) {
    this.most = Math.max(1, most);
    this.queue = queue;
  }

  /** An idle slot of `lane` that fits `need` tokens, marked busy: give it back with `release`. Waits while all are busy. */
  async acquire(lane: Lane, prompt: Segmented, need: number, signal: AbortSignal): Promise<Slot> {
    for (;;) {
      // no await between looking and taking, or between looking and waiting: a release would be missed
      signal.throwIfAborted();
      const fit = this.bestFit(lane, prompt, need);
      if (fit) return take(fit);
      const full = this.slots.length + this.opening >= this.most;
      const oldest = full ? this.leastRecentlyUsed() : null;
      if (oldest?.lane === lane && oldest.sequence.size >= need) return take(oldest);
      if (!full || oldest) return this.open(lane, need, oldest, signal);
      await this.untilReleased(signal);
      // cancelled just when it was woken: the next one must hear of the free slot
      if (signal.aborted) this.waiting.shift()?.();
    }
  }

  release(slot: Slot): void {
    slot.busy = false;
    this.clock += 1;
    slot.lastUsed = this.clock;
    if (slot.lane.retired) void this.remove(slot);
    else this.waiting.shift()?.();
  }

  /** Drops the slots of a lane: idle ones now, busy ones when their request ends. */
  async retire(lane: Lane): Promise<void> {
    lane.retired = true;
    for (const slot of this.slots.filter((each) => each.lane === lane && !each.busy)) await this.remove(slot);
  }

  private bestFit(lane: Lane, prompt: Segmented, need: number): Slot | null {
    const fits = this.slots.filter((slot) => slot.lane === lane && !slot.busy && slot.sequence.size >= need);
    let best: Slot | null = null;
    let most = 0;
    for (const slot of fits) {
      const shared = sharedTokens(slot.prompt, prompt);
      const empty = slot.prompt.tokens.length === 0;
      if (!empty && shared * 2 < slot.prompt.tokens.length) continue;
      if (best === null || shared > most || (shared === most && slot.lastUsed > best.lastUsed)) {
        best = slot;
        most = shared;
      }
    }
    return best;
  }

  /** Tokens evaluated and reused since the start. */
  totals(): { evaluated: number; reused: number } {
    const all = [...this.slots, this.gone];
    return {
      evaluated: all.reduce((sum, slot) => sum + slot.evaluated, 0),
      reused: all.reduce((sum, slot) => sum + slot.reused, 0),
    };
  }

  private leastRecentlyUsed(): Slot | null {
    return this.slots.filter((slot) => !slot.busy).sort((a, b) => a.lastUsed - b.lastUsed)[0] ?? null;
  }

  private async open(lane: Lane, need: number, instead: Slot | null, signal: AbortSignal): Promise<Slot> {
    const size = Math.min(lane.limit, SIZES.find((each) => each >= need) ?? lane.limit);
    this.opening += 1;
    try {
      if (instead) await this.remove(instead);
      // making a context touches its whole memory and starts threads: that is compute too
      const sequence = await this.queue.run(signal, () => lane.model.open(size, lane.lora));
      const slot = new Slot(lane, sequence);
      this.slots.push(slot);
      return take(slot);
    } catch (error) {
      this.waiting.shift()?.();
      throw error;
    } finally {
      this.opening -= 1;
    }
  }

  /** Disposes a slot that nobody uses. */
  async remove(slot: Slot): Promise<void> {
    this.slots.splice(this.slots.indexOf(slot), 1);
    this.gone.evaluated += slot.evaluated;
    this.gone.reused += slot.reused;
    slot.busy = true;
    await this.queue.run(undefined, () => slot.sequence.dispose());
    this.waiting.shift()?.();
  }

  private untilReleased(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.waiting.push(turn);
    });
  }
}

/** Marks it busy at once: between an await and its continuation another request may look for a slot. */
function take(slot: Slot): Slot {
  slot.busy = true;
  return slot;
}

function sharedTokens(a: Segmented, b: Segmented): number {
  const count = sharedSegments(a, b);
  return count === 0 ? 0 : (a.ends[count - 1] ?? 0);
}
