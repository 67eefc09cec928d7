import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorPlace, FoilError } from '../../core/errors.ts';
import { sessionSchema } from '../../core/session/schema.ts';
import type { IndexDb } from './index-db.ts';
import { insertLive, insertScore, insertSession, LIVE } from './index-rows.ts';
import { type Line, readLines } from './lines.ts';
import { readLive, stampOf } from './live.ts';
import { isBlank, isTorn, parseRecord, tornError } from './records.ts';
import { scoreRecordSchema } from './score-record.ts';

/** Lines of one transaction: small enough that keys and other processes are served in between. */
const BATCH_LINES = 200;
const BATCH_BYTES = 2 * 1024 * 1024;

interface FileState {
  readonly stamp: string;
  readonly indexed: number;
  readonly lines: number;
  readonly tail: string;
}

/** The files of a corpus are no longer what was indexed: all of it is indexed anew. */
class Changed extends Error {}

export const corpusFile = (corpus: string) => `${corpus}.jsonl`;
export const scoresFile = (corpus: string) => `${corpus}.scores.jsonl`;

export async function listCorpora(dir: string): Promise<string[]> {
  return (await listFolder(dir))
    .filter((name) => name.endsWith('.jsonl') && !name.endsWith('.scores.jsonl') && !name.startsWith('.'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort();
}

async function listFolder(dir: string): Promise<string[]> {
  return await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Brings the index up to date with the folder; files that did not change cost one stat each. */
export async function syncIndex(db: IndexDb, dir: string): Promise<void> {
  const corpora = await listCorpora(dir);
  for (const { path } of db.all<{ path: string }>("SELECT path FROM file WHERE path NOT LIKE 'live/%'")) {
    const corpus = path.replace(/(?:\.scores)?\.jsonl$/u, '');
    if (!corpora.includes(corpus)) forgetCorpus(db, corpus);
  }
  for (const corpus of corpora) await syncCorpus(db, dir, corpus);
  await syncLive(db, dir);
}

/** One corpus and its score journal. Another process may index at the same time: whoever comes second starts again. */
export async function syncCorpus(db: IndexDb, dir: string, corpus: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await syncFile(db, dir, corpus, corpusFile(corpus), (line, path) => {
        const place = { corpus, line: line.number, offset: line.offset, length: line.raw.length };
        const session = parseRecord(sessionSchema, line, path);
        if (insertSession(db, session, place)) return;
        throw new FoilError('duplicate-session', `the corpus has a session "${session.id}" already`, {
          where: { file: path, line: line.number, field: 'id' },
          remedy: 'the first one is used; rename or remove this one',
        });
      });
      await syncFile(db, dir, corpus, scoresFile(corpus), (line, path) => {
        insertScore(db, corpus, parseRecord(scoreRecordSchema, line, path), true);
      });
      return;
    } catch (error) {
      if (!(error instanceof Changed) || attempt === 5) throw error;
    }
  }
}

function forgetCorpus(db: IndexDb, corpus: string): void {
  db.transaction(() => {
    db.run('DELETE FROM words WHERE rowid IN (SELECT key FROM session WHERE corpus = ?)', corpus);
    db.run('DELETE FROM session WHERE corpus = ?', corpus);
    db.run('DELETE FROM score WHERE corpus = ?', corpus);
    for (const path of [corpusFile(corpus), scoresFile(corpus)]) {
      db.run('DELETE FROM file WHERE path = ?', path);
      db.run('DELETE FROM problem WHERE path = ?', path);
    }
  });
}

async function syncFile(
  db: IndexDb,
  dir: string,
  corpus: string,
  name: string,
  insert: (line: Line, path: string) => void,
): Promise<void> {
  const path = join(dir, name);
  const now = await stampOf(path);
  let state = stateOf(db, name);
  if (state?.stamp === now?.stamp) return;
  const grown =
    !state ||
    (now && now.size > state.indexed && state.tail === (await tailHash(path, state.indexed).catch(() => null)));
  if (!grown || !now) {
    forgetCorpus(db, corpus);
    throw new Changed();
  }
  let batch: Line[] = [];
  let bytes = 0;
  let torn: Line | undefined;
  let unreadable: FoilError | undefined;
  const commit = async (stamp: string) => {
    const last = batch.at(-1);
    const indexed = last ? last.offset + last.raw.length + (last.ended ? 1 : 0) : (state?.indexed ?? 0);
    const lines = last ? last.number - (last.ended ? 0 : 1) : (state?.lines ?? 0);
    const next: FileState = { stamp, indexed, lines, tail: await tailHash(path, indexed) };
    db.transaction(() => {
      const current = stateOf(db, name);
      if (current?.indexed !== state?.indexed || current?.stamp !== state?.stamp) throw new Changed();
      db.run('DELETE FROM problem WHERE path = ? AND (line IS NULL OR line > ?)', name, state?.lines ?? 0);
      for (const line of batch) tryInsert(line);
      if (torn) addProblem(db, name, tornError(path, torn.number));
      if (unreadable) addProblem(db, name, unreadable);
      db.run('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)', name, stamp, indexed, lines, next.tail);
    });
    state = next;
    batch = [];
    bytes = 0;
  };
  const start = { offset: state?.indexed ?? 0, line: (state?.lines ?? 0) + 1 };
  try {
    for await (const line of readLines(path, start, now.size)) {
      // Someone may be in the middle of writing this line: it is looked at again when the file has grown.
      if (!line.ended && isTorn(line)) torn = line;
      else {
        batch.push(line);
        bytes += line.raw.length;
      }
      if (batch.length >= BATCH_LINES || bytes >= BATCH_BYTES) await commit('');
    }
  } catch (error) {
    // One file that cannot be read must not hide the others; it is tried again when it has changed.
    if (!(error instanceof FoilError)) throw error;
    unreadable = error;
  }
  await commit(now.stamp);

  function tryInsert(line: Line): void {
    if (isBlank(line)) return;
    try {
      insert(line, path);
    } catch (error) {
      if (!(error instanceof FoilError)) throw error;
      addProblem(db, name, isTorn(line) ? tornError(path, line.number) : error);
    }
  }
}

function stateOf(db: IndexDb, path: string): FileState | undefined {
  return db.get<FileState>('SELECT stamp, indexed, lines, tail FROM file WHERE path = ?', path);
}

/** A hash of the last bytes before `end`: another one means that the file did not just grow. */
async function tailHash(path: string, end: number): Promise<string> {
  if (end === 0) return '';
  const handle = await open(path, 'r');
  try {
    const length = Math.min(end, 1024);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, end - length);
    return createHash('sha1').update(buffer).digest('hex');
  } finally {
    await handle.close();
  }
}

async function syncLive(db: IndexDb, dir: string): Promise<void> {
  const names = (await listFolder(join(dir, LIVE))).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  const known = new Map(
    db
      .all<{ path: string; stamp: string }>("SELECT path, stamp FROM file WHERE path LIKE 'live/%'")
      .map((row) => [row.path, row.stamp]),
  );
  for (const name of names) {
    const path = `${LIVE}/${name}`;
    const file = join(dir, LIVE, name);
    const now = await stampOf(file);
    if (!now || now.stamp === known.get(path)) {
      if (now) known.delete(path);
      continue;
    }
    known.delete(path);
    const id = name.slice(0, -'.json'.length);
    const read = await readLive(file, id).catch((error: Error) => error);
    if (read instanceof Error && !(read instanceof FoilError)) throw read;
    db.transaction(() => {
      forgetLive(db, id);
      if (read instanceof FoilError) addProblem(db, path, read);
      else insertLive(db, read, now.size);
      db.run('INSERT INTO file VALUES (?, ?, ?, 0, ?)', path, now.stamp, now.size, '');
    });
  }
  for (const path of known.keys()) {
    db.transaction(() => forgetLive(db, path.slice(`${LIVE}/`.length, -'.json'.length)));
  }
}

function forgetLive(db: IndexDb, id: string): void {
  db.run('DELETE FROM words WHERE rowid IN (SELECT key FROM session WHERE corpus = ? AND id = ?)', LIVE, id);
  db.run('DELETE FROM session WHERE corpus = ? AND id = ?', LIVE, id);
  db.run('DELETE FROM score WHERE corpus = ? AND session = ?', LIVE, id);
  db.run('DELETE FROM file WHERE path = ?', `${LIVE}/${id}.json`);
  db.run('DELETE FROM problem WHERE path = ?', `${LIVE}/${id}.json`);
}

function addProblem(db: IndexDb, path: string, error: FoilError): void {
  const { line, field } = error.where ?? {};
  db.run(
    'INSERT INTO problem VALUES (?, ?, ?, ?, ?, ?)',
    ...[path, line ?? null, error.code, error.message, field ?? null, JSON.stringify(error.remedy)],
  );
}

/** Everything in the folder that could not be read, as the errors that reading it gives. */
export function listProblems(db: IndexDb, dir: string): FoilError[] {
  type Row = { path: string; line: number | null; code: string; message: string; field: string | null; remedy: string };
  return db.all<Row>('SELECT * FROM problem ORDER BY path, line').map((row) => {
    const where: ErrorPlace = {
      file: join(dir, row.path),
      ...(row.line === null ? {} : { line: row.line }),
      ...(row.field === null ? {} : { field: row.field }),
    };
    return new FoilError(row.code, row.message, { where, remedy: JSON.parse(row.remedy) as string[] });
  });
}
