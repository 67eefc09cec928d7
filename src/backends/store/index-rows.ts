import type { CorpusScore } from '../../core/ports.ts';
import { rewards, sigmoid } from '../../core/reward/reward.ts';
import { chatbotOf } from '../../core/session/origin.ts';
import { hasRiskLanguage } from '../../core/session/risk.ts';
import type { LiveSession, Session } from '../../core/session/schema.ts';
import { pathTo, toTurns } from '../../core/session/tree.ts';
import type { IndexDb } from './index-db.ts';

export const LIVE = 'live';

const OPENING_CHARS = 160;

interface Place {
  readonly corpus: string;
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

/** Text as the full-text index sees it: scripts without spaces are split by character, so that a part of them is found. */
export function searchable(text: string): string {
  return text.replace(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/gu, ' $& ');
}

/** @returns false if the corpus has a session of this id already: the first one stays. */
export function insertSession(db: IndexDb, session: Session, place: Place): boolean {
  const simulated = session.origin === 'real' ? null : session.origin;
  const inserted = insertRow(db, place, {
    id: session.id,
    origin: simulated ? 'simulated' : 'real',
    simulator: simulated?.simulator ?? null,
    chatbot: simulated?.chatbot ?? chatbotOf(session.meta),
    turns: session.turns,
    summary: session.context.current_summary,
    risk: riskOf(session),
    updated: null,
  });
  if (!inserted) return false;
  for (const [discriminator, score] of Object.entries(session.scores ?? {})) {
    const { z, logit_p0, template, engine } = score;
    insertScore(
      db,
      place.corpus,
      { session: session.id, discriminator, z, logitP0: logit_p0, template, engine },
      false,
    );
  }
  return true;
}

export function insertLive(db: IndexDb, session: LiveSession, length: number): void {
  const place = { corpus: LIVE, line: 0, offset: 0, length };
  const path = session.head === null ? [] : pathTo(session);
  insertRow(db, place, {
    id: session.id,
    origin: 'live',
    simulator: session.roles.simulator,
    chatbot: session.roles.chatbot,
    turns: toTurns(path),
    summary: session.context.current_summary,
    risk: hasRiskLanguage([...path.map((node) => node.content), session.context.current_summary ?? '']),
    updated: session.updated,
  });
  const users = path.filter((node) => node.role === 'user' && node.content.trim() !== '' && !node.partial);
  for (const discriminator of new Set(users.flatMap((node) => Object.keys(node.scores)))) {
    const z = users.map((node) => node.scores[discriminator]?.z);
    const logitP0 = users[0]?.scores[discriminator]?.logit_p0 ?? 0;
    db.run(
      'INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?)',
      ...[
        LIVE,
        session.id,
        discriminator,
        lastP(z),
        lowestReward(z, logitP0),
        JSON.stringify(z.map((value) => value ?? null)),
      ],
    );
  }
}

/** Records of the journal replace those of the session's own line, and each other in the order of writing. */
export function insertScore(db: IndexDb, corpus: string, score: CorpusScore, replace: boolean): void {
  const lowest = rewards(score.z, score.logitP0).reduce((low, { r }) => Math.min(low, r), Number.POSITIVE_INFINITY);
  db.run(
    `INSERT OR ${replace ? 'REPLACE' : 'IGNORE'} INTO score VALUES (?, ?, ?, ?, ?, ?)`,
    ...[corpus, score.session, score.discriminator, lastP(score.z), score.z.length > 0 ? lowest : null],
    JSON.stringify({ z: score.z, logit_p0: score.logitP0, template: score.template, engine: score.engine }),
  );
}

/** p_T, or null if the last user turn has no score. */
function lastP(z: readonly (number | undefined)[]): number | null {
  const last = z.at(-1);
  return last === undefined ? null : sigmoid(last);
}

/** Lowest r_t of a branch of which not every user turn was scored: r_t needs z_t and z_{t-1}. */
function lowestReward(z: readonly (number | undefined)[], logitP0: number): number | null {
  const values = z.flatMap((value, index) => {
    const before = index === 0 ? logitP0 : z[index - 1];
    return value === undefined || before === undefined ? [] : rewards([value], before).map(({ r }) => r);
  });
  return values.length > 0 ? Math.min(...values) : null;
}

interface Row {
  readonly id: string;
  readonly origin: 'real' | 'simulated' | 'live';
  readonly simulator: string | null;
  readonly chatbot: string | null;
  readonly turns: readonly { role: string; content: string }[];
  readonly summary: string | null;
  readonly risk: boolean;
  readonly updated: string | null;
}

function insertRow(db: IndexDb, { corpus, line, offset, length }: Place, row: Row): boolean {
  const known = db.get('SELECT key FROM session WHERE corpus = ? AND id = ?', corpus, row.id);
  if (known) return false;
  const users = row.turns.filter((turn) => turn.role === 'user');
  const words = row.turns.reduce((sum, turn) => sum + (turn.content.match(/\S+/gu)?.length ?? 0), 0);
  const opening = brief((users[0] ?? row.turns[0])?.content ?? '');
  const key = db.run(
    `INSERT INTO session (corpus, id, line, offset, length, origin, simulator, chatbot, user_turns, words, opening, summary, risk, updated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[corpus, row.id, line, offset, length, row.origin, row.simulator, row.chatbot, users.length, words],
    ...[opening, row.summary === null ? null : brief(row.summary), row.risk ? 1 : 0, row.updated],
  );
  const text = [...row.turns.map((turn) => turn.content), row.summary ?? ''].map(searchable).join('\n');
  db.run('INSERT INTO words (rowid, text) VALUES (?, ?)', key, text);
  return true;
}

/** The beginning of a text on one line. */
function brief(text: string): string {
  const line = text
    .slice(0, 4 * OPENING_CHARS)
    .replace(/\s+/gu, ' ')
    .trim();
  return [...line].slice(0, OPENING_CHARS).join('');
}

function riskOf(session: Session): boolean {
  const flags = session.meta['flags'] as { risk_language?: unknown } | null | undefined;
  if (typeof flags?.risk_language === 'boolean') return flags.risk_language;
  return hasRiskLanguage([...session.turns.map((turn) => turn.content), session.context.current_summary ?? '']);
}
