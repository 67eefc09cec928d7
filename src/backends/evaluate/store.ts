import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { FoilError } from '../../core/errors.ts';
import { evaluationRecordSchema } from '../../core/workflows/evaluate/journal.ts';
import { specSchema } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluationStore } from '../../core/workflows/evaluate/types.ts';
import { diskError, replaceFile } from '../store/disk.ts';
import { validate } from '../store/records.ts';
import { settingsFolders } from '../store/settings-folders.ts';

const SPEC = 'spec.json';

/**
 * Evaluations in a folder, one folder each: `spec.json`, which people may edit, and `exhibits.jsonl`, which is only ever
 * added to. `onProblem` is told of a line whose write was interrupted.
 */
export function openEvaluationStore(dir: string, onProblem: (problem: FoilError) => void = () => {}): EvaluationStore {
  const root = resolve(dir);
  const { file, list, find, load, read, hold } = settingsFolders(
    root,
    {
      what: 'evaluation',
      settings: { file: SPEC, schema: specSchema },
      journal: { file: 'exhibits.jsonl', schema: evaluationRecordSchema },
      remedies: {
        mend: 'mend it, or name the corpora again; the exhibits beside it are not touched',
        renamed: 'give its folder that name again, or correct the field',
        none: 'there is none yet: foil eval --help',
      },
    },
    onProblem,
  );
  return {
    ...{ list, find, load, read },
    hold: (name) => hold(name),
    async save(spec) {
      const path = file(spec.name, SPEC);
      await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
        throw diskError(error, root);
      });
      await replaceFile(path, [`${JSON.stringify(validate(specSchema, spec, { file: path }), null, 2)}\n`]);
    },
  };
}
