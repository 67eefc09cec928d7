import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import { knownNames } from '../../core/fields.ts';
import type { CorpusScore, SessionQuery, SessionStore, SessionSummary } from '../../core/ports.ts';
import { type LiveSession, type Session, sessionSchema } from '../../core/session/schema.ts';
import { appendRecords, checkName, withLock } from './disk.ts';
import { IndexDb } from './index-db.ts';
import { LIVE } from './index-rows.ts';
import { readLines } from './lines.ts';
import { LiveFiles, liveToSession } from './live.ts';
import { runQuery } from './query.ts';
import { isBlank, isTorn, parseRecord, validate } from './records.ts';
import { scoreRecordSchema } from './score-record.ts';
import { corpusFile, listCorpora, listProblems, scoresFile, syncCorpus, syncIndex } from './sync.ts';

/** What the store on disk gives beside the port. */
export interface OpenSessionStore extends SessionStore {
  /** The ids in a corpus; none if it does not exist yet. */
  ids(corpus: string): Promise<Set<string>>;
  /** Lines and live sessions that cannot be read. `query` and `corpora` leave them out and go on; reading them throws. */
  problems(): Promise<FoilError[]>;
  close(): Promise<void>;
}

/**
 * Opens the sessions of a folder: corpora `NAME.jsonl` with score journals `NAME.scores.jsonl`, live sessions
 * `live/ID.json`, and an index that is rebuilt whenever it is missing, damaged or out of date.
 */
export async function openSessionStore(dir: string): Promise<OpenSessionStore> {
  // In a folder that cannot be made or written to, reading still works: the index then lives in memory.
  await mkdir(dir, { recursive: true }).catch(() => undefined);
  return new FileSessionStore(dir, await IndexDb.open(join(dir, '.index.sqlite')));
}

class FileSessionStore implements OpenSessionStore {
  readonly #dir: string;
  readonly #db: IndexDb;
  readonly #live: LiveFiles;
  /** Uses of the index run one after the other: a sync awaits files between its transactions. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(dir: string, db: IndexDb) {
    this.#dir = dir;
    this.#db = db;
    this.#live = new LiveFiles(dir);
  }

  #indexed<T>(
    read: (db: IndexDb) => T,
    sync: (db: IndexDb) => Promise<void> = (db) => syncIndex(db, this.#dir),
  ): Promise<T> {
    const turn = this.#queue.then(() =>
      this.#db.healing(async () => {
        await sync(this.#db);
        return read(this.#db);
      }),
    );
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #path(name: string): string {
    return join(this.#dir, name);
  }

  async corpora(): Promise<{ name: string; sessions: number; bytes: number }[]> {
    const names = await listCorpora(this.#dir);
    const counts = await this.#indexed((db) =>
      db.all<{ corpus: string; n: number; bytes: number }>(
        'SELECT corpus, count(*) AS n, sum(length) AS bytes FROM session GROUP BY corpus',
      ),
    );
    const count = (name: string) => counts.find(({ corpus }) => corpus === name);
    const live = count(LIVE);
    return [
      ...(live ? [{ name: LIVE, sessions: live.n, bytes: live.bytes }] : []),
      ...(await Promise.all(
        names.map(async (name) => ({
          name,
          sessions: count(name)?.n ?? 0,
          bytes: (await stat(this.#path(corpusFile(name)))).size,
        })),
      )),
    ];
  }

  async query(query: SessionQuery): Promise<{ rows: SessionSummary[]; total: number }> {
    return await this.#indexed((db) => runQuery(db, query));
  }

  async ids(corpus: string): Promise<Set<string>> {
    return await this.#indexed(
      (db) => new Set(db.all<{ id: string }>('SELECT id FROM session WHERE corpus = ?', corpus).map(({ id }) => id)),
    );
  }

  async problems(): Promise<FoilError[]> {
    return await this.#indexed((db) => listProblems(db, this.#dir));
  }

  async read(corpus: string, id: string): Promise<Session> {
    if (corpus === LIVE) return liveToSession(await this.#live.load(id), this.#live.file(id));
    type Found = { line: number; offset: number; length: number };
    const found = await this.#indexed((db) =>
      db.get<Found>('SELECT line, offset, length FROM session WHERE corpus = ? AND id = ?', corpus, id),
    );
    const file = this.#path(corpusFile(corpus));
    if (!found) throw await this.#unknown(corpus, id);
    const handle = await open(file, 'r');
    try {
      const raw = Buffer.alloc(found.length);
      await handle.read(raw, 0, found.length, found.offset);
      const line = { number: found.line, offset: found.offset, raw, ended: true };
      return await this.#withScores(corpus, parseRecord(sessionSchema, line, file));
    } finally {
      await handle.close();
    }
  }

  async #unknown(corpus: string, id: string): Promise<FoilError> {
    const names = await listCorpora(this.#dir);
    if (!names.includes(corpus)) return unknownCorpus(corpus, names);
    const bad = (await this.problems()).find(({ where }) => where?.file === this.#path(corpusFile(corpus)));
    return new FoilError('unknown-session', `the corpus "${corpus}" has no session "${id}"`, {
      where: { file: this.#path(corpusFile(corpus)) },
      remedy: [
        'search the corpus by a part of the id',
        ...(bad ? [`line ${bad.where?.line} could not be read: ${bad.message}`] : []),
      ],
    });
  }

  async *stream(corpus: string, onTorn?: (place: { file: string; line: number }) => void): AsyncGenerator<Session> {
    if (corpus === LIVE) {
      const { rows } = await this.query({ corpus: LIVE, minTurns: 1 });
      for (const { id } of rows) yield await this.read(LIVE, id);
      return;
    }
    const names = await listCorpora(this.#dir);
    if (!names.includes(corpus)) throw unknownCorpus(corpus, names);
    await this.#indexed(() => undefined);
    const file = this.#path(corpusFile(corpus));
    for await (const line of readLines(file)) {
      if (isBlank(line)) continue;
      let session: Session;
      try {
        session = parseRecord(sessionSchema, line, file);
      } catch (error) {
        if (!isTorn(line)) throw error;
        onTorn?.({ file, line: line.number });
        continue;
      }
      yield await this.#withScores(corpus, session);
    }
  }

  /** A session with the scores of its own line and of the journal, which win. */
  async #withScores(corpus: string, session: Session): Promise<Session> {
    const rows = await this.#indexed(
      (db) =>
        db.all<{ discriminator: string; record: string }>(
          'SELECT discriminator, record FROM score WHERE corpus = ? AND session = ?',
          ...[corpus, session.id],
        ),
      async () => undefined,
    );
    if (rows.length === 0) return session;
    const scores = Object.fromEntries(rows.map(({ discriminator, record }) => [discriminator, JSON.parse(record)]));
    return { ...session, scores: { ...session.scores, ...scores } };
  }

  async append(corpus: string, sessions: readonly Session[]): Promise<void> {
    checkCorpus(corpus);
    const file = this.#path(corpusFile(corpus));
    const records = sessions.map((session) => validate(sessionSchema, session, { file }));
    await withLock(file, async () => {
      const taken = await this.#indexed(
        (db) => {
          const known = new Set<string>();
          return records.find(({ id }) => {
            const there = known.has(id) || db.get('SELECT 1 FROM session WHERE corpus = ? AND id = ?', corpus, id);
            known.add(id);
            return there;
          });
        },
        (db) => syncCorpus(db, this.#dir, corpus),
      );
      if (taken) {
        throw new FoilError('duplicate-session', `the corpus "${corpus}" has a session "${taken.id}" already`, {
          where: { file, field: 'id' },
          remedy: 'nothing was written: leave it out, or give it another id',
        });
      }
      await appendRecords(file, records);
    });
  }

  async appendScores(corpus: string, scores: readonly CorpusScore[]): Promise<void> {
    checkCorpus(corpus);
    const file = this.#path(scoresFile(corpus));
    const records = scores.map((score) => validate(scoreRecordSchema, score, { file }));
    await withLock(file, () => appendRecords(file, records));
  }

  async loadLive(id: string): Promise<LiveSession> {
    return await this.#live.load(id);
  }

  async saveLive(session: LiveSession): Promise<void> {
    await this.#live.save(session);
  }

  async close(): Promise<void> {
    await this.#queue;
    this.#db.close();
  }
}

function checkCorpus(corpus: string): void {
  checkName(corpus, 'corpus');
  if (corpus !== LIVE && !corpus.endsWith('.scores')) return;
  throw new FoilError('bad-name', `"${corpus}" is reserved`, { remedy: 'give the corpus another name' });
}

function unknownCorpus(corpus: string, names: readonly string[]): FoilError {
  return new FoilError('unknown-corpus', `there is no corpus "${corpus}"`, {
    remedy: knownNames(corpus, names, 'there is none yet: foil import FILE --corpus NAME'),
  });
}
