import { join } from 'node:path';
import type { Clock, Ports } from '../../core/ports.ts';
import type { RunPorts, TrainerEvent } from '../../core/stage/ports.ts';
import { formatBytes } from '../../core/text/quantity.ts';
import type { FoilConfig } from '../config/schema.ts';
import { ensureWeights } from '../embedded/weights.ts';
import type { Registry } from '../registry/registry.ts';
import { openRunStore } from '../store/run-store.ts';
import { openLaunchers } from './launchers.ts';
import type { RowStores } from './rows.ts';
import { LocalTrainer } from './trainer.ts';

export interface RunServices {
  readonly workspace: string;
  readonly config: FoilConfig;
  readonly stores: RowStores;
  readonly models: Registry;
  readonly clock: Clock;
  readonly newId: Ports['newId'];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The runs of a workspace, and all that makes, starts and watches them. */
export function openRuns({ workspace, config, stores, models, clock, newId, env }: RunServices): RunPorts {
  const runs = openRunStore(join(workspace, 'runs'));
  const launchers = openLaunchers(config, env);
  const trainer = new LocalTrainer({
    workspace,
    runs,
    stores,
    launchers,
    models,
    baseWeights: (signal) => baseWeights(config, signal),
  });
  return { runs, trainer, launchers, models, clock, newId };
}

async function* baseWeights(config: FoilConfig, signal: AbortSignal): AsyncGenerator<TrainerEvent, string> {
  const { gguf } = config.engine;
  const work = ensureWeights({ ...(gguf === undefined ? {} : { path: gguf }), signal });
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value.q4;
    const { phase, done, total } = next.value;
    const share = total === 0 ? 0 : Math.round((100 * done) / total);
    yield { type: 'line', text: `base model: ${phase} ${share}% of ${formatBytes(total)}` };
  }
}
