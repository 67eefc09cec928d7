import type { TurnJournal } from '../../core/ports.ts';
import type { TurnRecord } from '../../core/workflows/simulate/journal.ts';

/** A journal in memory; hand `kept` to the next one to go on after a stop. */
export class FakeTurnJournal implements TurnJournal {
  readonly records: readonly TurnRecord[];
  kept: TurnRecord[];
  closed = false;

  constructor(records: readonly TurnRecord[] = []) {
    this.records = [...records];
    this.kept = [...records];
  }

  async append(record: TurnRecord): Promise<void> {
    if (this.closed) throw new Error('the journal is closed');
    this.kept.push(record);
  }

  async close(inCorpus: (session: string) => boolean): Promise<void> {
    this.closed = true;
    this.kept = this.kept.filter(({ session }) => !inCorpus(session));
  }
}
