import { FoilError, formatPlace } from '../../errors.ts';
import type { RunPorts } from '../../stage/ports.ts';
import type { RunRecord } from '../../stage/run.ts';
import { demand } from './manage.ts';
import type { AdoptEvent } from './types.ts';
import { lookAt } from './watch.ts';

/**
 * Makes a model of the workspace of what a run wrote, and loads it into the engine: its files are brought here, exported
 * with their lineage, registered under `name` (the run's by default). A model that does not load is adopted all the same.
 */
export async function* adoptRun(
  ports: RunPorts,
  id: string,
  name: string | null,
  signal: AbortSignal,
): AsyncGenerator<AdoptEvent> {
  const summary = await lookAt(ports, id, signal);
  demand(summary, 'adopt');
  const record = yield* collect(ports, summary.record, signal);
  const as = name ?? record.name;
  const folder = yield* ports.trainer.adopt(record, as, signal);
  const at = ports.clock.now().toISOString();
  await ports.runs.update(id, (now) => ({ ...now, adopted: { name: as, folder, at } }));
  yield { type: 'step', text: 'loading it into the engine' };
  yield { type: 'adopted', name: as, folder, notLoaded: await load(ports, record, as, signal) };
}

async function* collect(
  ports: RunPorts,
  record: RunRecord,
  signal: AbortSignal,
): AsyncGenerator<AdoptEvent, RunRecord> {
  const { handle } = record;
  if (record.collected || handle === null) return record;
  const folder = ports.runs.folder(record.id);
  if (handle.folder !== folder) {
    yield { type: 'step', text: `collecting what it wrote from ${handle.launcher}` };
    await (await ports.launchers.open(handle.launcher)).collect(handle, folder, signal);
  }
  return await ports.runs.update(record.id, (now) => ({ ...now, collected: true }));
}

async function load(ports: RunPorts, record: RunRecord, name: string, signal: AbortSignal): Promise<string | null> {
  const { kind } = record.request;
  try {
    if (kind === 'discriminator') await ports.models.discriminator(name, signal);
    else await ports.models.chatModel(name, kind, signal);
    return null;
  } catch (error) {
    if (!(error instanceof FoilError)) throw error;
    return [formatPlace(error.where), error.message].filter(Boolean).join(': ');
  }
}
