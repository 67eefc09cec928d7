import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import { type EvaluationRecord, evaluationRecordSchema } from '../../core/workflows/evaluate/journal.ts';
import { specSchema } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluationStore } from '../../core/workflows/evaluate/types.ts';
import { checkName, diskError, holdLock, replaceFile } from '../store/disk.ts';
import { Journal } from '../store/pair-journal.ts';
import { validate } from '../store/records.ts';

/** Evaluations that this process runs: a second run must be told, where the lock would only let it wait. */
const held = new Set<string>();

/**
 * Evaluations in a folder, one folder each: `spec.json`, which people may edit, and `exhibits.jsonl`, which is only ever
 * added to. `onProblem` is told of a line whose write was interrupted.
 */
export function openEvaluationStore(dir: string, onProblem: (problem: FoilError) => void = () => {}): EvaluationStore {
  const root = resolve(dir);
  const file = (name: string, what: 'spec.json' | 'exhibits.jsonl') => {
    checkName(name, 'evaluation');
    return join(root, name, what);
  };
  const follow = (name: string) => {
    const records: EvaluationRecord[] = [];
    const take = (record: EvaluationRecord) => records.push(record);
    return { records, journal: new Journal(file(name, 'exhibits.jsonl'), evaluationRecordSchema, take, onProblem) };
  };
  const list = async () => {
    const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw diskError(error, root);
    });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  };
  const find = async (name: string) => {
    const path = file(name, 'spec.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskError(error, path);
      return null;
    });
    return text === null ? null : validate(specSchema, jsonOf(text, path), { file: path });
  };
  return {
    list,
    find,
    async load(name) {
      const spec = await find(name);
      if (!spec) throw unknownEvaluation(name, await list());
      if (spec.name === name) return spec;
      throw new FoilError('bad-record', `the evaluation calls itself "${spec.name}"`, {
        where: { file: file(name, 'spec.json'), field: 'name' },
        remedy: 'give its folder that name again, or correct the field',
      });
    },
    async save(spec) {
      const path = file(spec.name, 'spec.json');
      await mkdir(join(root, spec.name), { recursive: true }).catch((error: unknown) => {
        throw diskError(error, root);
      });
      await replaceFile(path, [`${JSON.stringify(validate(specSchema, spec, { file: path }), null, 2)}\n`]);
    },
    async read(name) {
      const { records, journal } = follow(name);
      await journal.sync();
      return records;
    },
    async hold(name) {
      const path = file(name, 'exhibits.jsonl');
      const busy = new FoilError('locked', `the evaluation "${name}" is being run`, {
        where: { file: path },
        remedy: 'wait until it is done, or stop it',
      });
      if (held.has(path)) throw busy;
      held.add(path);
      try {
        const lock = await holdLock(path);
        const { records, journal } = follow(name);
        const close = async () => {
          await journal.close();
          await lock.release();
          held.delete(path);
        };
        await journal.sync().catch(async (error: unknown) => {
          await close();
          throw error;
        });
        return { records, append: (record) => journal.append(record), close };
      } catch (error) {
        held.delete(path);
        throw error;
      }
    },
  };
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FoilError('bad-json', `spec.json is not JSON: ${(error as Error).message}`, {
      where: { file },
      remedy: 'mend it, or name the corpora again; the exhibits beside it are not touched',
    });
  }
}

function unknownEvaluation(name: string, names: readonly string[]): FoilError {
  const near = nearest(name, names);
  return new FoilError('unknown-evaluation', `there is no evaluation "${name}"`, {
    remedy: [
      ...(near ? [`did you mean "${near}"?`] : []),
      names.length > 0 ? `known: ${names.join(', ')}` : 'there is none yet: foil eval --help',
    ],
  });
}
