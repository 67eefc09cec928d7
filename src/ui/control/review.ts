import { asFoilError } from '../../core/errors.ts';
import { Channel } from '../../core/workflows/channel.ts';
import type { ReviewCommand, ReviewEvent, ReviewOptions } from '../../core/workflows/review/types.ts';
import { MIN_COLUMNS, MIN_ROWS } from '../layout.ts';
import { newReview, pairKey, type ReviewUi, reduceReview } from '../state/review.ts';
import type { AppState } from '../state/state.ts';
import type { Controller } from './controller.ts';

/**
 * A pair that was on the screen for less is not judged: nobody reads and answers faster (a reaction to a mere flash takes
 * about 200 ms), so such a key was meant for the pair before, bounced, or comes of a key held down.
 */
const SEEN_MS = 150;

/** Commands that judge what is shown, and so need it to have been seen. */
const JUDGES: readonly ReviewCommand['type'][] = ['approve', 'reject', 'skip', 'pick', 'swap'];
/** Commands after which the same pair still shows. */
const STAYS: readonly ReviewCommand['type'][] = ['swap', 'note', 'edit'];

/** Events that a pair follows. */
const FIRST: readonly ReviewEvent['type'][] = ['decided', 'amended', 'undone'];

interface Typed {
  readonly command: ReviewCommand;
  /** ms of performance.now(). */
  readonly at: number;
}

/**
 * The sitting of the Review screen. Keys wait in the order in which they were typed, and each is looked at only when the
 * one before it has been written and its pair shown; so none is lost, and none judges a pair that was not on the screen
 * when it was typed.
 */
export class ReviewSitting {
  private readonly control: Controller;
  private keys: Channel<Typed> | null = null;
  private abort: AbortController | null = null;
  /** Commands typed and not yet done after which another pair may show. */
  private moving = 0;
  /** The pair that can be seen now, and since when; null while something covers it. */
  private onScreen: string | null = null;
  private since = 0;
  private readonly seen = new Set<string>();

  constructor(control: Controller) {
    this.control = control;
  }

  /** Opens the sets, or reads them again where they are open: Chat and `foil mine` write too. */
  open(): void {
    if (this.keys) this.type({ type: 'reload' });
    else this.begin();
  }

  /** Opens the pairs of one set that are not decided yet. */
  openSet(set: string): void {
    const filter = { decided: 'pending' as const, sets: [set] };
    if (this.keys) {
      this.type({ type: 'reload' });
      this.type({ type: 'options', change: { filter } });
    } else this.begin({ ...(this.control.state.review?.options ?? this.defaults()), filter });
  }

  /** A command of the workflow, when its turn comes. */
  type(command: ReviewCommand): void {
    if (!this.keys) return;
    if (!STAYS.includes(command.type)) this.moving += 1;
    this.keys.push({ command, at: performance.now() });
    const scoring = this.control.state.review?.scoring ?? null;
    if (scoring !== null) this.control.tell('dim', `${scoring} scores the edited side; the key waits for it`);
  }

  /** Another pair may show in a moment, so nothing that is about the present one should be opened. */
  get isMoving(): boolean {
    return this.moving > 0;
  }

  /** Notes what is on the screen; called after each change of the state. */
  sync(): void {
    const shown = visible(this.control.state) ? pairKey(this.control.state.review) : null;
    if (shown === this.onScreen) return;
    const now = performance.now();
    if (this.onScreen !== null && now - this.since >= SEEN_MS) this.seen.add(this.onScreen);
    this.onScreen = shown;
    this.since = now;
  }

  stop(): void {
    this.keys?.close();
    this.abort?.abort();
    this.keys = null;
  }

  private begin(options = this.control.state.review?.options ?? this.defaults()): void {
    const { control } = this;
    const keys = new Channel<Typed>();
    const abort = new AbortController();
    this.keys = keys;
    this.abort = abort;
    this.moving = 0;
    control.set((state) => ({ ...state, review: newReview(options) }));
    this.run(options, keys, abort.signal).catch((error: unknown) => {
      if (abort.signal.aborted) return;
      keys.close();
      this.keys = null;
      const known = asFoilError(error);
      if (known) this.change({ loading: false, failed: known, pair: null });
    });
  }

  private defaults(): ReviewOptions {
    const { reviewer } = this.control.bench;
    const seed = this.control.bench.newSeed();
    return { reviewer, pass: 1, blind: false, seed, order: 'made', filter: { decided: 'pending' } };
  }

  private async run(options: ReviewOptions, keys: Channel<Typed>, signal: AbortSignal): Promise<void> {
    const { pairs, models, clock } = this.control.bench.ports;
    const { review } = await import('../../core/workflows/review/review.ts');
    let waiting: ReviewEvent[] = [];
    for await (const event of review({ pairs, models, clock }, options, this.commands(keys), signal)) {
      if (signal.aborted) return;
      waiting.push(event);
      // what a key did shows with the pair that follows it at once: two frames would make the second wait its turn
      if (FIRST.includes(event.type)) continue;
      const events = waiting;
      waiting = [];
      this.control.set((state) => events.reduce(reduceReview, state));
      // the figures of many pairs take a while, and are counted when the next event is asked for
      if (event.type === 'pair') await painted();
    }
  }

  /** Asked for the next command only when the one before is done and shown. */
  private async *commands(keys: Channel<Typed>): AsyncGenerator<ReviewCommand, void, undefined> {
    for await (const { command, at } of keys) {
      if (JUDGES.includes(command.type) && !this.wasSeen(at)) {
        this.control.tell(
          'warn',
          'that key came before this pair was on the screen: nothing was decided, press it again',
        );
      } else {
        if (command.type === 'reload' || command.type === 'options') this.change({ loading: true });
        yield command;
        if (this.control.state.review?.loading) this.change({ loading: false });
      }
      if (!STAYS.includes(command.type)) this.moving -= 1;
    }
  }

  /** Whether the pair that is current had been on the screen when a key was typed. At the end there is nothing to see. */
  private wasSeen(at: number): boolean {
    const key = pairKey(this.control.state.review);
    if (key === null || this.seen.has(key)) return true;
    return this.onScreen === key && at - this.since >= SEEN_MS;
  }

  private change(next: Partial<ReviewUi>): void {
    this.control.set((state) => (state.review ? { ...state, review: { ...state.review, ...next } } : state));
  }
}

/** After React and Ink have written what changed. */
function painted(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function visible({ screen, overlays, size }: AppState): boolean {
  return screen === 'review' && overlays.length === 0 && size.columns >= MIN_COLUMNS && size.rows >= MIN_ROWS;
}
