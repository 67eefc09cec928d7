import { asFoilError, FoilError, isAbort } from '../../errors.ts';
import type { ChatModel, Retry } from '../../ports.ts';
import type { Role, Session } from '../../session/schema.ts';
import { Channel, type Telling, told } from '../channel.ts';
import { SimulationControl } from './control.ts';
import { converse, type Job, jobKey, sessionSeed } from './converse.ts';
import { countDiagnostics, diagnosticsSchema, NO_DIAGNOSTICS } from './diagnostics.ts';
import { foldTurns, type TurnRecord } from './journal.ts';
import { Meter } from './meter.ts';
import { Shelf } from './shelf.ts';
import type { SimulateEvent, SimulatePorts, SimulateRequest, StopReason } from './types.ts';

/** Failures of one session, after which the others go on: its models say nothing more, or it is too long for them. */
const OF_ONE_SESSION: ReadonlySet<string> = new Set([
  'empty-reply',
  'said-nothing',
  'turn-too-long',
  'prompt-too-long',
]);

const PROGRESS_MS = 200;

/**
 * Sessions of a simulator with chatbots on given contexts (Algorithm 1, line 4), several at once. The same seed gives the same
 * sessions, in the same order in the corpus, however many run at once and however often the run was cut off.
 *
 * @param control pauses the run and lets it go on.
 * @throws FoilError when an endpoint fails for good, or the signal's reason; what is done is kept, and the same request goes on.
 */
export async function* simulate(
  request: SimulateRequest,
  ports: SimulatePorts,
  signal: AbortSignal,
  control = new SimulationControl(),
): AsyncGenerator<SimulateEvent, void, undefined> {
  yield* told(new Run(request, ports, signal, control));
}

class Run implements Telling<SimulateEvent> {
  readonly events = new Channel<SimulateEvent>();
  private readonly request: SimulateRequest;
  private readonly ports: SimulatePorts;
  private readonly control: SimulationControl;
  private readonly outer: AbortSignal;
  private readonly inner = new AbortController();
  private readonly meter: Meter;
  private readonly shelf: Shelf;
  private readonly begun: Map<string, TurnRecord[]>;
  private readonly inCorpus: Set<string>;
  private readonly failures = new Map<string, number>();
  private readonly open = new Set<string>();
  private diagnostics = NO_DIAGNOSTICS;
  private stopped: StopReason | null = null;
  private fatal: unknown = null;
  private count = { finished: 0, skipped: 0, resumed: 0, failed: 0, running: 0, turns: 0, retries: 0 };
  private shownAt = Number.NEGATIVE_INFINITY;

  constructor(request: SimulateRequest, ports: SimulatePorts, signal: AbortSignal, control: SimulationControl) {
    this.request = request;
    this.ports = ports;
    this.control = control;
    this.outer = signal;
    this.meter = new Meter(request.budget ?? {}, ports.clock);
    this.shelf = new Shelf((sessions) => this.keep(sessions), ports.clock);
    this.begun = foldTurns(ports.journal.records);
    this.inCorpus = new Set(request.done);
  }

  /** No request starts any more, and those that are out are dropped. */
  stop(): void {
    this.inner.abort();
  }

  async go(): Promise<void> {
    const unlisten = this.control.onChange((paused) => {
      this.events.push({ type: paused ? 'paused' : 'unpaused' });
      this.progress(true);
    });
    const stop = () => this.stop();
    this.outer.addEventListener('abort', stop, { once: true });
    if (this.outer.aborted) stop();
    try {
      const plan = this.plan();
      const workers = this.request.atOnce ?? sessionsAtOnce([this.request.simulator, ...this.request.chatbots]);
      await Promise.all(Array.from({ length: workers }, () => this.work(plan)));
      await this.shelf.close();
      if (this.outer.aborted) this.fatal ??= this.outer.reason;
    } catch (error) {
      this.fatal ??= error;
    } finally {
      unlisten();
      this.outer.removeEventListener('abort', stop);
      await this.ports.journal
        .close((id) => this.inCorpus.has(id))
        .catch((error: unknown) => {
          this.fatal ??= error;
        });
      if (this.fatal) this.stopped = isAbort(this.fatal) ? 'cancelled' : 'failed';
      this.progress(true);
      this.events.push({ type: 'done', summary: this.summary() });
      this.events.close();
    }
    if (this.fatal) throw this.fatal;
  }

  private async *plan(): AsyncGenerator<Job, void, undefined> {
    const { simulator, chatbots, contexts, perContext, seed } = this.request;
    let place = 0;
    for await (const source of contexts) {
      for (const chatbot of chatbots) {
        for (let k = 0; k < perContext; k += 1) {
          const id = `${simulator.name}.${chatbot.name}.${source.id}.${k}`;
          if (this.inCorpus.has(id)) {
            this.count.skipped += 1;
            this.events.push({ type: 'skipped', id });
            continue;
          }
          yield { place, id, source, chatbot, seed: sessionSeed(seed, source, k) };
          place += 1;
        }
      }
    }
  }

  /** Takes sessions of the plan one after the other, beside other workers. */
  private async work(plan: AsyncGenerator<Job, void, undefined>): Promise<void> {
    const { signal } = this.inner;
    while (!signal.aborted && !this.stopped && !this.fatal) {
      try {
        const next = await plan.next();
        if (next.done) return;
        await this.one(next.value);
        this.fatal ??= this.shelf.failed;
      } catch (error) {
        // Those beside it would only fail in the same way.
        if (!(isAbort(error) && signal.aborted)) this.fatal ??= error;
        this.stop();
        return;
      }
    }
  }

  private async one(job: Job): Promise<void> {
    const { request, meter } = this;
    const { signal } = this.inner;
    const key = jobKey(job, request, request.describe?.(job.chatbot.name));
    let begun = this.begun.get(job.id) ?? [];
    if (begun.length > 0 && begun[0]?.key !== key) {
      this.events.push({ type: 'restarted', id: job.id });
      begun = [];
    }
    if (begun.length > 0) {
      this.count.resumed += 1;
      this.open.add(job.id);
      this.events.push({ type: 'resumed', id: job.id, turns: begun.length });
    }
    this.count.running += 1;
    try {
      const session = await converse(
        job,
        key,
        begun,
        {
          ...{ request, meter, journal: this.ports.journal },
          mayAsk: () => this.mayAsk(),
          onTurn: (of, record) => this.onTurn(of, record),
          onRetry: (of, role, retry) => this.onRetry(of, role, retry),
        },
        signal,
      );
      if (!session) return;
      session.meta['created'] = this.ports.clock.now().toISOString();
      this.open.delete(job.id);
      this.shelf.put(job.place, session);
    } catch (error) {
      const failure = asFoilError(error);
      if (!(error instanceof FoilError) || !failure || !OF_ONE_SESSION.has(failure.code)) throw error;
      this.count.failed += 1;
      this.failures.set(failure.code, (this.failures.get(failure.code) ?? 0) + 1);
      this.events.push({ type: 'failed', id: job.id, error: failure });
      this.shelf.put(job.place, null);
    } finally {
      this.count.running -= 1;
    }
  }

  private async mayAsk(): Promise<boolean> {
    await this.control.pass(this.inner.signal);
    this.stopped ??= this.control.finishing ? 'cancelled' : this.meter.exhausted;
    return this.stopped === null;
  }

  private onTurn(job: Job, { role, text, end }: TurnRecord): void {
    this.count.turns += 1;
    this.open.add(job.id);
    this.events.push({ type: 'turn', id: job.id, role, text, end });
    this.progress(false);
  }

  private onRetry(job: Job, role: Role, retry: Retry): void {
    this.count.retries += 1;
    this.events.push({ type: 'retry', id: job.id, role, ...retry });
    this.progress(false);
  }

  private async keep(sessions: readonly Session[]): Promise<void> {
    await this.ports.append(sessions);
    for (const session of sessions) {
      this.inCorpus.add(session.id);
      this.count.finished += 1;
      this.diagnostics = countDiagnostics(this.diagnostics, diagnosticsSchema.parse(session.meta['diagnostics']));
      this.events.push({ type: 'session', session });
    }
    this.progress(false);
  }

  private progress(last: boolean): void {
    const now = this.ports.clock.now().getTime();
    if (!last && now - this.shownAt < PROGRESS_MS) return;
    this.shownAt = now;
    const { count, meter, request } = this;
    const { prompt, completion } = meter.tokens;
    const of =
      request.contextCount === undefined ? null : request.contextCount * request.perContext * request.chatbots.length;
    const { seconds } = meter;
    const perSecond = count.finished > 0 && seconds > 0 ? count.finished / seconds : null;
    const left = of === null ? null : of - count.skipped - count.finished - count.failed;
    this.events.push({
      type: 'progress',
      progress: {
        ...{ finished: count.finished, skipped: count.skipped, failed: count.failed, of, running: count.running },
        ...{ turns: count.turns, retries: count.retries, tokens: prompt + completion, money: meter.money },
        perMinute: perSecond === null ? null : perSecond * 60,
        secondsLeft: perSecond === null || left === null ? null : left / perSecond,
      },
    });
  }

  private summary(): Extract<SimulateEvent, { type: 'done' }>['summary'] {
    const { count, meter } = this;
    return {
      ...{ sessions: count.finished, skipped: count.skipped, resumed: count.resumed, unfinished: this.open.size },
      failed: Object.fromEntries(this.failures),
      turns: count.turns,
      retries: meter.retries,
      tokens: meter.tokens,
      money: meter.money,
      seconds: meter.seconds,
      diagnostics: this.diagnostics,
      stopped: this.stopped,
    };
  }
}

/** Sessions at once: each has one request out at most, so the place that serves the fewest well decides. */
export function sessionsAtOnce(models: readonly ChatModel[]): number {
  return Math.min(...models.map(({ place }) => place?.atOnce ?? 1));
}
