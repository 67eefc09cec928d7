import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { Lineage } from '../../core/model/lineage.ts';
import type { TrainerEvent } from '../../core/stage/ports.ts';
import { RUN_FILES, type RunRecord } from '../../core/stage/run.ts';
import { readAdapter } from '../registry/cards.ts';
import { checkName } from '../store/disk.ts';
import { stageEnvironment } from './command.ts';
import { digestOf } from './inputs.ts';
import { runStage, trainPython } from './python.ts';
import { packageFolder } from './table.ts';

export interface AdoptOptions {
  readonly workspace: string;
  /** The run's, absolute. */
  readonly folder: string;
  /** Names of all models there are. */
  readonly taken: readonly string[];
  baseWeights(signal: AbortSignal): AsyncGenerator<TrainerEvent, string>;
}

/** Exports a run's adapter into WORKSPACE/models/NAME, whole or not at all, and returns that folder. */
export async function* adopt(
  options: AdoptOptions,
  record: RunRecord,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<TrainerEvent, string> {
  checkName(name, 'model');
  const models = join(options.workspace, 'models');
  const target = join(models, name);
  if (options.taken.includes(name) && !(await isOwn(target, record.id))) {
    throw new FoilError('name-taken', `there is a model called "${name}", and it did not come from this run`, {
      remedy: 'adopt it under another name',
    });
  }
  const base = yield* localBase(options, record, signal);
  const python = yield* trainPython(signal);
  // A dot keeps the registry from an adapter that is not whole yet.
  const fresh = join(models, `.${name}.new`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(models, { recursive: true });
  const spec = {
    stage: 'export',
    base,
    template: `${RUN_FILES.inputs}/template.jinja`,
    name,
    kind: record.request.kind,
    adapter: RUN_FILES.output,
    card: await cardOf(options.folder, record),
  };
  await writeFile(join(options.folder, 'export.json'), `${JSON.stringify(spec, null, 1)}\n`);
  yield { type: 'step', text: 'exporting the adapter' };
  const argv = [python, '-m', 'foil_train', 'export', '--spec', 'export.json', '--out', fresh];
  // The exporter of this Foil, whichever version trained it: what it writes is read by this Foil's engine.
  const env = { ...stageEnvironment(1), PYTHONPATH: join(packageFolder(), '..') };
  yield* runStage(argv, { cwd: options.folder, env }, signal);
  yield { type: 'step', text: `registering it as ${name}` };
  await noteLineage(fresh, record);
  await readAdapter(fresh);
  const old = join(models, `.${name}.old`);
  await rm(old, { recursive: true, force: true });
  await rename(target, old).catch(ignoreMissing);
  await rename(fresh, target);
  await rm(old, { recursive: true, force: true });
  return target;
}

const ownSchema = z.looseObject({ lineage: z.looseObject({ run: z.string() }) });

async function isOwn(folder: string, run: string): Promise<boolean> {
  try {
    return ownSchema.parse(JSON.parse(await readFile(join(folder, 'card.json'), 'utf8'))).lineage.run === run;
  } catch {
    return false;
  }
}

/** What a card can be told; all else in it follows from what the stage wrote. */
async function cardOf(folder: string, record: RunRecord): Promise<object> {
  const { inputs, request, id, from } = record;
  const parent = inputs['adapter'] ? (await readAdapter(join(folder, inputs['adapter'].file))).card : null;
  const rows = Object.entries(inputs).filter(([, input]) => input.rows !== null);
  const licences = [...new Set(Object.values(inputs).flatMap((input) => input.licences))];
  const sources = [...new Set(rows.map(([, input]) => input.source))].join('; ');
  const licence = licences.length > 0 ? licences.join('; ') : null;
  return {
    data: { name: sources, licence: licence ?? 'not stated by its sessions', attribution: '' },
    licence: licence === null ? null : `${licence} (what it was trained on); the base has its own`,
    ...(request.kind === 'chatbot' ? { system: request.rows.system } : {}),
    ...(parent?.system ? { system: parent.system } : {}),
    ...(parent?.sampling ? { sampling: parent.sampling } : {}),
    notes: [
      `Trained by run ${id}${from === null ? '' : `, a clone of ${from}`}${parent ? `, from ${parent.name}` : ''}.`,
      ...rows.map(([key, { source, sha256 }]) => `Rows, ${key}: ${source}, sha256 ${sha256}.`),
      ...record.notes.map(({ text }) => text),
    ],
    rebuild: `foil runs clone ${id}`,
  };
}

/** Where a model came from, for programs: the run, what it read, the model that it goes on from. */
async function noteLineage(folder: string, record: RunRecord): Promise<void> {
  const file = join(folder, 'card.json');
  const card = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const inputs = Object.entries(record.inputs).map(([what, { sha256, source }]) => [what, { sha256, source }]);
  const lineage = {
    run: record.id,
    stage: record.stage,
    from: record.from,
    parent: record.inputs['adapter']?.source ?? null,
    inputs: Object.fromEntries(inputs),
    reads: readsOf(record.request),
  };
  await writeFile(file, `${JSON.stringify({ ...card, lineage }, null, 1)}\n`, { flush: true });
}

/** Names of what the rows were made from. A file of rows has none: its sha256 among the inputs is all that is known. */
function readsOf({ rows }: RunRecord['request']): NonNullable<Lineage['reads']> {
  const sources = [rows.train, rows.valid, rows.test, rows.real].filter(
    (source) => source !== null && source !== undefined,
  );
  return {
    corpora: [...new Set(sources.flatMap((source) => (source.from === 'corpus' ? [source.corpus] : [])))],
    simulated: rows.simulated,
    pairs: [
      ...new Set(
        sources.flatMap((source) => (source.from === 'pairs' && source.set !== undefined ? [source.set] : [])),
      ),
    ],
  };
}

const specSchema = z.looseObject({ base: z.string() });
const outputSchema = z.looseObject({ base: z.looseObject({ gguf_sha256: z.string().nullable() }) });

/** The base on this machine: the run's, or the same weights by their sha256. */
async function* localBase(
  { folder, baseWeights }: AdoptOptions,
  record: RunRecord,
  signal: AbortSignal,
): AsyncGenerator<TrainerEvent, string> {
  const { base } = specSchema.parse(JSON.parse(await readFile(join(folder, RUN_FILES.spec), 'utf8')));
  if (await exists(base)) return base;
  const own = yield* baseWeights(signal);
  const output = join(folder, RUN_FILES.output, 'run.json');
  const trained = outputSchema.parse(JSON.parse(await readFile(output, 'utf8'))).base.gguf_sha256;
  if (trained === (await digestOf(own)).sha256) return own;
  throw new FoilError(
    'no-base',
    `the base that ${record.id} was trained on, ${basename(base)}, is not on this machine`,
    {
      where: { file: base },
      remedy: 'adopt it where the base is, or serve output/adapter with vLLM there',
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
