import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { type StageTable, stageTableSchema } from '../../core/stage/table-schema.ts';
import { installRoot } from '../setup/root.ts';

/** The Python package of the stages, as it is installed. */
export function packageFolder(): string {
  return join(installRoot(), 'python', 'foil_train');
}

/** The one table of hyper-parameters, which the stages themselves read too. */
export async function readStageTable(file = join(packageFolder(), 'stages.json')): Promise<StageTable> {
  try {
    return stageTableSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new FoilError('broken-install', 'the table of the training stages cannot be read', {
      where: { file },
      remedy: 'install Foil again: clone it and run `npm ci`',
      cause,
    });
  }
}
