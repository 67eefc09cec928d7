import { asFoilError, formatError } from '../../core/errors.ts';
import { outputsOf } from '../../core/workflows/loop/needs.ts';
import { type Cell, type Grid, madeBy } from '../../core/workflows/loop/plan.ts';
import { readLoop } from '../../core/workflows/loop/read.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { LoopPorts } from '../../core/workflows/loop/types.ts';
import { lookAt } from '../../core/workflows/runs/watch.ts';
import type { GatePairs, LoopRow, Mark, Meter, OpenLoop } from '../state/loop.ts';
import { measured, viewOf } from '../state/loop-run.ts';

/** Whether somebody has gone on: the lengths of the journals, and who holds them. */
export async function stampOf({ loops }: LoopPorts, names: readonly string[]): Promise<string> {
  const parts = names.map(async (name) => {
    const [length, holder] = [
      await loops.read(name).then(
        (records) => records.length,
        () => -1,
      ),
      await loops.holder(name).catch(() => null),
    ];
    return `${name} ${length} ${holder}`;
  });
  return (await Promise.all(parts)).join('\n');
}

/** The loop that something was done in last; the only one there is, too. Null where nothing says which one is meant. */
export async function newestOf({ loops }: LoopPorts, names: readonly string[]): Promise<string | null> {
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  let newest: { name: string; at: string } | null = null;
  for (const name of names) {
    const at = (await loops.read(name).catch(() => [])).at(-1)?.at ?? '';
    if (at > (newest?.at ?? '')) newest = { name, at };
  }
  return newest?.name ?? null;
}

export async function rowOf(ports: LoopPorts, name: string): Promise<LoopRow> {
  try {
    const { settings, grid, alarms } = await readLoop(ports, name);
    const { next } = grid;
    return {
      ...{ name, iterations: settings.iterations, failed: null, holder: await ports.loops.holder(name) },
      next: next ? `${next.stage} of iteration ${next.iteration}: ${next.begun ? 'begun' : next.state}` : 'done',
      alarms: alarms.filter(({ verdict }) => verdict === 'alarm').map(({ code }) => code),
    };
  } catch (error) {
    const known = asFoilError(error);
    if (!known) throw error;
    return { name, iterations: null, next: '', alarms: [], holder: null, failed: formatError(known) };
  }
}

/** A loop as it is on the disk. @param before what was known of it, for the rate of what another process does. */
export async function readOne(ports: LoopPorts, name: string, before: OpenLoop | null): Promise<OpenLoop> {
  const [{ settings, grid }, holder] = [await readLoop(ports, name), await ports.loops.holder(name)];
  const [gate, meter] = [
    await gateOf(ports, grid),
    holder === null ? null : await meterOf(ports, settings, grid, before),
  ];
  return { settings, view: viewOf(settings, grid), holder, gate, meter };
}

async function gateOf({ pairs }: LoopPorts, grid: Grid): Promise<GatePairs | null> {
  const waiting = grid.rows.flatMap(({ cells }) => cells).find(({ state }) => state === 'waiting');
  const set = waiting && madeBy(grid)('mine', waiting.iteration)?.[0]?.name;
  const found = set === undefined ? undefined : (await pairs.sets()).find(({ name }) => name === set);
  if (!waiting || !found) return null;
  const { approved, rejected, pending } = found;
  return { iteration: waiting.iteration, set: found.name, approved, rejected, pending };
}

/** How far the stage is that another process runs, and how fast since one looks; null where that is not known. */
export async function meterOf(
  ports: LoopPorts,
  settings: LoopSettings,
  grid: Grid,
  before: OpenLoop | null,
): Promise<Meter | null> {
  const cell = grid.rows.flatMap(({ cells }) => cells).find(({ state }) => state === 'running');
  const mark = cell && (await markOf(ports, settings, cell));
  if (!cell || !mark) return null;
  return measured(before?.meter ?? null, `${cell.iteration} ${cell.stage} ${mark.of}`, mark);
}

/** How far a stage is that another process runs, by what it has left on the disk; null where that does not tell. */
async function markOf(ports: LoopPorts, settings: LoopSettings, cell: Cell): Promise<Mark | null> {
  const outputs = outputsOf(settings, cell.iteration, cell.stage, cell.revision);
  const at = Date.now();
  if (cell.run !== null) {
    const run = await lookAt(ports.runs, cell.run, new AbortController().signal).catch(() => null);
    return run?.step == null ? null : { done: run.step, of: run.steps, at };
  }
  if (cell.stage === 'simulate' || cell.stage === 'check') {
    const ids = await Promise.all(outputs.map(({ name }) => ports.sessionIds(name).catch(() => new Set())));
    return { done: ids.reduce((sum, { size }) => sum + size, 0), of: null, at };
  }
  const [set] = outputs;
  if (cell.stage !== 'mine' || !set) return null;
  const mined = await ports.pairs.mined(set.name).catch(() => []);
  return { done: mined.filter(({ type }) => type === 'turn').length, of: null, at };
}
