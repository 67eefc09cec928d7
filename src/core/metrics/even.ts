import type { Session } from '../session/schema.ts';
import { lexicalFeatures, words } from './lexical.ts';

/**
 * TTR and bigram diversity of the first `limit` user words of a session, since both fall with length by themselves.
 * @returns null for a session without a word by the user.
 */
export function featuresAt(session: Pick<Session, 'turns'>, limit: number): { ttr: number; bigrams: number } | null {
  let left = limit;
  const turns: Session['turns'] = [];
  for (const { role, content } of session.turns) {
    if (role !== 'user' || left <= 0) continue;
    const kept = words(content).slice(0, left);
    left -= kept.length;
    turns.push({ role, content: kept.join(' ') });
  }
  const features = lexicalFeatures({ turns });
  return features && { ttr: features.ttr, bigrams: features.bigramDiversity };
}

/** User words of a session. */
export function userWords({ turns }: Pick<Session, 'turns'>): number {
  return turns.reduce((sum, { role, content }) => sum + (role === 'user' ? words(content).length : 0), 0);
}
