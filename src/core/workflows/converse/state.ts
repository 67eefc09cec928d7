import { asFoilError, FoilError } from '../../errors.ts';
import type { Ports } from '../../ports.ts';
import type { PromptTurn } from '../../prompt/messages.ts';
import type { LiveSession, Role, TurnNode } from '../../session/schema.ts';
import { nextRole, pathTo } from '../../session/tree.ts';
import type { Activity, ConverseEvent, ConverseOptions, Seat, Seats } from './types.ts';

/** What the commands of `converse` share: one session, its seats, and what is under way. */
export class ConversationState {
  readonly ports: Ports;
  readonly options: ConverseOptions;
  readonly emit: (event: ConverseEvent) => void;
  private current: LiveSession;
  private seated: Seats;
  private isRunning = false;
  private task: AbortController | null = null;
  private readonly closing = new AbortController();

  constructor(ports: Ports, session: LiveSession, options: ConverseOptions, emit: (event: ConverseEvent) => void) {
    this.ports = ports;
    this.current = session;
    this.options = options;
    this.emit = emit;
    this.seated = options.seats;
  }

  get session(): LiveSession {
    return this.current;
  }

  get seats(): Seats {
    return this.seated;
  }

  get running(): boolean {
    return this.isRunning;
  }

  announce(): void {
    this.emit({ type: 'session', session: this.current });
    this.announceSeats();
  }

  setSeat(role: Role, seat: Seats[Role]): void {
    this.seated = { ...this.seated, [role]: seat };
    this.announceSeats();
  }

  setRunning(running: boolean): void {
    if (running === this.isRunning) return;
    this.isRunning = running;
    this.announceSeats();
  }

  /** Ends running; with `cancel` also what is being computed. Safe at any time, from outside the queue. */
  interrupt(cancel: boolean): void {
    this.setRunning(false);
    if (cancel) this.task?.abort();
  }

  /** The session is left: what runs is cancelled, and nothing else begins. Saving goes on. */
  close(): void {
    this.setRunning(false);
    this.closing.abort();
  }

  report(error: unknown): void {
    this.setRunning(false);
    const known = asFoilError(error);
    if (known) this.emit({ type: 'error', error: known, retry: this.head()?.partial === true });
  }

  /** Saves the session, and only then lets anybody see it. */
  async change(session: LiveSession): Promise<void> {
    await this.ports.sessions.saveLive(session);
    this.current = session;
    this.emit({ type: 'session', session });
  }

  /** Runs one cancellable piece of work and shows it as the activity. @throws AbortError once the session is left. */
  async during<R>(activity: Activity, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    this.closing.signal.throwIfAborted();
    const task = new AbortController();
    this.task = task;
    this.emit({ type: 'activity', activity });
    try {
      return await work(AbortSignal.any([task.signal, this.closing.signal]));
    } finally {
      this.task = null;
      this.emit({ type: 'activity', activity: null });
    }
  }

  path(id: number | null = this.current.head): TurnNode[] {
    return pathTo(this.current, id);
  }

  /** h_t as a prompt: a reply that was cut off is not part of what was said. */
  prompt(id: number | null = this.current.head): PromptTurn[] {
    return this.path(id).filter((node) => !node.partial);
  }

  head(): TurnNode | undefined {
    return this.current.head === null ? undefined : this.current.nodes[this.current.head];
  }

  /** Where the next turn is hung: a partial turn at the head is replaced, not answered. */
  nextParent(): number | null {
    const head = this.head();
    return head?.partial ? head.parent : this.current.head;
  }

  /**
   * Whose turn it is. An empty session is opened by whoever acts: `by` is the one seat that a person (or a model) holds,
   * or `options.first` where both are alike. @throws FoilError `session-over` after the end.
   */
  turnOf(by: Seat): Role {
    const { user, assistant } = this.seated;
    const opener = user === assistant ? this.options.first : user === by ? 'user' : 'assistant';
    const role = nextRole(this.path(), opener);
    if (role) return role;
    throw new FoilError('session-over', 'the session has ended', {
      remedy: 'go back to an earlier turn and branch there, or start a new session',
    });
  }

  node(id: number): TurnNode {
    const node = this.current.nodes[id];
    if (node) return node;
    throw new FoilError('no-turn', `this session has no turn ${id}`, { remedy: 'pick a turn of the open session' });
  }

  /** A whole user turn: what was cut off is nobody's utterance, and no side of a comparison. */
  userNode(id: number): TurnNode {
    const node = this.node(id);
    if (node.role !== 'user') {
      throw new FoilError('not-user-turn', 'only user turns have alternatives', { remedy: 'select a user turn' });
    }
    if (!node.partial) return node;
    throw new FoilError('partial-turn', 'the turn was cut off, so there is nothing to compare', {
      remedy: 'ask for it again (retry) first',
    });
  }

  /** z_{t-1} of a turn, from the scores on its own branch. */
  zBefore(node: TurnNode, discriminator: string, logitP0: number): number {
    const before = this.path(node.parent).findLast((other) => other.scores[discriminator]);
    return before?.scores[discriminator]?.z ?? logitP0;
  }

  private announceSeats(): void {
    this.emit({ type: 'seats', seats: this.seated, running: this.isRunning });
  }
}
