import { FoilError } from '../../core/errors.ts';
import type { CorpusScore, PairSet, PairStore, SessionQuery, SessionStore, SessionSummary } from '../../core/ports.ts';
import { applyDecision, type Decision, foldPair, type ReviewedPair } from '../../core/preference/decisions.ts';
import type { MinedRecord } from '../../core/preference/mined.ts';
import type { PreferencePair } from '../../core/preference/schema.ts';
import type { LiveSession, Session } from '../../core/session/schema.ts';
import { IndexDb } from '../store/index-db.ts';
import { insertLive, insertScore, insertSession, LIVE } from '../store/index-rows.ts';
import { runQuery } from '../store/query.ts';

/** Sessions in memory. */
export class FakeSessionStore implements SessionStore {
  readonly live = new Map<string, LiveSession>();
  readonly scores = new Map<string, CorpusScore[]>();
  private readonly corporaByName = new Map<string, Session[]>();

  async corpora(): Promise<{ name: string; sessions: number; bytes: number }[]> {
    const corpora = [...this.corporaByName].map(([name, sessions]) => ({ name, sessions: sessions.length, bytes: 0 }));
    return this.live.size === 0 ? corpora : [...corpora, { name: LIVE, sessions: this.live.size, bytes: 0 }];
  }

  /** Asks an index in memory, made anew each time: text, order and counts are those of the store on disk. */
  async query(query: SessionQuery): Promise<{ rows: SessionSummary[]; total: number }> {
    const db = await IndexDb.open(':memory:');
    try {
      for (const [corpus, sessions] of this.corporaByName) {
        for (const [line, session] of sessions.entries())
          insertSession(db, session, { corpus, line, offset: 0, length: 0 });
        for (const score of this.scores.get(corpus) ?? []) insertScore(db, corpus, score, true);
      }
      for (const session of this.live.values()) insertLive(db, session, 0);
      return runQuery(db, query);
    } finally {
      db.close();
    }
  }

  async read(corpus: string, id: string): Promise<Session> {
    const found = this.corporaByName.get(corpus)?.find((session) => session.id === id);
    if (!found) throw new FoilError('no-session', `${corpus} has no session ${id}`, { remedy: 'see `foil sessions`' });
    return this.withScores(corpus, found);
  }

  async *stream(corpus: string): AsyncGenerator<Session> {
    for (const session of this.corporaByName.get(corpus) ?? []) yield this.withScores(corpus, session);
  }

  /** As on disk: the newest score of a discriminator wins. */
  private withScores(corpus: string, session: Session): Session {
    const own = (this.scores.get(corpus) ?? []).filter((score) => score.session === session.id);
    if (own.length === 0) return session;
    const scores = own.map(({ discriminator, z, logitP0, template, engine }) => [
      discriminator,
      { z: [...z], logit_p0: logitP0, template, engine },
    ]);
    return { ...session, scores: { ...session.scores, ...Object.fromEntries(scores) } };
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

/** Sets of pairs in memory. */
export class FakePairStore implements PairStore {
  readonly #sets = new Map<string, { pairs: PreferencePair[]; decisions: Decision[]; mined: MinedRecord[] }>();

  /** All pairs as they were made. */
  get pairs(): PreferencePair[] {
    return [...this.#sets.values()].flatMap(({ pairs }) => pairs);
  }

  async sets(): Promise<PairSet[]> {
    return await Promise.all(
      [...this.#sets].map(async ([name, { decisions }]) => {
        const pairs = await this.list(name);
        const count = (decision: PreferencePair['decision']) =>
          pairs.filter((pair) => pair.decision === decision).length;
        return {
          ...{
            name,
            pairs: pairs.length,
            approved: count('approved'),
            rejected: count('rejected'),
            pending: count('pending'),
          },
          reviewers: [...new Set(decisions.map(({ reviewer }) => reviewer))],
        };
      }),
    );
  }

  async append(name: string, pairs: readonly PreferencePair[]): Promise<void> {
    const set = this.#set(name);
    for (const { id } of pairs)
      if (set.pairs.some((pair) => pair.id === id)) throw new FoilError('duplicate-pair', `${name} has ${id}`);
    set.pairs.push(...pairs);
  }

  async list(name?: string, reviewers?: readonly string[]): Promise<ReviewedPair[]> {
    return [...this.#sets]
      .filter(([other]) => name === undefined || other === name)
      .flatMap(([set, { pairs, decisions }]) =>
        pairs.map((pair) =>
          foldPair(
            set,
            pair,
            decisions.filter((decision) => decision.pair === pair.id),
            reviewers,
          ),
        ),
      );
  }

  async decide(name: string, decision: Decision): Promise<void> {
    const set = this.#set(name);
    if (!set.pairs.some(({ id }) => id === decision.pair))
      throw new FoilError('unknown-pair', `${name} has no pair ${decision.pair}`);
    const after = applyDecision(
      set.decisions.filter(({ pair }) => pair === decision.pair),
      decision,
    );
    if (after === null) throw new FoilError('nothing-to-undo', `nothing to undo of ${decision.pair}`);
    if (decision.decision === 'undo')
      set.decisions = set.decisions.filter((entry) => entry.pair !== decision.pair || after.includes(entry));
    else set.decisions.push(decision);
  }

  async decisions(name: string): Promise<Decision[]> {
    return [...this.#set(name).decisions];
  }

  async mined(name: string): Promise<MinedRecord[]> {
    return [...this.#set(name).mined];
  }

  async logMined(name: string, record: MinedRecord): Promise<void> {
    this.#set(name).mined.push(record);
  }

  #set(name: string) {
    const set = this.#sets.get(name) ?? { pairs: [], decisions: [], mined: [] };
    this.#sets.set(name, set);
    return set;
  }
}
