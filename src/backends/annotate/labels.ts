import type { FoilError } from '../../core/errors.ts';
import type { LabelStore } from '../../core/workflows/evaluate/label-sitting.ts';
import { type LabelRecord, labelFileSchema, type Sample } from '../../core/workflows/evaluate/label-types.ts';
import { createHeaded, type HeadedKind, listHeaded, openHeaded } from '../store/headed.ts';

const LABELS: HeadedKind<Sample, LabelRecord> = {
  ...{ what: 'sample', head: 'sample', schema: labelFileSchema },
  remedy: {
    taken: 'take another name, or move the file away: its labels are of its own items',
    none: 'draw one with `foil eval label draw`',
  },
};

/** Begins `DIR/NAME.jsonl` with a sample. @throws FoilError `name-taken` if there is one: labels are never written over. */
export async function createLabels(dir: string, name: string, sample: Sample): Promise<void> {
  await createHeaded(LABELS, dir, name, sample);
}

/** Names of the samples in a folder. */
export async function listLabels(dir: string): Promise<string[]> {
  return await listHeaded(dir);
}

/** A sample with its labels. @throws FoilError `unknown-sample` with those there are. */
export async function openLabelStore(
  dir: string,
  name: string,
  onProblem: (problem: FoilError) => void,
): Promise<LabelStore> {
  const { head, ...file } = await openHeaded(LABELS, dir, name, onProblem);
  return { sample: head, ...file };
}
