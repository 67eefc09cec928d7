import type { Session } from '../session/schema.ts';
import { diversityAt, userTurnWords } from './lexical.ts';

/**
 * TTR and bigram diversity of the first `limit` user words of a session, since both fall with length by themselves.
 * @returns null for a session without a word by the user.
 */
export function featuresAt(session: Pick<Session, 'turns'>, limit: number): { ttr: number; bigrams: number } | null {
  const turns = userTurnWords(session);
  const [features] = diversityAt(turns, [Math.min(limit, wordsOf(turns))]);
  return features ? { ttr: features.ttr, bigrams: features.bigramDiversity } : null;
}

/** User words of a session. */
export function userWords(session: Pick<Session, 'turns'>): number {
  return wordsOf(userTurnWords(session));
}

function wordsOf(turns: readonly (readonly string[])[]): number {
  return turns.reduce((sum, turn) => sum + turn.length, 0);
}
