import { asFoilError, FoilError, isAbort } from '../../errors.ts';
import {
  type AnnotatedSession,
  type Annotation,
  annotatedSession,
  type Mark,
  type Unit,
  unitsOf,
} from '../../evaluate/behaviour/annotations.ts';
import { taxonomyName } from '../../evaluate/behaviour/taxonomy.ts';
import type { AnnotationStore, Annotator, Clock, Retry } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { Channel, type Telling, told } from '../channel.ts';
import { Meter } from '../simulate/meter.ts';
import type { Budget, StopReason, Summary } from '../simulate/types.ts';

export interface AnnotateRequest {
  readonly annotator: Annotator;
  readonly sessions: AsyncIterable<Session> | Iterable<Session>;
  /** Number of sessions if it is known, for the time left. */
  readonly sessionCount?: number | undefined;
  /** Only kept answers; nothing is asked for. */
  readonly keptOnly?: boolean | undefined;
  readonly atOnce?: number | undefined;
  readonly budget?: Budget | undefined;
}

export interface AnnotatePorts {
  readonly clock: Clock;
  /** Kept answers of this annotator. */
  readonly store: AnnotationStore;
  /** A digest of a text that two texts do not share. */
  readonly hash: (text: string) => string;
}

export type AnnotateEvent =
  /** Durable, where the annotator's answers are kept. `cached`: an earlier answer about the same content. */
  | { readonly type: 'annotation'; readonly annotation: Annotation; readonly cached: boolean }
  /** All of a session that could be annotated is; comes in the order in which sessions are done. */
  | { readonly type: 'session'; readonly session: AnnotatedSession }
  /** This unit has no annotation; the others go on. */
  | { readonly type: 'failed'; readonly session: string; readonly turn: number | null; readonly error: FoilError }
  | {
      readonly type: 'invalid';
      readonly session: string;
      readonly turn: number | null;
      readonly attempt: number;
      readonly reason: string;
    }
  | ({ readonly type: 'retry'; readonly session: string; readonly turn: number | null } & Retry)
  /** Lossy: a few a second at most. */
  | { readonly type: 'progress'; readonly progress: AnnotateProgress }
  /** The last event, also of a run that was stopped. */
  | { readonly type: 'done'; readonly summary: AnnotateSummary };

interface Counts {
  /** Sessions all of whose units have an answer. */
  readonly sessions: number;
  /** Sessions that miss some, or all. */
  readonly partial: number;
  /** Units with an answer, of which `cached` are earlier ones. */
  readonly annotated: number;
  readonly cached: number;
  /** Units without one, because they failed. */
  readonly failed: number;
  /** Units that were not asked about: a budget, a stop, or `keptOnly`. */
  readonly unasked: number;
  /** Answers that were not valid, each asked for again while attempts were left. */
  readonly invalid: number;
}

export interface AnnotateProgress extends Counts {
  readonly of: number | null;
  readonly tokens: number;
  readonly money: number | null;
  readonly secondsLeft: number | null;
}

export interface AnnotateSummary extends Counts {
  readonly failures: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly retries: Readonly<Record<string, number>>;
  readonly tokens: Summary['tokens'];
  readonly money: number | null;
  readonly seconds: number;
  readonly stopped: StopReason | null;
}

/** Failures of one unit, after which the others go on. Everything else would only fail again. */
const OF_ONE_UNIT: ReadonlySet<string> = new Set([
  'bad-annotation',
  'prompt-too-long',
  'stream-cut',
  'endpoint-failed',
]);
/** So many units in a row that the endpoint fails: it is broken, and money should not be spent on finding that out. */
const BROKEN_AFTER = 20;
const PROGRESS_MS = 200;
const NONE = { sessions: 0, partial: 0, annotated: 0, cached: 0, failed: 0, unasked: 0, invalid: 0, requests: 0 };

/**
 * Annotates sessions, each answer durable before it is told. What was answered about the same content before is not asked
 * for again, so the same call goes on after a stop, a budget or kill -9. A unit that fails is counted, never guessed: it is
 * missing from its session and is asked about by the next call.
 * @throws FoilError of an endpoint that cannot be used at all; the signal's reason. `done` comes before in both cases.
 */
export async function* annotate(
  request: AnnotateRequest,
  ports: AnnotatePorts,
  signal: AbortSignal,
): AsyncGenerator<AnnotateEvent, void, undefined> {
  yield* told(new Run(request, ports, signal));
}

/** A session on its way: what is found, and how many units are left. */
interface Open {
  readonly session: Session;
  readonly found: { readonly turn: number | null; readonly marks: readonly Mark[] }[];
  left: number;
  readonly units: number;
}

class Run implements Telling<AnnotateEvent> {
  readonly events = new Channel<AnnotateEvent>();
  private readonly request: AnnotateRequest;
  private readonly ports: AnnotatePorts;
  private readonly outer: AbortSignal;
  private readonly inner = new AbortController();
  private readonly meter: Meter;
  private readonly failures = new Map<string, number>();
  private readonly count = { ...NONE };
  private brokenInRow = 0;
  private stopped: StopReason | null = null;
  private fatal: unknown = null;
  private shownAt = Number.NEGATIVE_INFINITY;

  constructor(request: AnnotateRequest, ports: AnnotatePorts, signal: AbortSignal) {
    this.request = request;
    this.ports = ports;
    this.outer = signal;
    this.meter = new Meter(request.budget ?? {}, ports.clock);
  }

  stop(): void {
    this.inner.abort();
  }

  async go(): Promise<void> {
    const stop = () => this.stop();
    this.outer.addEventListener('abort', stop, { once: true });
    if (this.outer.aborted) stop();
    try {
      const plan = this.plan();
      const workers = this.request.atOnce ?? this.request.annotator.atOnce;
      await Promise.all(Array.from({ length: workers }, () => this.work(plan)));
      if (this.outer.aborted) this.fatal ??= this.outer.reason;
    } catch (error) {
      this.fatal ??= error;
    } finally {
      this.outer.removeEventListener('abort', stop);
      if (this.fatal) this.stopped = isAbort(this.fatal) ? 'cancelled' : 'failed';
      this.progress(true);
      this.events.push({ type: 'done', summary: this.summary() });
      this.events.close();
    }
    if (this.fatal) throw this.fatal;
  }

  private async *plan(): AsyncGenerator<{ open: Open; unit: Unit }, void, undefined> {
    for await (const session of this.request.sessions) {
      const units = unitsOf(session, this.request.annotator.task);
      const open: Open = { session, found: [], left: units.length, units: units.length };
      for (const unit of units) yield { open, unit };
    }
  }

  private async work(plan: AsyncGenerator<{ open: Open; unit: Unit }, void, undefined>): Promise<void> {
    const { signal } = this.inner;
    while (!signal.aborted && !this.fatal) {
      try {
        const next = await plan.next();
        if (next.done) return;
        await this.one(next.value.open, next.value.unit);
      } catch (error) {
        // Those beside it would only fail in the same way.
        if (!(isAbort(error) && signal.aborted)) this.fatal ??= error;
        this.stop();
        return;
      }
    }
  }

  private async one(open: Open, unit: Unit): Promise<void> {
    const { annotator } = this.request;
    const key = annotator.kept ? this.ports.hash(annotator.content(unit)) : '-';
    const known = annotator.kept ? this.ports.store.get(key) : undefined;
    this.stopped ??= this.meter.exhausted;
    if (known) this.answered(open, unit, { ...known, session: unit.session.id, turn: unit.turn }, true);
    else if (this.request.keptOnly || this.stopped) this.count.unasked += 1;
    else await this.ask(open, unit, key);
    open.left -= 1;
    if (open.left === 0) {
      this.count[open.found.length === open.units ? 'sessions' : 'partial'] += 1;
      this.events.push({ type: 'session', session: annotatedSession(open.session, annotator.task, open.found) });
    }
    this.progress(false);
  }

  private async ask(open: Open, unit: Unit, key: string): Promise<void> {
    const { annotator } = this.request;
    const { meter, count } = this;
    const at = { session: unit.session.id, turn: unit.turn };
    let counted = 0;
    let asked = 1;
    const prompt = () => (annotator.kept ? annotator.content(unit).length : 0);
    try {
      const { marks, attempts } = await annotator.annotate(
        unit,
        {
          onUsage: (usage) => {
            counted += 1;
            meter.count(annotator, usage, { prompt: 0, reply: 0 });
          },
          onRetry: (retry) => {
            meter.retry(annotator, retry, prompt());
            this.events.push({ type: 'retry', ...at, ...retry });
          },
          onInvalid: (attempt, reason) => {
            count.invalid += 1;
            asked = attempt;
            this.events.push({ type: 'invalid', ...at, attempt, reason });
          },
        },
        this.inner.signal,
      );
      asked = attempts;
      const annotation: Annotation = {
        ...{ schema: 1, key, task: annotator.task, annotator: annotator.name },
        ...{ taxonomy: taxonomyName(annotator.taxonomy), ...at, marks, attempts },
        at: this.ports.clock.now().toISOString(),
      };
      if (annotator.kept) await this.ports.store.append(annotation);
      this.brokenInRow = 0;
      this.answered(open, unit, annotation, false);
    } catch (error) {
      const failure = asFoilError(error);
      if (!(error instanceof FoilError) || !failure || !OF_ONE_UNIT.has(failure.code)) throw error;
      this.brokenInRow = failure.code === 'endpoint-failed' || failure.code === 'stream-cut' ? this.brokenInRow + 1 : 0;
      count.failed += 1;
      this.failures.set(failure.code, (this.failures.get(failure.code) ?? 0) + 1);
      this.events.push({ type: 'failed', ...at, error: failure });
      if (this.brokenInRow >= BROKEN_AFTER) throw failure;
    } finally {
      count.requests += annotator.kept ? asked : 0;
      for (let uncounted = counted; annotator.kept && uncounted < asked; uncounted += 1) {
        meter.count(annotator, null, { prompt: prompt(), reply: annotator.answerTokens * 4 });
      }
    }
  }

  private answered(open: Open, { turn }: Unit, annotation: Annotation, cached: boolean): void {
    this.count.annotated += 1;
    if (cached) this.count.cached += 1;
    open.found.push({ turn, marks: annotation.marks });
    this.events.push({ type: 'annotation', annotation, cached });
  }

  private progress(last: boolean): void {
    const now = this.ports.clock.now().getTime();
    if (!last && now - this.shownAt < PROGRESS_MS) return;
    this.shownAt = now;
    const { requests: _, ...counts } = this.count;
    const { prompt, completion } = this.meter.tokens;
    const of = this.request.sessionCount ?? null;
    const done = counts.sessions + counts.partial;
    const secondsLeft = of === null || done === 0 ? null : (this.meter.seconds / done) * (of - done);
    const progress = { ...counts, of, tokens: prompt + completion, money: this.meter.money, secondsLeft };
    this.events.push({ type: 'progress', progress });
  }

  private summary(): AnnotateSummary {
    const { count, meter } = this;
    return {
      ...count,
      failures: Object.fromEntries(this.failures),
      ...{ retries: meter.retries, tokens: meter.tokens, money: meter.money, seconds: meter.seconds },
      stopped: this.stopped,
    };
  }
}
