import type { SessionStore } from '../ports.ts';
import { type Context, contextSchema, type Role } from '../session/schema.ts';

/**
 * A context to begin a session with, and the side that opened there: of a session of the corpora without risk language
 * (design 9), the same for the same seed; an empty one where there is none.
 */
export async function someContext(
  store: Pick<SessionStore, 'corpora' | 'query' | 'read'>,
  seed: number,
): Promise<{ context: Context; first: Role }> {
  const corpora = (await store.corpora()).filter(({ name, sessions }) => name !== 'live' && sessions > 0);
  // Two numbers of one seed: the remainder names the corpus, so the quotient names the session, else some are never met.
  const count = Math.max(1, corpora.length);
  const start = seed % count;
  for (const { name: corpus } of [...corpora.slice(start), ...corpora.slice(0, start)]) {
    const query = { corpus, hideRisk: true, sort: 'id', limit: 1 } as const;
    const { total } = await store.query(query);
    if (total === 0) continue;
    const { rows } = await store.query({ ...query, offset: Math.floor(seed / count) % total });
    if (rows[0]) {
      const { context, turns } = await store.read(corpus, rows[0].id);
      return { context, first: turns[0]?.role ?? 'user' };
    }
  }
  return { context: contextSchema.parse({}), first: 'user' };
}
