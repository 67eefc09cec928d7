import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { type AdapterFolder, readAdapter } from '../registry/cards.ts';
import { installRoot } from '../setup/root.ts';

/** An adapter that a run starts from: a simulator by name, else a folder. */
export async function findAdapter(
  nameOrFolder: string,
  models: { card(name: string): Promise<AdapterFolder | null> },
): Promise<AdapterFolder> {
  const found = (await models.card(nameOrFolder)) ?? (await folderOf(nameOrFolder));
  if (found.card.kind === 'simulator') return found;
  throw new FoilError('wrong-kind', `"${nameOrFolder}" is a ${found.card.kind}; DPO trains a simulator`, {
    remedy: 'name a simulator: foil models',
  });
}

async function folderOf(folder: string): Promise<AdapterFolder> {
  try {
    return await readAdapter(folder);
  } catch (error) {
    if (!(error instanceof FoilError) || error.code !== 'no-card') throw error;
    throw new FoilError('unknown-model', `"${folder}" is neither an adapter that Foil knows nor a folder with one`, {
      remedy: 'see `foil models`; the base alone has no adapter to go on with',
    });
  }
}

/** The one template of training, chat and scoring; what goes on with an adapter keeps that adapter's. */
export function templateOf(parent: AdapterFolder | null): string {
  return parent ? join(parent.dir, parent.card.template.file) : join(installRoot(), 'models', 'chatml.jinja');
}
