import { readdir } from 'node:fs/promises';
import { FoilError } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import type { PairSet, PairStore } from '../../core/ports.ts';
import type { Decision, ReviewedPair } from '../../core/preference/decisions.ts';
import type { MinedRecord } from '../../core/preference/mined.ts';
import type { PreferencePair } from '../../core/preference/schema.ts';
import { checkName, diskError } from './disk.ts';
import { JOURNAL_NAMES, PairSetFiles } from './pair-set.ts';

/** What the store on disk gives beside the port. */
export interface OpenPairStore extends PairStore {
  /** What was skipped in the files that were read so far: torn lines, ids that stand twice, decisions about no pair. */
  problems(): readonly FoilError[];
  close(): Promise<void>;
}

/**
 * Sets of pairs in a folder: `NAME.jsonl`, with decisions in `NAME.decisions.jsonl` and what mining finished in
 * `NAME.mined.jsonl`, all of them append-only. What was read is kept in memory, and each call reads only what was added.
 * `onProblem` is told of each line that is skipped, once, when it is first met.
 */
export function openPairStore(dir: string, onProblem: (problem: FoilError) => void = () => {}): OpenPairStore {
  return new PairFiles(dir, onProblem);
}

class PairFiles implements OpenPairStore {
  readonly #dir: string;
  readonly #sets = new Map<string, PairSetFiles>();
  readonly #problems: FoilError[] = [];
  readonly #report: (problem: FoilError) => void;
  /** Calls run one after the other: each follows files that the one before may be adding to. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(dir: string, onProblem: (problem: FoilError) => void) {
    this.#dir = dir;
    this.#report = (problem) => {
      this.#problems.push(problem);
      onProblem(problem);
    };
  }

  problems(): readonly FoilError[] {
    return this.#problems;
  }

  sets(): Promise<PairSet[]> {
    return this.#next(async () => {
      const sets: PairSet[] = [];
      for (const name of await this.#names()) {
        const set = await this.#read(name);
        const pairs = set.list();
        const count = (decision: PreferencePair['decision']) =>
          pairs.filter((pair) => pair.decision === decision).length;
        sets.push({
          name,
          pairs: pairs.length,
          approved: count('approved'),
          rejected: count('rejected'),
          pending: count('pending'),
          reviewers: [...new Set(set.decisions().map(({ reviewer }) => reviewer))],
        });
      }
      return sets;
    });
  }

  append(name: string, pairs: readonly PreferencePair[]): Promise<void> {
    return this.#next(() => this.#set(name).append(pairs));
  }

  list(name?: string, reviewers?: readonly string[]): Promise<ReviewedPair[]> {
    return this.#next(async () => {
      const pairs: ReviewedPair[] = [];
      for (const set of name === undefined ? await this.#names() : [name])
        pairs.push(...(await this.#read(set)).list(reviewers));
      return pairs;
    });
  }

  decide(name: string, decision: Decision): Promise<void> {
    return this.#next(async () => {
      const known = this.#sets.get(name);
      await (known?.loaded ? known : await this.#read(name)).decide(decision);
    });
  }

  decisions(name: string): Promise<Decision[]> {
    return this.#next(async () => (await this.#read(name)).decisions());
  }

  mined(name: string): Promise<MinedRecord[]> {
    return this.#next(() => this.#set(name).mined());
  }

  logMined(name: string, record: MinedRecord): Promise<void> {
    return this.#next(() => this.#set(name).logMined(record));
  }

  async close(): Promise<void> {
    await this.#queue;
    for (const set of this.#sets.values()) await set.close();
    this.#sets.clear();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #set(name: string): PairSetFiles {
    checkName(name, 'set of pairs');
    if (JOURNAL_NAMES.some((suffix) => name.endsWith(suffix))) {
      throw new FoilError('bad-name', `"${name}" is reserved`, { remedy: 'give the set another name' });
    }
    const set = this.#sets.get(name) ?? new PairSetFiles(this.#dir, name, this.#report);
    this.#sets.set(name, set);
    return set;
  }

  async #read(name: string): Promise<PairSetFiles> {
    const set = this.#set(name);
    if (!(await set.exists())) throw unknownSet(name, await this.#names());
    await set.sync();
    return set;
  }

  async #names(): Promise<string[]> {
    const files = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw diskError(error, this.#dir);
    });
    return files
      .filter((file) => file.endsWith('.jsonl'))
      .map((file) => file.slice(0, -'.jsonl'.length))
      .filter((name) => !JOURNAL_NAMES.some((suffix) => name.endsWith(suffix)))
      .sort();
  }
}

function unknownSet(name: string, names: readonly string[]): FoilError {
  return new FoilError('unknown-set', `there is no set of pairs "${name}"`, {
    remedy: knownNames(name, names, 'there is none yet: foil mine CORPUS --set NAME'),
  });
}
