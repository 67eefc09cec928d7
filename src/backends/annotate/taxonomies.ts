import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { FoilError } from '../../core/errors.ts';
import { parseTaxonomy, type Task, type Taxonomy } from '../../core/evaluate/behaviour/taxonomy.ts';
import { installRoot } from '../setup/root.ts';
import { diskError } from '../store/disk.ts';

/** The taxonomy that ships with Foil, or a file of the researcher's own in its place. @throws FoilError `bad-taxonomy`. */
export async function loadTaxonomy(task: Task, file?: string): Promise<Taxonomy> {
  const path = file ?? join(installRoot(), 'models', 'taxonomy', `${task}.yaml`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const known = diskError(error, path);
    if (!(known instanceof FoilError) || known.code !== 'no-folder') throw known;
    throw new FoilError('no-taxonomy', 'there is no such file', { where: { file: path }, remedy: 'correct the path' });
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const { message, linePos } = error as { message: string; linePos?: { line: number }[] };
    const line = linePos?.[0]?.line;
    throw new FoilError('bad-taxonomy', `the file is not valid YAML: ${message.split('\n')[0]}`, {
      where: { file: path, ...(line === undefined ? {} : { line }) },
      remedy: 'correct the line; a text with a colon needs quotes',
    });
  }
  return parseTaxonomy(value, path, task);
}
