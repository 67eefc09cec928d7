import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exhibitCsv } from '../../core/evaluate/render/csv.ts';
import type { EvaluationView } from '../../core/workflows/evaluate/view.ts';
import { diskError, replaceFile } from '../store/disk.ts';
import { renderReport } from './report.ts';

/** Each exhibit as `DIR/ID.csv`. @returns what was written, in the order of the report. */
export async function writeTables(view: EvaluationView, dir: string): Promise<{ exhibit: string; file: string }[]> {
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw diskError(error, dir);
  });
  const written: { exhibit: string; file: string }[] = [];
  for (const section of view.sections) {
    for (const exhibit of section.state === 'exhibits' ? section.exhibits : []) {
      const file = join(dir, `${exhibit.id}.csv`);
      await replaceFile(file, [exhibitCsv(exhibit)]);
      written.push({ exhibit: exhibit.id, file });
    }
  }
  return written;
}

/** The evaluation as one HTML file. */
export async function writeReport(view: EvaluationView, file: string): Promise<void> {
  await replaceFile(file, [await renderReport(view)]);
}
