import { existsSync, rmSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/** Raised when the tables below change: an index of another version is thrown away and rebuilt from the files. */
const INDEX_VERSION = 2;

const TABLES = `
  CREATE TABLE meta (version INTEGER NOT NULL);
  INSERT INTO meta VALUES (${INDEX_VERSION});
  -- How far each file is indexed: \`indexed\` bytes and \`lines\` line feeds; \`tail\` is a hash of the bytes before that.
  CREATE TABLE file (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, indexed INTEGER NOT NULL, lines INTEGER NOT NULL, tail TEXT NOT NULL);
  CREATE TABLE session (
    key INTEGER PRIMARY KEY, corpus TEXT NOT NULL, id TEXT NOT NULL, line INTEGER NOT NULL, offset INTEGER NOT NULL,
    length INTEGER NOT NULL, origin TEXT NOT NULL, simulator TEXT, chatbot TEXT, user_turns INTEGER NOT NULL,
    words INTEGER NOT NULL, opening TEXT NOT NULL, summary TEXT, risk INTEGER NOT NULL, updated TEXT, UNIQUE (corpus, id));
  CREATE TABLE score (
    corpus TEXT NOT NULL, session TEXT NOT NULL, discriminator TEXT NOT NULL, p_t REAL, lowest_r REAL, record TEXT NOT NULL,
    PRIMARY KEY (corpus, session, discriminator));
  CREATE TABLE problem (path TEXT NOT NULL, line INTEGER, code TEXT NOT NULL, message TEXT NOT NULL, field TEXT, remedy TEXT NOT NULL);
  CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co So'");
`;

/** The sqlite of Node 22 prints an ExperimentalWarning when it is loaded; no other warning is silenced. */
async function loadSqlite(): Promise<typeof import('node:sqlite')> {
  const emit = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite is an experimental')) emit.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emit;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB with their extended codes, and tables that are not ours. */
function isCorrupt(error: unknown): boolean {
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (typeof errcode !== 'number') return false;
  return [11, 26].includes(errcode & 0xff) || /no such (?:table|column)/u.test(message ?? '');
}

/** SQLITE_READONLY, SQLITE_IOERR and SQLITE_FULL with their extended codes: there is no room on the disk, or no right to it. */
function isUnwritable(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return typeof errcode === 'number' && [8, 10, 13].includes(errcode & 0xff);
}

/**
 * The index over the sessions of one folder. It holds nothing that is not in the JSONL files: it can be deleted at any
 * moment, and one that is corrupt or of another version is replaced without fuss. If its folder cannot be written to, or
 * the disk is full, it lives in memory.
 */
export class IndexDb {
  readonly #file: string;
  readonly #sqlite: typeof import('node:sqlite');
  #db: DatabaseSync;
  #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  private constructor(file: string, sqlite: typeof import('node:sqlite')) {
    this.#file = file;
    this.#sqlite = sqlite;
    this.#db = this.#open([file, file, ':memory:']);
  }

  static async open(file: string): Promise<IndexDb> {
    return new IndexDb(file, await loadSqlite());
  }

  /** The first of the places that can be opened and written to. */
  #open(places: readonly string[]): DatabaseSync {
    for (const path of places) {
      let db: DatabaseSync | undefined;
      try {
        // A journal without its database would be played back into the new one.
        if (!existsSync(this.#file)) rmSync(`${this.#file}-journal`, { force: true });
        db = new this.#sqlite.DatabaseSync(path, { timeout: 5000 });
        db.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE');
        const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'").get()?.['n'];
        if (tables === 0) db.exec(TABLES);
        const version = db.prepare('SELECT version FROM meta').get()?.['version'];
        db.exec('COMMIT');
        if (version === INDEX_VERSION) return db;
        db.close();
        rmSync(this.#file, { force: true });
      } catch (error) {
        db?.close();
        if (path === ':memory:') throw error;
        if (isCorrupt(error)) rmSync(this.#file, { force: true });
      }
    }
    throw new Error('an index in memory always opens');
  }

  /** Runs `use`; if the index turns out to be corrupt or cannot grow, `use` runs once more on an empty one. */
  async healing<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      const corrupt = isCorrupt(error);
      if (!corrupt && !isUnwritable(error)) throw error;
      this.close();
      if (corrupt) {
        rmSync(this.#file, { force: true });
        rmSync(`${this.#file}-journal`, { force: true });
      }
      this.#db = this.#open(corrupt ? [this.#file, this.#file, ':memory:'] : [':memory:']);
      return await use();
    }
  }

  #prepare(sql: string): ReturnType<DatabaseSync['prepare']> {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  /** All or nothing; `change` must not await, since other processes wait for the transaction. */
  transaction(change: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      change();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }
}
