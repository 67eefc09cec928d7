import type { Clock } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';

/** At most this part of the time goes into writing to the corpus: its index costs more than the sessions. */
const WRITING = 0.1;
const LONGEST_WAIT_MS = 2000;

/**
 * Finished sessions on their way to the corpus, in the order of the plan, whichever ended first: the same command gives the
 * same file. What waits here is durable in the journal already, so it is written in batches.
 */
export class Shelf {
  private readonly ready = new Map<number, Session | null>();
  private next = 0;
  private writing: Promise<void> | null = null;
  private failure: unknown = null;
  private readonly hurried = new AbortController();
  private readonly write: (sessions: readonly Session[]) => Promise<void>;
  private readonly clock: Clock;

  /** @param write makes sessions durable in the corpus and says so. */
  constructor(write: (sessions: readonly Session[]) => Promise<void>, clock: Clock) {
    this.write = write;
    this.clock = clock;
  }

  /** What became of a place of the plan: a session, or null for none. */
  put(place: number, session: Session | null): void {
    this.ready.set(place, session);
    this.writing ??= this.pump();
  }

  /** Writes all that is finished, also behind places that are not. @throws what a write failed with. */
  async close(): Promise<void> {
    this.hurried.abort();
    await this.writing;
    const rest = [...this.ready].toSorted(([a], [b]) => a - b).flatMap(([, session]) => session ?? []);
    this.ready.clear();
    if (this.failure) throw this.failure;
    if (rest.length > 0) await this.write(rest);
  }

  /** Why writing failed; null if it did not. */
  get failed(): unknown {
    return this.failure;
  }

  private async pump(): Promise<void> {
    // Else a pump with nothing to write would end before `writing` holds it, which would then hold it for good.
    await null;
    try {
      for (let batch = this.takeReady(); batch.length > 0; batch = this.takeReady()) {
        const begun = this.clock.now().getTime();
        await this.write(batch);
        const waitMs = Math.min(LONGEST_WAIT_MS, ((this.clock.now().getTime() - begun) * (1 - WRITING)) / WRITING);
        await this.clock.sleep(waitMs, this.hurried.signal).catch(() => undefined);
      }
    } catch (error) {
      this.failure = error;
    } finally {
      this.writing = null;
    }
  }

  private takeReady(): Session[] {
    const batch: Session[] = [];
    for (let session = this.ready.get(this.next); session !== undefined; session = this.ready.get(this.next)) {
      this.ready.delete(this.next);
      this.next += 1;
      if (session) batch.push(session);
    }
    return this.failure ? [] : batch;
  }
}
