import { FoilError } from '../../core/errors.ts';
import type { EvaluationRecord } from '../../core/workflows/evaluate/journal.ts';
import type { EvaluationSpec } from '../../core/workflows/evaluate/spec.ts';
import type { EvaluationJournal, EvaluationStore } from '../../core/workflows/evaluate/types.ts';
import { HeldJournals } from './held.ts';

/** Evaluations in memory. */
export class FakeEvaluationStore implements EvaluationStore {
  readonly specs = new Map<string, EvaluationSpec>();
  readonly journals = new HeldJournals<EvaluationRecord>();

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
    return this.journals.read(name);
  }

  async hold(name: string): Promise<EvaluationJournal> {
    return this.journals.hold(name);
  }
}
