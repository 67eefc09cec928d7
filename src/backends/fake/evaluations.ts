import { FoilError } from '../../core/errors.ts';
import type { EvaluationRecord } from '../../core/workflows/evaluate/journal.ts';
import type { EvaluationSpec } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluationJournal, EvaluationStore } from '../../core/workflows/evaluate/types.ts';

/** Evaluations in memory. */
export class FakeEvaluationStore implements EvaluationStore {
  readonly specs = new Map<string, EvaluationSpec>();
  readonly journals = new Map<string, EvaluationRecord[]>();
  readonly held = new Set<string>();

  async list(): Promise<string[]> {
    return [...this.specs.keys()];
  }

  async find(name: string): Promise<EvaluationSpec | null> {
    return this.specs.get(name) ?? null;
  }

  async load(name: string): Promise<EvaluationSpec> {
    const found = this.specs.get(name);
    if (!found) throw new FoilError('unknown-evaluation', `there is no evaluation "${name}"`);
    return found;
  }

  async save(spec: EvaluationSpec): Promise<void> {
    this.specs.set(spec.name, spec);
  }

  async read(name: string): Promise<EvaluationRecord[]> {
    return [...(this.journals.get(name) ?? [])];
  }

  async hold(name: string): Promise<EvaluationJournal> {
    if (this.held.has(name)) throw new FoilError('locked', `the evaluation "${name}" is being run`);
    this.held.add(name);
    const records = this.journals.get(name) ?? [];
    this.journals.set(name, records);
    return {
      records,
      append: async (record) => {
        records.push(record);
      },
      close: async () => {
        this.held.delete(name);
      },
    };
  }
}
