import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { LabelStore } from '../../core/workflows/evaluate/label-sitting.ts';
import { type LabelRecord, labelFileSchema, type Sample } from '../../core/workflows/evaluate/label-types.ts';
import { appendRecords, checkName, withLock } from '../store/disk.ts';
import { Journal } from '../store/pair-journal.ts';

const fileOf = (dir: string, name: string) => join(dir, `${name}.jsonl`);

/** Begins `DIR/NAME.jsonl` with a sample. @throws FoilError `name-taken` if there is one: labels are never written over. */
export async function createLabels(dir: string, name: string, sample: Sample): Promise<void> {
  checkName(name, 'sample');
  const file = fileOf(dir, name);
  await withLock(file, async () => {
    if (((await stat(file).catch(() => null))?.size ?? 0) > 0) {
      throw new FoilError('name-taken', `there is a sample "${name}" already`, {
        where: { file },
        remedy: 'take another name, or move the file away: its labels are of its own items',
      });
    }
    await appendRecords(file, [sample]);
  });
}

/** Names of the samples in a folder. */
export async function listLabels(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort();
}

/**
 * A sample with its labels, followed on the disk, append-only.
 * @throws FoilError `unknown-sample` with those there are; `bad-record` for a file that does not begin with a sample.
 */
export async function openLabelStore(
  dir: string,
  name: string,
  onProblem: (problem: FoilError) => void,
): Promise<LabelStore> {
  checkName(name, 'sample');
  const file = fileOf(dir, name);
  let sample: Sample | null = null;
  const records: LabelRecord[] = [];
  const journal = new Journal(
    file,
    labelFileSchema,
    (record) => {
      if (record.type === 'sample') sample ??= record;
      else records.push(record);
    },
    onProblem,
  );
  await journal.sync();
  if (sample === null) {
    const known = await listLabels(dir);
    throw new FoilError('unknown-sample', `there is no sample "${name}"`, {
      where: { file },
      remedy: known.length > 0 ? `known: ${known.join(', ')}` : 'draw one with `foil eval label draw`',
    });
  }
  return {
    ...{ sample, records },
    append: (record) => journal.append(record),
    close: () => journal.close(),
  };
}
