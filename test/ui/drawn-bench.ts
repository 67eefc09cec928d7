import { FakeAnnotations, FakeAnnotator } from '../../src/backends/fake/annotator.ts';
import { FoilError } from '../../src/core/errors.ts';
import type { Measurement } from '../../src/core/evaluate/behaviour/agreement.ts';
import type { LabelRecord, Sample } from '../../src/core/workflows/evaluate/label-types.ts';
import type { Samples } from '../../src/core/workflows/evaluate/samples.ts';
import type { TuringStores } from '../../src/core/workflows/turing/sitting.ts';
import type { TuringRecord, TuringSitting } from '../../src/core/workflows/turing/types.ts';
import { smallTaxonomy } from '../core/evaluate/annotated.ts';

/** A file of a head and records, in memory. `closed` counts how often it was let go. */
export interface FakeFile<Head, Written> {
  readonly head: Head;
  readonly records: Written[];
  closed: number;
}

function filesOf<Head, Written>(what: string, files: Map<string, FakeFile<Head, Written>>) {
  return {
    list: async () => [...files.keys()].sort(),
    create: async (name: string, head: Head) => {
      if (files.has(name))
        throw new FoilError('name-taken', `there is a ${what} "${name}" already`, { remedy: 'another' });
      files.set(name, { head, records: [], closed: 0 });
    },
    open: async (name: string) => {
      const file = files.get(name);
      if (!file) throw new FoilError(`unknown-${what}`, `there is no ${what} "${name}"`, { remedy: 'draw one' });
      return {
        ...{ head: file.head, records: file.records },
        append: async (record: Written) => {
          file.records.push(record);
        },
        close: async () => {
          file.closed += 1;
        },
      };
    },
  };
}

/** Sittings in memory. */
export const fakeSittings = (files: Map<string, FakeFile<TuringSitting, TuringRecord>>): TuringStores =>
  filesOf('sitting', files);

/** Samples in memory; of the small taxonomy `rules` finds `a` in messages with "fought", and a judge `c` in all. */
export function fakeSamples(files: Map<string, FakeFile<Sample, LabelRecord>>, kept: Measurement[]): Samples {
  const of = filesOf('sample', files);
  return {
    ...of,
    async open(name) {
      const { head, ...file } = await of.open(name);
      return { sample: head, ...file };
    },
    taxonomy: async (task) => smallTaxonomy(task),
    async annotator(by, taxonomy) {
      if (by !== 'rules' && by !== 'bot-a')
        throw new FoilError('unknown-model', `no model "${by}"`, { remedy: 'another' });
      const categories = (text: string) => (by === 'bot-a' ? ['c'] : text.includes('fought') ? ['a'] : []);
      const annotator = new FakeAnnotator(
        taxonomy,
        ({ session, turn }) => [{ turn: turn ?? 0, categories: categories(session.turns[turn ?? 0]?.content ?? '') }],
        { kept: false },
      );
      return { annotator, store: new FakeAnnotations() };
    },
    keep: async (measurement) => {
      kept.push(measurement);
    },
    hash: (text) => text,
  };
}
