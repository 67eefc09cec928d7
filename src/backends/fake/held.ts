import { FoilError } from '../../core/errors.ts';

/** Journals in memory, each with one writer at a time, as those on disk have it. */
export class HeldJournals<T> {
  readonly records = new Map<string, T[]>();
  /** Names of those that are being written. */
  readonly held = new Set<string>();

  read(name: string): T[] {
    return [...(this.records.get(name) ?? [])];
  }

  /** @throws FoilError `locked` while somebody holds it. */
  hold(name: string): { records: T[]; append: (record: T) => Promise<void>; close: () => Promise<void> } {
    if (this.held.has(name)) throw new FoilError('locked', `${name} is being run`);
    this.held.add(name);
    const records = this.records.get(name) ?? [];
    this.records.set(name, records);
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
