import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { cardSchema, type ModelCard } from '../../core/model/card.ts';

/** An adapter on disk: its folder and its card. */
export interface AdapterFolder {
  readonly dir: string;
  readonly card: ModelCard;
}

/** Reads `DIR/card.json`. @throws FoilError that names file, field and remedy. */
export async function readCard(dir: string): Promise<ModelCard> {
  const file = join(dir, 'card.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new FoilError('no-card', 'no model card here', {
      where: { file },
      remedy: 'give the folder of an adapter that `python -m foil_train export` wrote',
      cause,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FoilError('bad-card', 'the model card is not JSON', {
      where: { file },
      remedy: 'export the adapter again',
      cause,
    });
  }
  const parsed = cardSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FoilError('bad-card', `the model card is not valid: ${issue?.message ?? 'unknown'}`, {
    where: { file, field: issue?.path.join('.') ?? '' },
    remedy: 'export the adapter again',
  });
}

/**
 * Every adapter folder right below the given directories; a later directory wins over an earlier one with the same name.
 * Folders whose card cannot be read come back as errors, so that one broken adapter hides no other.
 */
export async function findAdapters(
  dirs: readonly string[],
): Promise<{ adapters: Map<string, AdapterFolder>; broken: { dir: string; error: unknown }[] }> {
  const adapters = new Map<string, AdapterFolder>();
  const broken: { dir: string; error: unknown }[] = [];
  for (const parent of dirs) {
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((item) => item.isDirectory()).sort((a, b) => a.name.localeCompare(b.name))) {
      const dir = join(parent, entry.name);
      try {
        const card = await readCard(dir);
        adapters.set(card.name, { dir, card });
      } catch (error) {
        broken.push({ dir, error });
      }
    }
  }
  return { adapters, broken };
}
