import { asFoilError, FoilError } from '../../errors.ts';
import { alarmsOf } from './alarms.ts';
import { checkStage } from './check.ts';
import type { StageContext, StageWork } from './context.ts';
import type { LoopStage } from './journal.ts';
import { outputsOf } from './needs.ts';
import { mineStage, reviewStage, scoreStage } from './pairs.ts';
import { type Cell, cellAt, type Grid, madeBy } from './plan.ts';
import { gridOf, readLoop, roundsOf } from './read.ts';
import { simulateStage } from './sessions.ts';
import type { LoopSettings } from './settings.ts';
import { discriminatorStage, dpoStage } from './train.ts';
import type { Extent, LoopEvent, LoopJournal, LoopPorts, Outcome } from './types.ts';

const WORK: Readonly<Record<LoopStage, (context: StageContext) => StageWork>> = {
  simulate: simulateStage,
  discriminator: discriminatorStage,
  score: scoreStage,
  mine: mineStage,
  review: reviewStage,
  dpo: dpoStage,
  check: checkStage,
};

/**
 * Runs a loop from where it is (Algorithm 1), stage after stage, until `extent` is done, a person is needed at the
 * gate, or a stage
 * fails. One process at a time; whatever ends it, the next one redoes no stage that is in the journal, and goes on
 * with the one
 * that was begun.
 * @throws FoilError of the stage that failed (which is in the journal too), or the signal's AbortError: a training job
 * goes on then.
 */
export async function* runLoop(
  ports: LoopPorts,
  name: string,
  extent: Extent,
  signal: AbortSignal,
): AsyncGenerator<LoopEvent, Outcome> {
  const settings = await ports.loops.load(name);
  const journal = await ports.loops.hold(name);
  try {
    let grid = await gridOf(ports, settings, journal.records, true);
    yield { type: 'grid', grid };
    const first = grid.next;
    for (;;) {
      signal.throwIfAborted();
      const cell = grid.next;
      const reached = cell && beyond(extent, first, cell, grid);
      if (!cell || reached) {
        const why = cell ? 'reached' : 'done';
        yield { type: 'stopped', why };
        return why;
      }
      if (cell.hash === null) throw cannot(cell);
      if (cell.state === 'waiting') {
        yield await waitingAt(ports, grid, cell);
        yield { type: 'stopped', why: 'waiting' };
        return 'waiting';
      }
      yield* runStage(ports, settings, journal, grid, { ...cell, hash: cell.hash }, signal);
      grid = await gridOf(ports, settings, journal.records, true);
      yield { type: 'grid', grid };
      const now = cellAt(grid, cell.iteration, cell.stage);
      // Else it would be run again and again.
      if (now?.hash === cell.hash && now.state !== 'done') throw cannot(now);
      yield* firing(settings, grid, cell);
    }
  } finally {
    await journal.close();
  }
}

/**
 * Opens the gate of an iteration: what is approved by then is trained on.
 * @param iteration the one that waits, if null. @throws FoilError `not-waiting`, or `locked` while the loop runs.
 */
export async function openGate(ports: LoopPorts, name: string, by: string, iteration: number | null): Promise<Cell> {
  const { grid } = await readLoop(ports, name);
  const waiting = grid.rows.flatMap(({ cells }) => cells).filter(({ state }) => state === 'waiting');
  const cell = waiting.find((one) => iteration === null || one.iteration === iteration);
  if (!cell || cell.hash === null) {
    const next = grid.next;
    throw new FoilError(
      'not-waiting',
      `no gate of ${name} is waiting${iteration === null ? '' : ` in iteration ${iteration}`}`,
      {
        remedy: next
          ? `what comes next: ${next.stage} of iteration ${next.iteration} (foil loop run ${name})`
          : 'the loop is done',
      },
    );
  }
  const journal = await ports.loops.hold(name);
  try {
    const at = ports.clock.now().toISOString();
    await journal.append({
      schema: 1,
      type: 'open',
      at,
      iteration: cell.iteration,
      stage: cell.stage,
      hash: cell.hash,
      by,
    });
  } finally {
    await journal.close();
  }
  return cell;
}

async function* runStage(
  ports: LoopPorts,
  settings: LoopSettings,
  journal: LoopJournal,
  grid: Grid,
  cell: Cell & { readonly hash: string },
  signal: AbortSignal,
): AsyncGenerator<LoopEvent, void> {
  const { iteration, stage, hash, revision } = cell;
  const now = () => ports.clock.now().toISOString();
  const about = { schema: 1 as const, iteration, stage, hash };
  const outputs = outputsOf(settings, iteration, stage, revision);
  await journal.append({ ...about, type: 'begin', at: now(), revision });
  const begun = ports.clock.now().getTime();
  yield { type: 'begin', iteration, stage, again: cell.begun };
  const reserve = (run: string) => journal.append({ ...about, type: 'run', at: now(), run });
  try {
    const context = { ports, settings, cell, outputs, made: madeBy(grid), signal, reserve };
    const { counts, figures, seconds = (ports.clock.now().getTime() - begun) / 1000 } = yield* WORK[stage](context);
    const more = figures === undefined || figures === null ? {} : { figures };
    await journal.append({ ...about, type: 'end', at: now(), seconds, counts, outputs, ...more });
    yield { type: 'end', iteration, stage, counts, seconds };
  } catch (error) {
    const failure = asFoilError(error);
    if (failure && error instanceof FoilError && !signal.aborted) {
      const { code, message, remedy } = failure;
      await journal.append({ ...about, type: 'failed', at: now(), code, message, remedy: [...remedy] });
      yield { type: 'failed', iteration, stage, error };
    }
    throw error;
  }
}

/** Whether what comes next lies beyond what was asked for. */
function beyond(extent: Extent, first: Cell | null, cell: Cell, grid: Grid): boolean {
  if (extent === 'all' || !first) return false;
  if (extent === 'iteration') return cell.iteration > first.iteration;
  // The first one is done: gone on with, it would still be what comes next.
  return cellAt(grid, first.iteration, first.stage)?.state === 'done';
}

async function waitingAt(ports: LoopPorts, grid: Grid, { iteration, stage }: Cell): Promise<LoopEvent> {
  const set = madeBy(grid)('mine', iteration)?.[0]?.name ?? '';
  const found = (await ports.pairs.sets()).find((one) => one.name === set);
  return { type: 'waiting', iteration, stage, set, approved: found?.approved ?? 0, pending: found?.pending ?? 0 };
}

const GIVES_FIGURES: ReadonlySet<LoopStage> = new Set(['review', 'dpo', 'check']);

/** Alarms of the iterations that a stage can have set off. */
function* firing(settings: LoopSettings, grid: Grid, { iteration, stage }: Cell): Generator<LoopEvent> {
  const about = stage === 'discriminator' ? iteration - 1 : GIVES_FIGURES.has(stage) ? iteration : null;
  if (about === null) return;
  for (const alarm of alarmsOf(roundsOf(settings, grid), settings.alarms, settings.dpo.floor)) {
    const point = alarm.points.find((one) => one.iteration === about);
    if (point?.verdict === 'alarm') yield { type: 'alarm', alarm };
  }
}

function cannot({ iteration, stage, why }: Cell): FoilError {
  return new FoilError('missing-input', `${stage} of iteration ${iteration} cannot be run: ${why}`, {
    remedy: 'bring it back, or name another one in loop.json',
  });
}
