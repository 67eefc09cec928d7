import { keyOf } from '../simulate/journal.ts';
import { type Alarm, alarmsOf, type RoundFigures } from './alarms.ts';
import {
  checkFiguresSchema,
  type DpoFigures,
  dpoFiguresSchema,
  type JudgedFigures,
  judgedFiguresSchema,
} from './figures.ts';
import type { LoopRecord, LoopStage, Ref } from './journal.ts';
import { outerRefs } from './needs.ts';
import { cellAt, type Grid, planLoop, refKey } from './plan.ts';
import type { LoopSettings } from './settings.ts';
import type { LoopPorts } from './types.ts';

export interface LoopState {
  readonly settings: LoopSettings;
  readonly grid: Grid;
  readonly alarms: readonly Alarm[];
  readonly records: readonly LoopRecord[];
}

/** A loop as it stands, whoever runs it. @throws FoilError `unknown-loop`, or what is wrong in its files. */
export async function readLoop(ports: LoopPorts, name: string): Promise<LoopState> {
  const [settings, records, live] = [
    await ports.loops.load(name),
    await ports.loops.read(name),
    await ports.loops.held(name),
  ];
  const grid = await gridOf(ports, settings, records, live);
  return { settings, grid, alarms: alarmsOf(roundsOf(settings, grid), settings.alarms, settings.dpo.floor), records };
}

/** The grid as things are now: everything that the loop reads or made is looked at. */
export async function gridOf(
  ports: LoopPorts,
  settings: LoopSettings,
  records: readonly LoopRecord[],
  live: boolean,
): Promise<Grid> {
  const refs = new Map<string, Ref>();
  const made = records.flatMap((record) => (record.type === 'end' ? record.outputs : []));
  const approved = made.filter(({ kind }) => kind === 'pairs').map(({ name }): Ref => ({ kind: 'approved', name }));
  for (const ref of [...outerRefs(settings), ...made, ...approved]) refs.set(refKey(ref), ref);
  const hashes = new Map<string, string | null>();
  for (const [key, ref] of refs) hashes.set(key, await hashOfRef(ports, ref));
  return planLoop(settings, records, hashes, live);
}

async function hashOfRef(ports: LoopPorts, ref: Ref): Promise<string | null> {
  const { kind, name } = ref;
  if (kind !== 'pairs' && kind !== 'approved') return await ports.contentHash({ kind, name });
  if (!(await ports.pairs.sets()).some((set) => set.name === name)) return null;
  // Notes, skips and who decided leave what is trained on as it is.
  if (kind === 'pairs')
    return keyOf((await ports.pairs.list(name, [])).map(({ id, chosen, rejected }) => [id, chosen, rejected]));
  const approved = (await ports.pairs.list(name)).filter(({ decision }) => decision === 'approved');
  return keyOf(approved.map(({ id, chosen, rejected }) => [id, chosen, rejected]));
}

/** What is known of each round, from the figures of stages that are done. */
export function roundsOf(settings: LoopSettings, grid: Grid): RoundFigures[] {
  const figures = (iteration: number, stage: LoopStage): unknown => {
    const cell = cellAt(grid, iteration, stage);
    return cell?.state === 'done' ? cell.figures : null;
  };
  const judged = (iteration: number): JudgedFigures | null =>
    judgedFiguresSchema.nullable().catch(null).parse(figures(iteration, 'discriminator'));
  return Array.from({ length: settings.iterations }, (_, iteration) => {
    const dpo: DpoFigures | null = dpoFiguresSchema.nullable().catch(null).parse(figures(iteration, 'dpo'));
    const review = cellAt(grid, iteration, 'review');
    const approved = dpo?.pairs ?? (review?.state === 'done' ? review.counts['approved'] : undefined);
    return {
      iteration,
      pairs: approved ?? null,
      dpo,
      check: checkFiguresSchema.nullable().catch(null).parse(figures(iteration, 'check')),
      judged: judged(iteration),
      next: judged(iteration + 1),
    };
  });
}
