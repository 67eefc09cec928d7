import { FoilError } from '../../core/errors.ts';
import type { LoopRecord } from '../../core/workflows/loop/journal.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import type { LoopJournal, LoopStore } from '../../core/workflows/loop/types.ts';
import { HeldJournals } from './held.ts';

/** Loops in memory. */
export class FakeLoopStore implements LoopStore {
  readonly settings = new Map<string, LoopSettings>();
  readonly journals = new HeldJournals<LoopRecord>();

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
    return this.journals.read(name);
  }

  async held(name: string): Promise<boolean> {
    return this.journals.held.has(name);
  }

  async holder(name: string): Promise<string | null> {
    return this.journals.held.has(name) ? 'process 4242 on elsewhere' : null;
  }

  async hold(name: string): Promise<LoopJournal> {
    return this.journals.hold(name);
  }
}
