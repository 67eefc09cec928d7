import { FoilError } from '../../core/errors.ts';
import type { LoopRecord } from '../../core/workflows/loop/journal.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { LoopJournal, LoopStore } from '../../core/workflows/loop/types.ts';

/** Loops in memory. */
export class FakeLoopStore implements LoopStore {
  readonly settings = new Map<string, LoopSettings>();
  readonly journals = new Map<string, LoopRecord[]>();
  readonly holders = new Set<string>();

  async list(): Promise<string[]> {
    return [...this.settings.keys()];
  }

  async load(name: string): Promise<LoopSettings> {
    const found = this.settings.get(name);
    if (!found) throw new FoilError('unknown-loop', `there is no loop "${name}"`);
    return found;
  }

  async create(settings: LoopSettings): Promise<void> {
    if (this.settings.has(settings.name)) throw new FoilError('name-taken', `there is a loop "${settings.name}"`);
    this.settings.set(settings.name, settings);
  }

  async read(name: string): Promise<LoopRecord[]> {
    return [...(this.journals.get(name) ?? [])];
  }

  async held(name: string): Promise<boolean> {
    return this.holders.has(name);
  }

  async holder(name: string): Promise<string | null> {
    return this.holders.has(name) ? 'process 4242 on elsewhere' : null;
  }

  async hold(name: string): Promise<LoopJournal> {
    if (this.holders.has(name)) throw new FoilError('locked', `${name} is being run`);
    this.holders.add(name);
    const records = this.journals.get(name) ?? [];
    this.journals.set(name, records);
    return {
      records,
      append: async (record) => {
        records.push(record);
      },
      close: async () => {
        this.holders.delete(name);
      },
    };
  }
}
