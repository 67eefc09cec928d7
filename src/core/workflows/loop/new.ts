import { FoilError } from '../../errors.ts';
import { hyperOf } from '../../stage/table.ts';
import type { LoopSettings } from './settings.ts';
import type { LoopPorts } from './types.ts';

/**
 * What a new loop names must be there, and hyper-parameters must be some: a loop is not begun to fail after hours.
 * @throws FoilError `unknown-corpus`, `unknown-model`, `no-launcher`, or `usage` that names the hyper-parameter.
 */
export async function checkLoop(
  ports: LoopPorts,
  { contexts, trained_on, simulator, held_out, discriminator, dpo }: LoopSettings,
): Promise<void> {
  for (const name of [contexts.train, contexts.valid, contexts.test, ...(trained_on ?? [])]) {
    if (name === null || (await ports.contentHash({ kind: 'corpus', name })) !== null) continue;
    throw new FoilError('unknown-corpus', `there is no corpus "${name}"`, {
      remedy: 'see `foil sessions`; or foil import',
    });
  }
  for (const name of [simulator, held_out]) {
    if (name === null || (await ports.contentHash({ kind: 'model', name })) !== null) continue;
    throw new FoilError('unknown-model', `no model is called "${name}"`, { remedy: 'all of them: foil models' });
  }
  const table = await ports.runs.trainer.table();
  hyperOf(table, 'discriminator', discriminator.preset, discriminator.changes);
  hyperOf(table, 'dpo', dpo.preset, dpo.changes);
  for (const launcher of [discriminator.launcher, dpo.launcher]) await ports.runs.launchers.open(launcher);
}
