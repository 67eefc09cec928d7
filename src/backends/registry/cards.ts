import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { fieldPath } from '../../core/fields.ts';
import { cardSchema, type ModelCard } from '../../core/model/card.ts';
import type { ModelKind } from '../../core/ports.ts';

/** An adapter on disk: its folder and its card. */
export interface AdapterFolder {
  readonly dir: string;
  readonly card: ModelCard;
}

/** An adapter folder whose card cannot be used, with what can still be told of it. */
export interface BrokenFolder {
  readonly dir: string;
  readonly name: string;
  /** Null if not even that can be read. */
  readonly kind: ModelKind | null;
  readonly error: FoilError;
}

const CARD = 'card.json';

/** Files by which a folder without a card is known as an adapter all the same: ours, and PEFT's. */
const ADAPTER_FILES = ['adapter.gguf', 'adapter_model.safetensors', 'adapter_config.json'];

/** Reads `DIR/card.json`; `path` may also name the adapter in that folder. @throws FoilError with file, field and remedy. */
export async function readAdapter(path: string): Promise<AdapterFolder> {
  const dir = (await stat(path).catch(() => null))?.isFile() ? dirname(path) : path;
  const file = join(dir, CARD);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new FoilError('no-card', 'there is no model card here', {
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
      remedy: 'restore the file, or export the adapter again',
      cause,
    });
  }
  const parsed = cardSchema.safeParse(json);
  if (parsed.success) return { dir, card: parsed.data };
  const [issue] = parsed.error.issues;
  const problem = issue?.message.replace(/^Invalid input: .*received undefined$/u, 'it is missing');
  throw new FoilError('bad-card', `the model card is not valid: ${problem}`, {
    where: { file, field: fieldPath(issue?.path ?? []) },
    remedy: 'export the adapter again',
  });
}

/**
 * Every adapter folder right below the given directories; a later directory wins over an earlier one with the same name.
 * Folders whose card cannot be used come back apart, so that one broken adapter hides no other.
 */
export async function findAdapters(
  dirs: readonly string[],
): Promise<{ adapters: Map<string, AdapterFolder>; broken: BrokenFolder[] }> {
  const adapters = new Map<string, AdapterFolder>();
  const broken: BrokenFolder[] = [];
  for (const parent of dirs) {
    const here = new Map<string, string>();
    for (const dir of await adapterDirs(parent)) {
      try {
        const found = await readAdapter(dir);
        const { name, kind } = found.card;
        const twin = here.get(name);
        if (twin !== undefined) broken.push({ dir, name, kind, error: sameName(name, dir, twin) });
        else adapters.set(name, found);
        here.set(name, dir);
      } catch (error) {
        if (!(error instanceof FoilError)) throw error;
        const { name, kind } = await glance(dir);
        broken.push({ dir, name, kind, error });
      }
    }
  }
  return { adapters, broken };
}

async function adapterDirs(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  // A dot marks what is not whole yet, or about to go.
  const shown = entries.filter(({ name }) => !name.startsWith('.'));
  for (const entry of shown.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const dir = join(parent, entry.name);
    // Also through a link: weights often stand on another disk.
    const files: string[] = await readdir(dir).catch(() => []);
    if ([CARD, ...ADAPTER_FILES].some((name) => files.includes(name))) found.push(dir);
  }
  return found;
}

const glanceSchema = z.object({
  name: z.string().min(1).nullable().catch(null),
  kind: cardSchema.shape.kind.nullable().catch(null),
});

/** Name and kind of a card that is not valid as a whole; the folder's name where it has none. */
async function glance(dir: string): Promise<{ name: string; kind: ModelKind | null }> {
  const fallback = { name: basename(dir), kind: null };
  try {
    const seen = glanceSchema.parse(JSON.parse(await readFile(join(dir, CARD), 'utf8')));
    return { name: seen.name ?? fallback.name, kind: seen.kind };
  } catch {
    return fallback;
  }
}

function sameName(name: string, dir: string, twin: string): FoilError {
  return new FoilError('same-name', `two adapters are called "${name}": this one, and ${twin}`, {
    where: { file: join(dir, CARD), field: 'name' },
    remedy: 'export one of them again under another name, or move its folder away',
  });
}
