import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { agreementFileSchema, agreementFor, type Measurement } from '../../core/evaluate/behaviour/agreement.ts';
import type { AnnotatorAbout } from '../../core/evaluate/behaviour/annotations.ts';
import { type Taxonomy, taxonomyName } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { Annotator, ModelRegistry } from '../../core/ports.ts';
import { installRoot } from '../setup/root.ts';
import { replaceFile, withLock } from '../store/disk.ts';
import { validate } from '../store/records.ts';
import { endpointAnnotator } from './endpoint.ts';
import { RULES, ruleAnnotator } from './rules/annotator.ts';

/** An annotator by name: `rules`, a judge of foil.yaml, or any chatbot. @throws FoilError with the models that are known. */
export async function openAnnotator(
  by: string,
  taxonomy: Taxonomy,
  registry: () => Promise<ModelRegistry>,
  signal: AbortSignal,
): Promise<Annotator> {
  if (by === RULES) return ruleAnnotator(taxonomy);
  return endpointAnnotator(await (await registry()).chatModel(by, 'judge', signal), taxonomy);
}

/** Agreement that was measured in a workspace; what ships with Foil stands in models/taxonomy. */
const MEASURED = 'agreement.json';

/** What was measured of an annotator, shipped and in the workspace's labels folder, with what it sees: for exhibits. */
export async function aboutAnnotator(annotator: Annotator, labelsDir: string): Promise<AnnotatorAbout> {
  const { name, version, task, taxonomy, sees } = annotator;
  const measured = await readMeasurements(labelsDir);
  const agreement = agreementFor(measured, { annotator: name, version, task, taxonomy: taxonomyName(taxonomy) });
  return { name, taxonomy, sees, agreement };
}

/** Measurements of the workspace come first: they are of its own corpora. */
async function readMeasurements(labelsDir: string): Promise<Measurement[]> {
  const own = await readFileOf(join(labelsDir, MEASURED));
  return [...own, ...(await readFileOf(join(installRoot(), 'models', 'taxonomy', MEASURED)))];
}

async function readFileOf(file: string): Promise<Measurement[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    return validate(agreementFileSchema, JSON.parse(text), { file }).measurements;
  } catch (error) {
    if (error instanceof FoilError) throw error;
    throw new FoilError('bad-json', 'the file is not JSON', { where: { file }, remedy: 'correct it, or take it away' });
  }
}

/** Keeps a measurement in a file, in the place of an earlier one of the same. */
export async function saveMeasurement(file: string, measurement: Measurement): Promise<void> {
  await withLock(file, async () => {
    const same = (other: Measurement) =>
      (['annotator', 'version', 'task', 'taxonomy', 'against'] as const).every(
        (key) => other[key] === measurement[key],
      );
    const measurements = [...(await readFileOf(file)).filter((other) => !same(other)), measurement];
    await replaceFile(file, [`${JSON.stringify({ schema: 1, measurements }, null, 2)}\n`]);
  });
}

export function measuredFile(labelsDir: string): string {
  return join(labelsDir, MEASURED);
}
