import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { nearest } from '../../core/fields.ts';
import {
  applyDecision,
  type Decision,
  decisionSchema,
  foldPair,
  type ReviewedPair,
} from '../../core/preference/decisions.ts';
import { type MinedRecord, minedRecordSchema } from '../../core/preference/mined.ts';
import { type PreferencePair, pairSchema } from '../../core/preference/schema.ts';
import { appendRecords, withLock } from './disk.ts';
import { Journal } from './pair-journal.ts';
import { validate } from './records.ts';

/** Names of journals end so; no set may. */
export const JOURNAL_NAMES = ['.decisions', '.mined'] as const;

/** One set of pairs and its two journals, followed in memory. Calls must not overlap: PairFiles queues them. */
export class PairSetFiles {
  readonly name: string;
  readonly file: string;
  readonly #pairs: Journal<typeof pairSchema>;
  readonly #decisions: Journal<typeof decisionSchema>;
  readonly #mined: Journal<typeof minedRecordSchema>;
  readonly #byId = new Map<string, PreferencePair>();
  /** Effective records of each pair that has any. */
  readonly #entries = new Map<string, readonly Decision[]>();
  /** All effective records, in the order of the file. */
  readonly #journal = new Set<Decision>();
  readonly #minedRecords: MinedRecord[] = [];
  /** Decisions about pairs that are not there, or not there yet: another process may be adding both. */
  #orphans: { decision: Decision; line: number }[] = [];
  readonly #problem: (problem: FoilError) => void;
  #loaded = false;

  constructor(dir: string, name: string, problem: (problem: FoilError) => void) {
    this.name = name;
    this.#problem = problem;
    this.file = join(dir, `${name}.jsonl`);
    const journal = (suffix: string) => join(dir, `${name}${suffix}.jsonl`);
    this.#pairs = new Journal(
      this.file,
      pairSchema,
      (pair, line) => {
        if (!this.#byId.has(pair.id)) this.#byId.set(pair.id, pair);
        else problem(duplicate(this.file, pair.id, line, 'it is skipped, and the first one holds'));
      },
      problem,
    );
    const decisions = journal('.decisions');
    this.#decisions = new Journal(
      decisions,
      decisionSchema,
      (decision, line) => {
        const where = { file: decisions, line };
        if (!this.#byId.has(decision.pair)) this.#orphans.push({ decision, line });
        else if (!this.#take(decision)) problem(nothingToUndo(decision, where, 'it is skipped'));
      },
      problem,
    );
    this.#mined = new Journal(
      journal('.mined'),
      minedRecordSchema,
      (record) => this.#minedRecords.push(record),
      problem,
    );
  }

  /** Reads what was added since, pairs before decisions. */
  async sync(): Promise<void> {
    await this.#pairs.sync();
    await this.#decisions.sync();
    this.#loaded = true;
    if (this.#orphans.length === 0) return;
    await this.#pairs.sync();
    const orphans = this.#orphans;
    this.#orphans = [];
    const file = this.#decisions.file;
    for (const { decision, line } of orphans) {
      if (!this.#byId.has(decision.pair))
        this.#problem(unknownPair(decision.pair, { file, line }, [], 'it is skipped'));
      else if (!this.#take(decision)) this.#problem(nothingToUndo(decision, { file, line }, 'it is skipped'));
    }
  }

  /** Whether the files were read. */
  get loaded(): boolean {
    return this.#loaded;
  }

  async exists(): Promise<boolean> {
    return (await stat(this.file).catch(() => null))?.isFile() === true;
  }

  async append(pairs: readonly PreferencePair[]): Promise<void> {
    const records = pairs.map((pair) => validate(pairSchema, pair, { file: this.file }));
    await withLock(this.file, async () => {
      await this.#pairs.sync();
      const fresh = new Set<string>();
      for (const { id } of records) {
        if (this.#byId.has(id) || fresh.has(id)) {
          throw duplicate(this.file, id, undefined, 'nothing was written: leave it out, or give it another id');
        }
        fresh.add(id);
      }
      // A set without pairs is a set too: mining may find none.
      if (records.length === 0) await (await open(this.file, 'a')).close();
      await appendRecords(this.file, records);
    });
    await this.#pairs.sync();
  }

  list(reviewers?: readonly string[]): ReviewedPair[] {
    return [...this.#byId.values()].map((pair) =>
      foldPair(this.name, pair, this.#entries.get(pair.id) ?? [], reviewers),
    );
  }

  decisions(): Decision[] {
    return [...this.#journal];
  }

  async decide(decision: Decision): Promise<void> {
    const record = validate(decisionSchema, decision, { file: this.#decisions.file });
    if (!this.#byId.has(record.pair)) {
      await this.sync();
      if (!this.#byId.has(record.pair)) throw unknownPair(record.pair, { file: this.file }, [...this.#byId.keys()]);
    }
    const ready = () => {
      if (applyDecision(this.#entries.get(record.pair) ?? [], record) === null) throw nothingToUndo(record);
    };
    await this.#decisions.append(record, ready, () => this.sync());
  }

  async mined(): Promise<MinedRecord[]> {
    await this.#mined.sync();
    return [...this.#minedRecords];
  }

  async logMined(record: MinedRecord): Promise<void> {
    await this.#mined.append(validate(minedRecordSchema, record, { file: this.#mined.file }));
  }

  async close(): Promise<void> {
    for (const journal of [this.#pairs, this.#decisions, this.#mined]) await journal.close();
  }

  /** False for an undo of nothing. */
  #take(decision: Decision): boolean {
    const before = this.#entries.get(decision.pair) ?? [];
    const after = applyDecision(before, decision);
    if (after === null) return false;
    this.#entries.set(decision.pair, after);
    if (decision.decision === 'undo') {
      const gone = before.find((entry) => !after.includes(entry));
      if (gone) this.#journal.delete(gone);
    } else this.#journal.add(decision);
    return true;
  }
}

function duplicate(file: string, id: string, line: number | undefined, remedy: string): FoilError {
  return new FoilError('duplicate-pair', `the set has a pair "${id}" already`, {
    where: { file, field: 'id', ...(line === undefined ? {} : { line }) },
    remedy,
  });
}

function unknownPair(
  id: string,
  where: { file: string; line?: number },
  ids: readonly string[],
  fate?: string,
): FoilError {
  const near = nearest(id, ids);
  return new FoilError(
    'unknown-pair',
    `${fate ? 'a decision about' : 'the set has'} no pair "${id}"${fate ? ' of the set' : ''}`,
    {
      where,
      remedy: [
        ...(fate ? [`${fate}: the pair was taken out, or the journal is of another set`] : []),
        ...(near ? [`did you mean "${near}"?`] : []),
        ...(fate ? [] : ['see `foil pairs`']),
      ],
    },
  );
}

function nothingToUndo(
  { pair, reviewer, pass }: Decision,
  where?: { file: string; line: number },
  fate?: string,
): FoilError {
  return new FoilError('nothing-to-undo', `${reviewer} has decided nothing about "${pair}" in pass ${pass}`, {
    ...(where ? { where } : {}),
    remedy: fate ?? 'nothing was written',
  });
}
