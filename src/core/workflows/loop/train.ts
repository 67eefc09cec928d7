import { FoilError } from '../../errors.ts';
import type { ReviewedPair } from '../../preference/decisions.ts';
import { orderedBy } from '../../preference/order.ts';
import { countWords } from '../../preference/similarity.ts';
import type { TrainerEvent } from '../../stage/ports.ts';
import type { Progress, StepPoint } from '../../stage/progress.ts';
import type { RunRecord, RunRequest, RunSummary, TrainingStage } from '../../stage/run.ts';
import { hyperOf } from '../../stage/table.ts';
import { adoptRun } from '../runs/adopt.ts';
import { isFinal } from '../runs/look.ts';
import { planRun, resumeRun, startRun } from '../runs/manage.ts';
import { lookAt, readProgress } from '../runs/watch.ts';
import { corpusOf, nameOf, notice, progress, type StageContext, type StageWork, simulatorName } from './context.ts';
import { ALL_TURNS, type DpoFigures, type JudgedFigures, judgedFigures } from './figures.ts';
import { givenTo, splitsOf } from './needs.ts';
import type { LoopSettings } from './settings.ts';
import type { LoopEvent } from './types.ts';

/** How often a run is asked how far it is. */
const LOOK_MS = 2000;
/** A metrics.json is some ten kilobytes. */
const METRICS_BYTES = 16 * 1024 * 1024;

/** Algorithm 1, line 5: a fresh discriminator on this iteration's sessions only, adopted as NAME-d{k}; or a given one. */
export async function* discriminatorStage(context: StageContext): StageWork {
  const { ports, settings, cell, outputs } = context;
  if (givenTo(settings, cell.iteration, 'discriminator')) {
    const figures = judgedFigures(await ports.validation(outputs[0]!.name));
    return { counts: accuracyOf(figures), figures };
  }
  const { match, context: reads, ...stage } = settings.discriminator;
  const source = (corpus: string | null) => (corpus === null ? null : { from: 'corpus' as const, corpus });
  const { train, valid, test } = settings.contexts;
  const request: RunRequest = {
    ...requestOf('discriminator', 'discriminator', outputs[0]!.name, stage),
    rows: {
      ...{ train: source(train), valid: source(valid), test: source(test) },
      simulated: splitsOf(settings).map((split) => corpusOf(context, cell.iteration, split)),
      ...{ match, context: reads, system: null },
    },
  };
  const run = yield* trained(context, request);
  const { bytes } = await ports.runs.runs.read(run.record.id, 'output/metrics.json', 0, METRICS_BYTES);
  const figures = judgedFigures(parseOrNull(new TextDecoder().decode(bytes)));
  return { counts: accuracyOf(figures), figures, ...timeOf(run) };
}

function accuracyOf(figures: JudgedFigures | null): Record<string, number> {
  const all = figures?.own[ALL_TURNS];
  return all ? { accuracy: all.accuracy } : {};
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Algorithm 1, line 9: DPO from simulator k, which is policy and reference, to NAME-it{k+1}. Refuses under the floor
 * of pairs.
 */
export async function* dpoStage(context: StageContext): StageWork {
  const { ports, settings, cell, outputs } = context;
  const { floor, ...stage } = settings.dpo;
  const set = nameOf(context, 'mine', cell.iteration);
  const pairs = (await ports.pairs.list(set)).filter(isUsable);
  if (pairs.length < floor) {
    throw new FoilError(
      'too-few-pairs',
      `${set} has ${pairs.length} approved pairs whose order D or a person gave, and the floor is ${floor}`,
      {
        remedy: [
          `approve more (foil review --set ${set}), or mine more: mine.critical and limits in loop.json`,
          'lower dpo.floor in loop.json, if you mean it: so few pairs teach noise',
        ],
      },
    );
  }
  const { beta, real_weight: real } = hyperOf(await ports.runs.trainer.table(), 'dpo', stage.preset, stage.changes);
  const request: RunRequest = {
    ...requestOf('dpo', 'simulator', outputs[0]!.name, stage),
    rows: {
      ...{ train: { from: 'pairs', set }, valid: null, test: null, simulated: [] },
      real: real ? { from: 'corpus', corpus: settings.contexts.train } : null,
      ...{ match: 'turns', context: true, system: null },
    },
    adapter: simulatorName(context, cell.iteration),
  };
  const run = yield* trained(context, request);
  const told = await readProgress(ports.runs, run.record.id, context.signal);
  const figures = dpoFigures(pairs, floor, told, typeof beta === 'number' && beta > 0 ? beta : 1);
  return { counts: { pairs: pairs.length }, figures, ...timeOf(run) };
}

/** Approved, and ordered by D or by a person, as DPO takes them. */
function isUsable(pair: ReviewedPair): boolean {
  return pair.decision === 'approved' && orderedBy(pair) !== null;
}

/**
 * The part of the steps that "at the end of training" means: enough batches to average, all of them after most of the
 * change.
 */
const LAST_PART = 0.25;

function dpoFigures(pairs: readonly ReviewedPair[], floor: number, { points }: Progress, beta: number): DpoFigures {
  const last = points.slice(-Math.max(1, Math.ceil(points.length * LAST_PART)));
  const mean = (key: keyof StepPoint): number | null => {
    const values = last.map((point) => point[key]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const words = (side: 'chosen' | 'rejected') =>
    pairs.reduce((sum, pair) => sum + countWords(pair[side].content), 0) / pairs.length;
  const [chosen, rejected] = [mean('rewardChosen'), mean('rewardRejected')];
  return {
    ...{ pairs: pairs.length, floor, chosen_words: words('chosen'), rejected_words: words('rejected') },
    chosen_logprob: chosen === null ? null : chosen / beta,
    rejected_logprob: rejected === null ? null : rejected / beta,
    accuracy: mean('accuracy'),
    loss: { first: points[0]?.loss ?? null, last: mean('loss') },
  };
}

function requestOf(
  stage: TrainingStage,
  kind: RunRequest['kind'],
  name: string,
  { preset, changes, seed, base, launcher, resources }: Omit<LoopSettings['dpo'], 'floor'>,
): Omit<RunRequest, 'rows'> {
  return { stage, kind, name, preset, changes, seed, base, launcher, resources, adapter: null, from: null };
}

/**
 * Has a model trained and adopted, once, however often it is asked. The run's id is in the journal before the run is
 * made: a run
 * that is there is gone on with, watched, or only adopted.
 */
async function* trained(context: StageContext, request: RunRequest): AsyncGenerator<LoopEvent, RunSummary> {
  const { ports, cell, signal } = context;
  const { iteration, stage } = cell;
  const { runs } = ports;
  const id = cell.run ?? ports.newId(request.stage);
  if (cell.run === null) await context.reserve(id);
  const record = await runs.runs.load(id).catch((error: unknown) => {
    if (error instanceof FoilError && error.code === 'unknown-run') return null;
    throw error;
  });
  if (!record) {
    // What an earlier attempt to build it left.
    await runs.trainer.discard(id);
    const own = { ...runs, newId: () => id };
    const plan = yield* shown(context, planRun(own, request, signal));
    yield* shown(context, startRun(own, plan, signal));
  } else if ((await lookAt(runs, id, signal)).actions.includes('resume'))
    yield* shown(context, resumeRun(runs, id, signal));
  yield { type: 'run', iteration, stage, run: id };
  const ended = yield* watched(context, id);
  if (ended.report.state !== 'done') {
    throw new FoilError(
      `run-${ended.report.state}`,
      `${id} is ${ended.report.state}${ended.failure === null ? '' : `: ${ended.failure}`}`,
      {
        remedy: [`foil runs log ${id}`, 'running the stage again resumes it from its last checkpoint'],
      },
    );
  }
  const name = request.name;
  if (ended.record.adopted?.name !== name || (await ports.contentHash({ kind: 'model', name })) === null) {
    yield* shown(context, adoptRun(runs, id, name, signal));
  }
  return await lookAt(runs, id, signal);
}

async function* watched(context: StageContext, id: string): AsyncGenerator<LoopEvent, RunSummary> {
  const { ports, signal } = context;
  for (let told = ''; ; ) {
    const summary = await lookAt(ports.runs, id, signal);
    const { step, steps, loss, report } = summary;
    const text = `${report.state}${loss === null ? '' : `, loss ${loss.toFixed(3)}`}`;
    if (`${text} ${step}` !== told) yield progress(context, text, step, steps);
    told = `${text} ${step}`;
    // A lost job does not come back by waiting.
    if (isFinal(report.state) || report.state === 'lost') return summary;
    await ports.clock.sleep(LOOK_MS, signal);
  }
}

/** What trainer and launcher tell, as events of the loop. */
async function* shown<R>(
  context: StageContext,
  events: AsyncGenerator<
    TrainerEvent | { type: 'planned' } | { type: 'started'; record: RunRecord } | { type: 'adopted' },
    R
  >,
): AsyncGenerator<LoopEvent, R> {
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    const event = next.value;
    if (event.type === 'step') yield progress(context, event.text);
    else if (event.type === 'line') yield progress(context, event.text.trim());
    else if (event.type === 'notice') yield notice(context, event.text);
  }
}

function timeOf({ report: { started, ended } }: RunSummary): { seconds?: number } {
  return started === null || ended === null ? {} : { seconds: (Date.parse(ended) - Date.parse(started)) / 1000 };
}
