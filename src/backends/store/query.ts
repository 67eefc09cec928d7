import type { SessionQuery, SessionSummary } from '../../core/ports.ts';
import type { IndexDb } from './index-db.ts';
import { searchable } from './index-rows.ts';

type Value = string | number | null;

interface Row {
  readonly corpus: string;
  readonly id: string;
  readonly origin: SessionSummary['origin'];
  readonly simulator: string | null;
  readonly chatbot: string | null;
  readonly user_turns: number;
  readonly words: number;
  readonly opening: string;
  readonly summary: string | null;
  readonly risk: number;
  readonly updated: string | null;
  readonly p_t: number | null;
  readonly lowest_r: number | null;
  readonly discriminator: string | null;
}

/** Unsorted: what was last worked on, then the corpora in file order. */
const FILE_ORDER = 's.updated IS NULL, s.updated DESC, s.corpus, s.line';

const COLUMNS = {
  id: 's.id',
  updated: 's.updated',
  p_T: 'score.p_t',
  lowest_r: 'score.lowest_r',
  user_turns: 's.user_turns',
} as const satisfies Record<NonNullable<SessionQuery['sort']>, string>;

/** Runs a query on the index. Sessions without the sorted value (never scored, say) come last in both directions. */
export function runQuery(db: IndexDb, query: SessionQuery): { rows: SessionSummary[]; total: number } {
  const { where, values } = conditions(query);
  const total = db.get<{ n: number }>(`SELECT count(*) AS n FROM session s WHERE ${where}`, ...values)?.n ?? 0;
  const column = query.sort ? COLUMNS[query.sort] : null;
  const order = column
    ? `${column} IS NULL, ${column} ${query.descending ? 'DESC' : 'ASC'}, s.corpus, s.line, s.id`
    : FILE_ORDER;
  const rows = db.all<Row>(
    `SELECT s.*, score.p_t, score.lowest_r, score.discriminator FROM session s
     LEFT JOIN score ON score.corpus = s.corpus AND score.session = s.id AND score.discriminator = ?
     WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`,
    ...[query.discriminator ?? onlyDiscriminator(db), ...values, query.limit ?? -1, query.offset ?? 0],
  );
  return { total, rows: rows.map(toSummary) };
}

function onlyDiscriminator(db: IndexDb): string | null {
  const names = db.all<{ discriminator: string }>('SELECT DISTINCT discriminator FROM score LIMIT 2');
  return names.length === 1 ? (names[0]?.discriminator ?? null) : null;
}

function conditions(query: SessionQuery): { where: string; values: Value[] } {
  const parts: string[] = ['1'];
  const values: Value[] = [];
  const add = (sql: string, ...more: Value[]) => {
    parts.push(sql);
    values.push(...more);
  };
  if (query.corpus !== undefined) add('s.corpus = ?', query.corpus);
  if (query.origin !== undefined) add('s.origin = ?', query.origin);
  if (query.minTurns !== undefined) add('s.user_turns >= ?', query.minTurns);
  if (query.maxTurns !== undefined) add('s.user_turns <= ?', query.maxTurns);
  if (query.hideRisk) add('s.risk = 0');
  if (query.among !== undefined) {
    // as one JSON value: a list of parameters would end at SQLite's limit of them
    const some = query.among.flatMap(({ corpus, sessions }) => sessions?.map((id) => [corpus, id]) ?? []);
    const all = query.among.flatMap(({ corpus, sessions }) => (sessions === null ? [corpus] : []));
    add(
      `((s.corpus, s.id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
        OR s.corpus IN (SELECT value FROM json_each(?)))`,
      ...[JSON.stringify(some), JSON.stringify(all)],
    );
  }
  for (const word of query.text?.split(/\s+/u).filter(Boolean) ?? []) {
    const idHit = String.raw`s.id LIKE ? ESCAPE '\'`;
    const idPattern = `%${word.replace(/[\\%_]/gu, '\\$&')}%`;
    // A word of nothing but punctuation is not in the full-text index.
    if (!/[\p{L}\p{N}\p{So}\p{Co}]/u.test(word)) add(idHit, idPattern);
    else {
      const phrase = `"${searchable(word).trim().replaceAll('"', '""')}"*`;
      add(`(s.key IN (SELECT rowid FROM words WHERE words MATCH ?) OR ${idHit})`, phrase, idPattern);
    }
  }
  return { where: parts.join(' AND '), values };
}

function toSummary(row: Row): SessionSummary {
  return {
    corpus: row.corpus,
    id: row.id,
    origin: row.origin,
    simulator: row.simulator,
    chatbot: row.chatbot,
    userTurns: row.user_turns,
    words: row.words,
    opening: row.opening,
    summary: row.summary,
    risk: row.risk === 1,
    updated: row.updated,
    pT: row.p_t,
    lowestR: row.lowest_r,
    discriminator: row.discriminator,
  };
}
