import { FoilError } from '../../core/errors.ts';
import type { CorpusScore, PairStore, SessionQuery, SessionStore, SessionSummary } from '../../core/ports.ts';
import type { PreferencePair } from '../../core/preference/schema.ts';
import type { LiveSession, Session } from '../../core/session/schema.ts';
import { countUserTurns } from '../../core/session/tree.ts';

/** Sessions in memory. */
export class FakeSessionStore implements SessionStore {
  readonly live = new Map<string, LiveSession>();
  readonly scores = new Map<string, CorpusScore[]>();
  private readonly corporaByName = new Map<string, Session[]>();

  async corpora(): Promise<{ name: string; sessions: number; bytes: number }[]> {
    return [...this.corporaByName].map(([name, sessions]) => ({ name, sessions: sessions.length, bytes: 0 }));
  }

  async query(query: SessionQuery): Promise<{ rows: SessionSummary[]; total: number }> {
    const rows = [...this.corporaByName]
      .filter(([name]) => query.corpus === undefined || name === query.corpus)
      .flatMap(([corpus, sessions]) => sessions.map((session) => summary(corpus, session)));
    const { offset = 0, limit = rows.length } = query;
    return { rows: rows.slice(offset, offset + limit), total: rows.length };
  }

  async read(corpus: string, id: string): Promise<Session> {
    const found = this.corporaByName.get(corpus)?.find((session) => session.id === id);
    if (!found) throw new FoilError('no-session', `${corpus} has no session ${id}`, { remedy: 'see `foil sessions`' });
    return found;
  }

  async *stream(corpus: string): AsyncGenerator<Session> {
    yield* this.corporaByName.get(corpus) ?? [];
  }

  async append(corpus: string, sessions: readonly Session[]): Promise<void> {
    this.corporaByName.set(corpus, [...(this.corporaByName.get(corpus) ?? []), ...sessions]);
  }

  async appendScores(corpus: string, scores: readonly CorpusScore[]): Promise<void> {
    this.scores.set(corpus, [...(this.scores.get(corpus) ?? []), ...scores]);
  }

  async loadLive(id: string): Promise<LiveSession> {
    const found = this.live.get(id);
    if (!found) throw new FoilError('no-session', `no live session ${id}`, { remedy: 'see `foil sessions`' });
    return found;
  }

  async saveLive(session: LiveSession): Promise<void> {
    this.live.set(session.id, session);
  }
}

/** Pairs in memory. */
export class FakePairStore implements PairStore {
  readonly pairs: PreferencePair[] = [];

  async append(pair: PreferencePair): Promise<void> {
    this.pairs.push(pair);
  }

  async list(): Promise<PreferencePair[]> {
    return this.pairs;
  }
}

function summary(corpus: string, session: Session): SessionSummary {
  const real = session.origin === 'real';
  return {
    corpus,
    id: session.id,
    origin: real ? 'real' : 'simulated',
    simulator: session.origin === 'real' ? null : session.origin.simulator,
    chatbot: session.origin === 'real' ? null : session.origin.chatbot,
    userTurns: countUserTurns(session.turns),
    words: 0,
    opening: session.turns[0]?.content ?? '',
    summary: session.context.current_summary,
    risk: false,
    updated: null,
    pT: null,
    lowestR: null,
    discriminator: null,
  };
}
