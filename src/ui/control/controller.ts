import { createStore, type StoreApi } from 'zustand/vanilla';
import { asFoilError, formatError } from '../../core/errors.ts';
import { MANUAL_SET } from '../../core/preference/schema.ts';
import type { LiveSession } from '../../core/session/schema.ts';
import { Channel } from '../../core/workflows/channel.ts';
import { someContext } from '../../core/workflows/contexts.ts';
import { converse } from '../../core/workflows/converse/converse.ts';
import type { ConverseCommand, ConverseEvent } from '../../core/workflows/converse/types.ts';
import { batch } from '../batch.ts';
import { type ComposerAction, composerReducer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { reduceEvent } from '../state/events.ts';
import { type AppState, initialState } from '../state/state.ts';
import { appCommand } from './app-commands.ts';
import { chatCommand } from './chat-commands.ts';
import { Evaluations } from './evaluate.ts';
import { evaluateCommand } from './evaluate-commands.ts';
import { endLabelling } from './labelling.ts';
import { LoopsWatch } from './loop.ts';
import { loopCommand } from './loop-commands.ts';
import { overlayCommand } from './overlay-commands.ts';
import { ReviewSitting } from './review.ts';
import { reviewCommand } from './review-commands.ts';
import { runsCommand } from './runs-commands.ts';
import { RunsWatch } from './runs-watch.ts';
import { sessionsCommand } from './sessions-commands.ts';
import { editText } from './text.ts';
import { endTuring } from './turing.ts';
import type { Workbench } from './workbench.ts';

/** Deltas wait this long for company: one commit of React a batch, not one a token. */
const BATCH_MS = 40;

/**
 * Between keys and workflows: turns commands of the key table into commands of `converse` and changes of the store, and
 * events into state. Holds no state of its own but the running session's channel.
 */
export class Controller {
  readonly store: StoreApi<AppState>;
  readonly bench: Workbench;
  readonly runs: RunsWatch;
  readonly review: ReviewSitting;
  readonly loop: LoopsWatch;
  readonly evaluations: Evaluations;
  /** Called to leave; set by the app. */
  quit: () => void = () => {};
  /** Runs something with the terminal handed over; set by the app. */
  withTerminal: <T>(work: () => Promise<T>) => Promise<T> = (work) => work();
  private channel: Channel<ConverseCommand> | null = null;
  private abort: AbortController | null = null;
  private readonly lifetime = new AbortController();
  private readonly deltas = batch<ConverseEvent>(BATCH_MS, (events) => {
    this.set((state) => events.reduce(reduceEvent, state));
  });

  constructor(bench: Workbench, size: AppState['size']) {
    this.bench = bench;
    this.store = createStore<AppState>(() => initialState(size, bench.seats, bench.roles));
    this.runs = new RunsWatch(this);
    this.review = new ReviewSitting(this);
    this.loop = new LoopsWatch(this);
    this.evaluations = new Evaluations(this);
    this.store.subscribe(() => {
      this.runs.sync();
      this.review.sync();
      this.loop.sync();
    });
  }

  get state(): AppState {
    return this.store.getState();
  }

  set(change: (state: AppState) => AppState): void {
    this.store.setState(change(this.state), true);
  }

  get signal(): AbortSignal {
    return this.lifetime.signal;
  }

  /** Opens the first session and makes the models ready behind it. */
  async start(): Promise<void> {
    this.guard(async () => {
      const models = await this.bench.ports.models.list();
      this.set((state) => ({ ...state, models }));
    });
    this.prepare();
    await (this.bench.open ? this.openSession(this.bench.open) : this.newSession());
    this.guard(() => this.lookAtPairs());
  }

  /** What is skipped in the files of pairs is said now: when a pair is saved, that would cover it. */
  private async lookAtPairs(): Promise<void> {
    let problems = 0;
    this.bench.onProblem((problem) => {
      problems += 1;
      const all = problems > 1 ? ` (${problems} such lines: foil doctor lists them)` : '';
      this.tell('warn', `${formatError(problem).replaceAll('\n', ' ')}${all}`);
    });
    await this.bench.ports.pairs.list(MANUAL_SET).catch((error: unknown) => {
      if (asFoilError(error)?.code !== 'unknown-set') throw error;
    });
  }

  /** Starts or restarts the engine in the background. */
  prepare(): void {
    const onState = (engine: AppState['engine']) => this.set((state) => ({ ...state, engine }));
    this.bench.prepare(onState, this.lifetime.signal).catch((error: unknown) => {
      const known = asFoilError(error);
      if (!known) return;
      this.set((state) => ({
        ...state,
        engine: { status: 'failed', detail: known.message },
        message: { tone: 'error', text: formatError(known).replaceAll('\n', ' ') },
      }));
    });
  }

  /** Ends what runs and gives the session to a fresh workflow; `first` opens it, if it is empty. */
  async openSession(session: LiveSession, first = this.bench.first): Promise<void> {
    this.closeSession();
    const channel = new Channel<ConverseCommand>();
    const abort = new AbortController();
    this.channel = channel;
    this.abort = abort;
    const { seats } = this.state.chat;
    const { ports, contextBudget, alternatives, maxUserTurns } = this.bench;
    this.set((state) => {
      const fresh = initialState(state.size, seats, state.roles);
      const { composer, showScores, showTree, focus } = state.chat;
      const chat = { ...fresh.chat, session, composer, showScores, showTree, focus };
      return { ...state, screen: 'chat', overlays: [], message: null, chat };
    });
    const options = { seats, first, contextBudget, alternatives, maxUserTurns };
    const workflow = converse(ports, session, options, channel, abort.signal);
    this.guard(async () => {
      for await (const event of workflow) {
        if (abort.signal.aborted) continue;
        if (event.type === 'delta') this.deltas.push(event);
        else {
          // What must be delivered waits for nothing, but comes after the deltas before it.
          this.deltas.flush();
          this.set((state) => reduceEvent(state, event));
        }
      }
    });
    // An opened session is judged by the discriminator in use, where it was not yet.
    if (session.nodes.length > 0) this.send({ type: 'retry' });
  }

  send(command: ConverseCommand): void {
    this.channel?.push(command);
  }

  /** Opens a new session with a context from the corpora, not one with risk language; empty where there is none. */
  async newSession(): Promise<void> {
    const { ports, roles } = this.bench;
    const at = ports.clock.now().toISOString();
    const { context, first } = await someContext(ports.sessions, this.bench.newSeed());
    const session: LiveSession = {
      schema: 1,
      id: ports.newId('live'),
      created: at,
      updated: at,
      context,
      nodes: [],
      head: null,
      roles: this.state.chat.session?.roles ?? roles,
      seed: this.bench.newSeed(),
    };
    await this.openSession(session, first);
  }

  /** Runs work whose failure is shown, not thrown. */
  guard(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => this.fail(error));
  }

  fail(error: unknown): void {
    const known = asFoilError(error);
    if (known) this.tell('error', formatError(known).replaceAll('\n', ' '));
  }

  tell(tone: 'ok' | 'warn' | 'error' | 'dim', text: string): void {
    this.set((state) => ({ ...state, message: { tone, text } }));
  }

  /** A command of the key table. */
  command(command: Command): void {
    if (command !== 'app.cancel' && this.state.leaving) this.set((state) => ({ ...state, leaving: false }));
    const handled = [
      ...[
        appCommand,
        overlayCommand,
        reviewCommand,
        runsCommand,
        loopCommand,
        evaluateCommand,
        sessionsCommand,
        chatCommand,
      ],
    ].some((handle) => handle(this, command));
    if (!handled) this.tell('warn', `${command} does nothing here`);
  }

  /** A change of the text field that has the focus. */
  edit(action: ComposerAction): void {
    editText(this, action);
  }

  refuse(reason: string): void {
    this.tell('warn', reason);
  }

  resize(columns: number, rows: number): void {
    const { size } = this.state;
    if (size.columns === columns && size.rows === rows) return;
    this.set((state) => ({ ...state, size: { columns, rows } }));
    const composer = composerReducer(this.state.chat.composer, { type: 'resize', width: columns - 2 });
    this.set((state) => ({ ...state, chat: { ...state.chat, composer } }));
  }

  closeSession(): void {
    this.channel?.close();
    this.abort?.abort();
    this.deltas.flush();
  }

  /** Ends everything; what is finished is saved already. Resolves when what was being written is too. */
  async stop(): Promise<void> {
    this.closeSession();
    this.runs.stop();
    this.review.stop();
    endLabelling();
    endTuring();
    this.lifetime.abort();
    this.deltas.stop();
    await Promise.all([this.loop.leave(), this.evaluations.leave()]);
  }
}
