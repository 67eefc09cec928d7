import { asFoilError, FoilError, isAbort } from '../../errors.ts';
import type { Source } from '../../evaluate/source.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import { nearest } from '../../fields.ts';
import type { SaidSitting } from '../turing/judged.ts';
import { type AnnotatedSide, annotateSides } from './annotated.ts';
import { encoderInputs, encoderOf, versionOf } from './encoded.ts';
import type { EvaluationRecord, EvaluationRecordOf, Input } from './journal.ts';
import { type Inputs, type Lack, lackOf, METRICS, type Metric, type Need, type Step } from './metrics.ts';
import { scoreSides } from './scored.ts';
import { readSides, type Sides, withCorpora } from './sides.ts';
import { checkSpec, type EvaluationSpec } from './spec.ts';
import type { EvaluateEvent, EvaluatePorts, EvaluationJournal } from './types.ts';

export interface EvaluateRequest {
  readonly spec: EvaluationSpec;
  /** The command line that repeats it, for the record. */
  readonly command: string;
  /** Computes also what nothing has changed of. */
  readonly again?: boolean | undefined;
}

/**
 * Computes the exhibits of an evaluation, each durable before it is told, those first that need no model. What was computed
 * before is kept where nothing that decides it has changed: sessions, scores, annotations, settings. A metric that cannot be
 * computed says why, and the others go on.
 * @throws FoilError for a spec or corpora that cannot be evaluated at all; the signal's reason, whereupon the same call goes on.
 */
export async function* evaluate(
  ports: EvaluatePorts,
  request: EvaluateRequest,
  signal: AbortSignal,
): AsyncGenerator<EvaluateEvent, void, undefined> {
  const { spec } = request;
  checkSpec(spec);
  const metrics = metricsOf(spec);
  const journal = await ports.evaluations.hold(spec.name);
  try {
    yield* new Evaluation(ports, request, journal, metrics, signal).run();
  } finally {
    await journal.close();
  }
}

/** The metrics that a spec asks for, in order. @throws FoilError `unknown-metric`. */
export function metricsOf({ metrics }: Pick<EvaluationSpec, 'metrics'>): Metric[] {
  const ids = METRICS.map(({ id }) => id);
  for (const id of metrics ?? []) {
    if (ids.includes(id)) continue;
    const near = nearest(id, ids);
    throw new FoilError('unknown-metric', `there is no metric "${id}"`, {
      remedy: [...(near ? [`did you mean "${near}"?`] : []), `known: ${ids.join(', ')}`],
    });
  }
  return METRICS.filter(({ id }) => metrics === null || metrics.includes(id));
}

class Evaluation {
  readonly #ports: EvaluatePorts;
  readonly #request: EvaluateRequest;
  readonly #journal: EvaluationJournal;
  readonly #metrics: readonly Metric[];
  readonly #signal: AbortSignal;
  /** Records of earlier runs by metric and key. */
  readonly #known: ReadonlyMap<string, EvaluationRecordOf<'exhibits'>>;
  readonly #count = { computed: 0, kept: 0, missing: 0 };

  constructor(
    ports: EvaluatePorts,
    request: EvaluateRequest,
    journal: EvaluationJournal,
    metrics: readonly Metric[],
    signal: AbortSignal,
  ) {
    this.#ports = ports;
    this.#request = request;
    this.#journal = journal;
    this.#metrics = metrics;
    this.#signal = signal;
    this.#known = new Map(
      journal.records.flatMap((record) =>
        record.type === 'exhibits' ? [[`${record.metric} ${record.key}`, record]] : [],
      ),
    );
  }

  async *run(): AsyncGenerator<EvaluateEvent, void, undefined> {
    const { clock } = this.#ports;
    const { spec, command } = this.#request;
    const started = clock.now().getTime();
    let sides = await readSides(this.#ports.sessions, spec, this.#signal);
    const encoder = this.#metrics.some(({ needs }) => needs.includes('encoder'))
      ? await encoderOf(this.#ports, spec, this.#signal)
      : null;
    const inputs = [...(await this.#inputsOf(sides)), ...encoderInputs(spec, encoder)];
    const begin = {
      ...this.#about(),
      ...{ type: 'begin' as const, foil: this.#ports.foil, command, spec },
      ...{ metrics: this.#metrics.map(({ id }) => id), sides: [...sides.about], inputs },
    };
    await this.#journal.append(begin);
    yield { type: 'begin', begin };
    const notices: string[] = [];
    const notice = (text: string): EvaluateEvent => {
      notices.push(text);
      return { type: 'notice', text };
    };
    for (const text of sides.notices) yield notice(text);

    const base = this.#baseKey(sides, inputs);
    const draws = { draws: spec.draws, seed: spec.seed };
    const { real, simulated, training } = sides;
    const judge = (name: string) => this.#ports.models.discriminator(name, this.#signal);
    const sittings = yield* this.#sittings(notice);
    let state: Inputs = {
      ...{ spec, real, simulated, training, draws, sittings, scorers: [], annotated: { actions: null, issues: null } },
      ...{ encoder, judge, signal: this.#signal },
    };
    const left = new Set(this.#metrics);
    const asked = (need: Need) => [...left].some(({ needs }) => needs.includes(need));
    const ready = (...had: readonly Need[]) =>
      [...left].filter(({ needs }) => needs.every((need) => had.includes(need)));
    const had: Need[] = ['training', 'guesses'];

    const decided: Partial<Record<Need, string>> = {
      training: this.#trainingKey(training, inputs),
      guesses: this.#ports.hash(JSON.stringify(sittings)),
    };
    yield* this.#compute(ready(...had), left, sides, () => state, base, decided);
    decided.encoder = versionOf(encoder);
    had.push('encoder');
    yield* this.#compute(ready(...had), left, sides, () => state, base, decided);
    if (asked('scores')) {
      const scored = yield* scoreSides(this.#ports, spec, sides, this.#signal);
      for (const text of scored.notices) yield notice(text);
      sides = scored.sides;
      state = { ...state, real: sides.real, simulated: sides.simulated, scorers: scored.scorers };
      decided.scores = this.#ports.hash(JSON.stringify([scored.scorers, scored.digest]));
      had.push('scores');
      yield* this.#compute(ready(...had), left, sides, () => state, base, decided);
    }
    for (const task of ['actions', 'issues'] as const) {
      if (!asked(task)) continue;
      const found: AnnotatedSide = yield* annotateSides(this.#ports, spec, task, sides, this.#signal);
      for (const text of found.notices) yield notice(text);
      state = { ...state, annotated: { ...state.annotated, [task]: found.annotated } };
      decided[task] = found.digest;
      had.push(task);
      yield* this.#compute(ready(...had), left, sides, () => state, base, decided);
    }
    const seconds = (clock.now().getTime() - started) / 1000;
    await this.#journal.append({ ...this.#about(), type: 'end', seconds, notices });
    yield { type: 'done', name: spec.name, ...this.#count, seconds };
  }

  /** The sittings of the spec; one that cannot be read is told of, and the others count. */
  async *#sittings(notice: (text: string) => EvaluateEvent): AsyncGenerator<EvaluateEvent, SaidSitting[]> {
    const found: SaidSitting[] = [];
    for (const name of this.#request.spec.turing) {
      try {
        found.push(await this.#ports.sitting(name));
      } catch (error) {
        yield notice(`the sitting ${name} is left out: ${asFoilError(error)?.message ?? String(error)}`);
      }
    }
    return found;
  }

  async *#compute(
    metrics: readonly Metric[],
    left: Set<Metric>,
    sides: Sides,
    inputs: () => Inputs,
    base: string,
    decided: Readonly<Partial<Record<Need, string>>>,
  ): AsyncGenerator<EvaluateEvent> {
    for (const [at, metric] of metrics.entries()) {
      this.#signal.throwIfAborted();
      left.delete(metric);
      yield { type: 'progress', text: metric.title, done: at, of: metrics.length };
      // a long computation blocks whoever draws: what was told before is drawn first
      await this.#ports.clock.sleep(0, this.#signal);
      const why = lackOf(metric, inputs(), this.#request.spec);
      if (why) {
        yield* this.#missing(metric, why);
        continue;
      }
      const parts = metric.needs.map((need) => [need, decided[need] ?? null]);
      const key = this.#ports.hash(
        JSON.stringify([metric.id, metric.version, base, parts, metric.settings?.(this.#request.spec)]),
      );
      const known = this.#request.again ? undefined : this.#known.get(`${metric.id} ${key}`);
      if (known) {
        await this.#journal.append({ ...this.#about(), type: 'kept', metric: metric.id, key });
        this.#count.kept += 1;
        for (const exhibit of known.exhibits) yield { type: 'exhibit', metric: metric.id, exhibit, kept: true };
        continue;
      }
      yield* this.#one(metric, key, sides, inputs());
    }
  }

  async *#one(metric: Metric, key: string, sides: Sides, inputs: Inputs): AsyncGenerator<EvaluateEvent> {
    const started = this.#ports.clock.now().getTime();
    try {
      const given = metric.exhibits(inputs);
      const computed = Array.isArray(given) ? given : yield* this.#stepwise(given);
      const exhibits = computed.map((exhibit) => withCorpora(exhibit, sides));
      const seconds = (this.#ports.clock.now().getTime() - started) / 1000;
      const record: EvaluationRecord = {
        ...this.#about(),
        ...{ type: 'exhibits', metric: metric.id, key, seconds, exhibits },
      };
      await this.#journal.append(record);
      this.#count.computed += 1;
      for (const exhibit of exhibits) yield { type: 'exhibit', metric: metric.id, exhibit, kept: false };
    } catch (error) {
      if (isAbort(error) || this.#signal.aborted || isOfTheDisk(error)) throw error;
      const known = asFoilError(error);
      yield* this.#missing(metric, { reason: known?.message ?? String(error), remedy: known?.remedy ?? [] });
    }
  }

  /** Passes on what a long computation is at, with time between its steps for whoever draws or stops it. */
  async *#stepwise(
    steps: Generator<Step, Exhibit[]> | AsyncGenerator<Step, Exhibit[]>,
  ): AsyncGenerator<EvaluateEvent, Exhibit[]> {
    for (;;) {
      const next = await steps.next();
      if (next.done) return next.value;
      yield { type: 'progress', text: next.value.text, done: next.value.done ?? null, of: next.value.of ?? null };
      await this.#ports.clock.sleep(0, this.#signal);
    }
  }

  async *#missing(metric: Metric, { reason, remedy }: Lack): AsyncGenerator<EvaluateEvent> {
    await this.#journal.append({
      ...this.#about(),
      ...{ type: 'missing', metric: metric.id, reason, remedy: [...remedy] },
    });
    this.#count.missing += 1;
    yield { type: 'missing', metric: metric.id, title: metric.title, reason, remedy };
  }

  async #inputsOf({ about, training }: Sides): Promise<Input[]> {
    const { contentHash } = this.#ports;
    const { spec } = this.#request;
    const corpora = [
      ...about.flatMap((side) => side.corpora.map((name) => ({ name, role: side.name, sessions: side.sessions }))),
      ...(training ? [{ name: training.corpus, role: 'training', sessions: training.sessions.length }] : []),
    ];
    const simulators = about.flatMap(({ kind, name }) => (kind === 'simulated' ? [{ name, role: 'simulator' }] : []));
    const judges = spec.discriminators.map((name) => ({ name, role: 'discriminator' }));
    const found: Input[] = [];
    for (const { name, role, sessions } of corpora)
      found.push({ kind: 'corpus', name, role, sha256: await contentHash('corpus', name), sessions });
    for (const { name, role } of [...simulators, ...judges])
      found.push({ kind: 'model', name, role, sha256: await contentHash('model', name), sessions: null });
    for (const task of ['actions', 'issues'] as const) {
      const name = spec.annotators[task];
      if (name !== null) found.push({ kind: 'annotator', name, role: task, sha256: null, sessions: null });
    }
    return found;
  }

  /** Of what decides every metric: the sessions that are used, as they are read, and how intervals are drawn. */
  #baseKey({ about, real, simulated }: Sides, inputs: readonly Input[]): string {
    const { seed, draws } = this.#request.spec;
    const used = new Set(about.flatMap(({ corpora }) => corpora));
    const corpora = inputs.flatMap(({ kind, name, sha256 }) =>
      kind === 'corpus' && used.has(name) ? [[name, sha256]] : [],
    );
    const sides = [real, ...simulated].map(({ name, sessions }) => [
      name,
      sessions.map(({ id, turns }) => [id, turns.length]),
    ]);
    return this.#ports.hash(JSON.stringify([seed, draws, corpora, sides]));
  }

  #trainingKey(training: Source | null, inputs: readonly Input[]): string {
    return inputs.find(({ kind, name }) => kind === 'corpus' && name === training?.corpus)?.sha256 ?? '';
  }

  #about(): { schema: 1; at: string } {
    return { schema: 1, at: this.#ports.clock.now().toISOString() };
  }
}

/** What has to do with the journal, and not with the metric. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof FoilError && (error.code === 'disk-full' || error.code === 'not-permitted');
}
