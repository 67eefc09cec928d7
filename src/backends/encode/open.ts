import { FoilError } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import { WORDS } from '../../core/workflows/evaluate/spec.ts';
import type { OpenedEncoder } from '../../core/workflows/evaluate/types.ts';
import type { FoilConfig } from '../config/schema.ts';
import { serverEncoder } from '../openai/embeddings.ts';
import type { Registry } from '../registry/registry.ts';
import { MINILM_NAME, minilmEncoder } from './minilm.ts';
import { openVectors } from './vectors.ts';

export interface EncoderServices {
  readonly config: FoilConfig;
  readonly models: Pick<Registry, 'endpoint'>;
  /** Folder where vectors are kept. */
  readonly dir: string;
  readonly onProblem: (problem: FoilError) => void;
}

/** An encoder by the name that a spec gives it: `minilm`, or `SERVER[:MODEL]` of foil.yaml. */
export async function openEncoder(
  name: string,
  { config, models, dir, onProblem }: EncoderServices,
  signal: AbortSignal,
): Promise<OpenedEncoder> {
  checkEncoder(name, config);
  const { server, model } = parts(name);
  const encoder =
    name === MINILM_NAME
      ? minilmEncoder({ threads: config.engine.threads })
      : await serverEncoder(name, models.endpoint({ server }), model, signal);
  return { encoder, vectors: () => openVectors(dir, encoder, onProblem) };
}

/** What a spec can name: of a server its only model, or `SERVER:MODEL`. */
export function encodersOf({ servers }: Pick<FoilConfig, 'servers'>): string[] {
  return [...new Set([WORDS, MINILM_NAME, ...Object.keys(servers)])];
}

/** @throws FoilError `unknown-encoder`, with those that are known. */
export function checkEncoder(name: string, config: Pick<FoilConfig, 'servers'>): void {
  if (name === WORDS || name === MINILM_NAME || Object.hasOwn(config.servers, parts(name).server)) return;
  throw new FoilError('unknown-encoder', `there is no encoder "${name}"`, {
    remedy: knownNames(name, encodersOf(config), ''),
  });
}

/** Names of servers have no colon. */
function parts(name: string): { server: string; model: string | null } {
  const at = name.indexOf(':');
  return at === -1 ? { server: name, model: null } : { server: name.slice(0, at), model: name.slice(at + 1) || null };
}
