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
  { contexts, trained_on, simulator, given, held_out, discriminator, dpo }: LoopSettings,
): Promise<void> {
  if (given && contexts.test !== null && given.sessions.test === null) {
    throw new FoilError('usage', `there are no sessions of ${simulator} on the contexts of ${contexts.test}`, {
      remedy: 'name them too (given.sessions.test), or leave out the test contexts',
    });
  }
  const corpora = [...Object.values(contexts), ...Object.values(given?.sessions ?? {}), ...(trained_on ?? [])];
  for (const name of corpora) {
    if (name === null || (await ports.contentHash({ kind: 'corpus', name })) !== null) continue;
    throw new FoilError('unknown-corpus', `there is no corpus "${name}"`, {
      remedy: 'see `foil sessions`; or foil import',
    });
  }
  for (const name of [simulator, given?.discriminator ?? null, held_out]) {
    if (name === null || (await ports.contentHash({ kind: 'model', name })) !== null) continue;
    throw new FoilError('unknown-model', `no model is called "${name}"`, { remedy: 'all of them: foil models' });
  }
  const table = await ports.runs.trainer.table();
  hyperOf(table, 'discriminator', discriminator.preset, discriminator.changes);
  hyperOf(table, 'dpo', dpo.preset, dpo.changes);
  for (const launcher of [discriminator.launcher, dpo.launcher]) await ports.runs.launchers.open(launcher);
}
