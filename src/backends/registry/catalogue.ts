import { FoilError, formatPlace } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import { accuracyTable } from '../../core/model/accuracy.ts';
import type { ModelEntry, ModelKind } from '../../core/ports.ts';
import type { FoilConfig, ModelConfig } from '../config/schema.ts';
import { type AdapterFolder, findAdapters, readAdapter } from './cards.ts';

/** The base model without an adapter: the paper's zero-shot simulator, and a chatbot of the untuned kind. */
export const ZERO_SHOT = 'zero-shot';

/** A model of foil.yaml that a server answers for. */
export type Served = ModelConfig & { readonly server: string; readonly model: string };

/** What a name stands for. */
export type Source =
  | { readonly type: 'server'; readonly config: Served }
  /** `config` is what foil.yaml says about an adapter that it names by path. */
  | { readonly type: 'adapter'; readonly folder: AdapterFolder; readonly config: ModelConfig | null }
  | { readonly type: 'base' }
  | { readonly type: 'broken'; readonly error: FoilError };

export interface Known {
  readonly name: string;
  readonly kind: ModelKind;
  readonly source: Source;
}

/**
 * Every model by kind and name. Of two with the same kind and name the nearer one to the researcher counts: the base, what
 * ships with Foil, the workspace's models/, foil.yaml; also if it is broken, since another model must not take its place
 * unnoticed.
 */
export async function readCatalogue(config: FoilConfig, modelDirs: readonly string[]): Promise<Known[]> {
  const known = new Map<string, Known>();
  const add = (name: string, kind: ModelKind, source: Source): void => {
    known.set(`${kind} ${name}`, { name, kind, source });
  };
  for (const kind of ['simulator', 'chatbot'] as const) add(ZERO_SHOT, kind, { type: 'base' });
  const { adapters, broken } = await findAdapters(modelDirs);
  for (const [name, folder] of adapters) add(name, folder.card.kind, { type: 'adapter', folder, config: null });
  for (const { name, kind, error } of broken) {
    const taken = adapters.get(name)?.card.kind;
    add(name, kind ?? taken ?? 'simulator', { type: 'broken', error });
  }
  for (const [name, model] of Object.entries(config.models))
    add(name, model.kind, await fromConfig(name, model, config));
  return [...known.values()];
}

/** @throws FoilError that lists the models of that kind, or says why this one cannot be used. */
export function findModel(
  catalogue: readonly Known[],
  name: string,
  kind: ModelKind,
): Exclude<Source, { type: 'broken' }> {
  // A judge is any model that chats; one that foil.yaml calls a judge comes first.
  const ofKind = [
    ...catalogue.filter((model) => model.kind === kind),
    ...catalogue.filter((model) => kind === 'judge' && model.kind === 'chatbot'),
  ];
  const found = ofKind.find((model) => model.name === name);
  if (found?.source.type === 'broken') throw found.source.error;
  if (found) return found.source;
  const names = ofKind.map((model) => model.name);
  const other = catalogue.find((model) => model.name === name);
  throw new FoilError('unknown-model', `no ${kind} is called "${name}"${other ? `: it is a ${other.kind}` : ''}`, {
    remedy: knownNames(name, names, `add a ${kind} to foil.yaml, or train one`),
  });
}

/** A line of the list. @param place name of the engine that serves adapters. @param missing why a server cannot be used now, such as a key that is not set. */
export function entryOf(
  { name, kind, source }: Known,
  place: string,
  missing: (model: Served) => string | null,
): ModelEntry {
  const ours = { name, kind, server: place, licence: null, unavailable: null };
  switch (source.type) {
    case 'server': {
      const { server, model, licence } = source.config;
      const summary = `${model} on ${server}`;
      return { name, kind, server, summary, licence: licence ?? null, unavailable: missing(source.config) };
    }
    case 'adapter': {
      const { card } = source.folder;
      const summary = `LoRA r${card.adapter.rank} on ${card.base.name}`;
      const entry = { ...ours, summary, licence: source.config?.licence ?? card.licence ?? null };
      return kind === 'discriminator' ? { ...entry, accuracy: accuracyTable(card.validation) } : entry;
    }
    case 'base':
      return { ...ours, summary: 'the embedded base, prompted only', licence: 'Apache-2.0' };
    case 'broken': {
      const { message, where } = source.error;
      return {
        ...ours,
        summary: 'unreadable',
        unavailable: [message, formatPlace(where)].filter(Boolean).join(': '),
      };
    }
  }
}

async function fromConfig(name: string, model: ModelConfig, config: FoilConfig): Promise<Source> {
  if (isServed(model)) return { type: 'server', config: model };
  try {
    const folder = await readAdapter(model.path ?? '');
    checkKind(name, model, folder, config);
    return { type: 'adapter', folder, config: model };
  } catch (error) {
    if (error instanceof FoilError) return { type: 'broken', error };
    throw error;
  }
}

/** @throws FoilError `wrong-kind` if foil.yaml calls a model what its card does not. */
export function checkKind(name: string, model: ModelConfig, { card }: AdapterFolder, config: FoilConfig): void {
  if (card.kind === model.kind) return;
  throw new FoilError('wrong-kind', `"${name}" is a ${model.kind} in foil.yaml, but a ${card.kind} in its card`, {
    where: { ...(config.file === null ? {} : { file: config.file }), field: `models.${name}.kind` },
    remedy: `write kind: ${card.kind}, or name another adapter`,
  });
}

function isServed(model: ModelConfig): model is Served {
  return model.server !== undefined && model.model !== undefined;
}
