import { FoilError } from '../../errors.ts';
import { contextIdOf } from '../../evaluate/behaviour/annotations.ts';
import { paperName } from '../../evaluate/paper.ts';
import { type Source, sameContexts } from '../../evaluate/source.ts';
import type { Behind, Exhibit } from '../../evaluate/table.ts';
import type { SessionStore } from '../../ports.ts';
import { chatbotOf } from '../../session/origin.ts';
import type { Session } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import type { Side } from './journal.ts';
import type { EvaluationSpec } from './spec.ts';

/** The sessions of an evaluation, as its exhibits get them. */
export interface Sides {
  readonly real: Source;
  /** A source a simulator, in the order of the tables. */
  readonly simulated: readonly Source[];
  readonly training: Source | null;
  /** Sides as records name them, the real one first. */
  readonly about: readonly Side[];
  /** The session on the disk that one of a source is read from, which may be its beginning only. */
  whole(session: Session): Session;
  /** Of a session of a source, the corpus that it lies in: a simulator may have several. */
  corpusOf(source: string, session: string): string;
  readonly notices: readonly string[];
}

interface Found {
  readonly source: Source;
  readonly corpora: Map<string, string>;
}

/**
 * Reads the corpora of a spec, groups simulated sessions by who simulated them, and leaves out what the other sides have no
 * counterpart of. @throws FoilError `no-sessions` for a side that is empty, with what it was looked for in.
 */
export async function readSides(
  sessions: Pick<SessionStore, 'stream'>,
  spec: EvaluationSpec,
  signal: AbortSignal,
): Promise<Sides> {
  const notices: string[] = [];
  const real = await readReal(sessions, spec, notices, signal);
  const simulated = await readSimulated(sessions, spec, notices, signal);
  const training = spec.training === null ? null : await readTraining(sessions, spec.training, signal);
  const whole = new Map<Session, Session>();
  const found = cut(matched([real, ...simulated], spec, notices), spec, whole);
  const places = new Map(found.map(({ source, corpora }) => [source.name, corpora]));
  const [first, ...others] = found.map(({ source }) => source);
  return {
    real: first as Source,
    simulated: others,
    training,
    about: found.map(({ source, corpora }) => sideOf(source, [...new Set(corpora.values())])),
    whole: (session) => whole.get(session) ?? session,
    corpusOf: (source, session) => places.get(source)?.get(session) ?? source,
    notices,
  };
}

/** The same exhibit with the sessions of each figure under the corpora that they lie in. */
export function withCorpora(exhibit: Exhibit, sides: Sides): Exhibit {
  const split = new Map(
    [sides.real, ...sides.simulated]
      .filter(({ corpus }) => corpus.includes(' + '))
      .map((source) => [source.corpus, source]),
  );
  if (split.size === 0) return exhibit;
  const mapped = (list: readonly Behind[]): Behind[] =>
    list.flatMap(({ corpus, sessions }) => {
      const source = split.get(corpus);
      if (!source) return [{ corpus, sessions }];
      const ids = sessions ?? source.sessions.map(({ id }) => id);
      const groups = Map.groupBy(ids, (id) => sides.corpusOf(source.name, id));
      return [...groups].map(([name, own]) => ({ corpus: name, sessions: own }));
    });
  if (exhibit.type === 'table')
    return { ...exhibit, rows: exhibit.rows.map((row) => ({ ...row, behind: mapped(row.behind) })) };
  return {
    ...exhibit,
    series: exhibit.series.map((series) => ({
      ...series,
      points: series.points.map((point) => ({ ...point, behind: mapped(point.behind) })),
    })),
  };
}

async function readReal(
  store: Pick<SessionStore, 'stream'>,
  { real, split }: EvaluationSpec,
  notices: string[],
  signal: AbortSignal,
): Promise<Found> {
  const kept: Session[] = [];
  let others = 0;
  for await (const session of store.stream(real)) {
    signal.throwIfAborted();
    if (session.origin !== 'real') others += 1;
    else if (split === null || session.meta['split'] === split) kept.push(session);
  }
  if (others > 0) notices.push(`${others} sessions of ${real} are not of real people, and are left out`);
  if (kept.length === 0) throw noSessions(`of real people in ${real}${split === null ? '' : `, split ${split}`}`);
  const source = sourceOf('real', 'real', [real], kept, paperName({ kind: 'real' }));
  return { source, corpora: new Map(kept.map(({ id }) => [id, real])) };
}

async function readSimulated(
  store: Pick<SessionStore, 'stream'>,
  { simulated, simulators }: EvaluationSpec,
  notices: string[],
  signal: AbortSignal,
): Promise<Found[]> {
  const found = new Map<string, { sessions: Session[]; corpora: Map<string, string> }>();
  for (const corpus of simulated) {
    let [real, twice] = [0, 0];
    for await (const session of store.stream(corpus)) {
      signal.throwIfAborted();
      if (session.origin === 'real') {
        real += 1;
        continue;
      }
      const name = session.origin.simulator;
      if (simulators !== null && !simulators.includes(name)) continue;
      const own = found.get(name) ?? { sessions: [], corpora: new Map<string, string>() };
      found.set(name, own);
      if (own.corpora.has(session.id)) twice += 1;
      else {
        own.sessions.push(session);
        own.corpora.set(session.id, corpus);
      }
    }
    if (real > 0) notices.push(`${real} sessions of ${corpus} are of real people, and are left out`);
    if (twice > 0) notices.push(`${twice} sessions of ${corpus} are in another corpus too, and count once`);
  }
  for (const name of simulators ?? []) if (!found.has(name)) throw noSessions(`by ${name} in ${simulated.join(', ')}`);
  if (found.size === 0) throw noSessions(`simulated in ${simulated.join(', ')}`);
  return [...(simulators ?? found.keys())].map((name) => {
    const { sessions, corpora } = found.get(name)!;
    const paper = paperName({ kind: 'simulated', iteration: iterationOf(name) });
    return { source: sourceOf(name, 'simulated', [...new Set(corpora.values())], sessions, paper), corpora };
  });
}

async function readTraining(store: Pick<SessionStore, 'stream'>, corpus: string, signal: AbortSignal): Promise<Source> {
  const sessions: Session[] = [];
  for await (const session of store.stream(corpus)) {
    signal.throwIfAborted();
    if (session.origin === 'real') sessions.push(session);
  }
  if (sessions.length === 0) throw noSessions(`of real people in ${corpus}`);
  return sourceOf('training', 'real', [corpus], sessions, null);
}

/** The sides on contexts that all have, where the spec asks for it. */
function matched(found: readonly Found[], { same_contexts }: EvaluationSpec, notices: string[]): readonly Found[] {
  if (!same_contexts) return found;
  const { sources, contexts } = sameContexts(found.map(({ source }) => source));
  if (contexts.length === 0)
    notices.push('the sides share no context: they are compared as they are, on different ones');
  for (const [at, source] of sources.entries()) {
    const before = found[at]?.source.sessions.length ?? 0;
    if (source.sessions.length < before)
      notices.push(
        `${before - source.sessions.length} of ${before} sessions of ${source.name} are about contexts that not all sides have, and are left out`,
      );
  }
  return found.map(({ corpora }, at) => ({ source: sources[at] as Source, corpora }));
}

/** The sides read equally far, where the spec asks for it. @param whole gets what each session was cut from. */
function cut(found: readonly Found[], { turns }: EvaluationSpec, whole: Map<Session, Session>): readonly Found[] {
  if (turns === null) return found;
  const least = new Map<string, number>();
  for (const session of found.flatMap(({ source }) => source.sessions)) {
    const context = contextIdOf(session);
    least.set(context, Math.min(least.get(context) ?? Number.POSITIVE_INFINITY, countUserTurns(session.turns)));
  }
  const limit = (session: Session) => (turns === 'equal' ? (least.get(contextIdOf(session)) ?? 0) : turns);
  return found.map(({ source, corpora }) => ({
    source: {
      ...source,
      sessions: source.sessions.map((session) => {
        const short = cutTurns(session, limit(session));
        whole.set(short, session);
        return short;
      }),
    },
    corpora,
  }));
}

/** A session up to its nth user turn, with the scores of these: a discriminator has seen nothing that comes later. */
export function cutTurns(session: Session, userTurns: number): Session {
  let seen = 0;
  const end = session.turns.findIndex(({ role }) => role === 'user' && ++seen > userTurns);
  if (end === -1) return session;
  const last = session.turns.slice(0, end).findLastIndex(({ role }) => role === 'user');
  const scores = Object.entries(session.scores ?? {}).map(([name, own]) => [
    name,
    { ...own, z: own.z.slice(0, userTurns) },
  ]);
  return {
    ...session,
    turns: session.turns.slice(0, last + 1),
    ...(session.scores ? { scores: Object.fromEntries(scores) } : {}),
  };
}

/** k of a name that ends in `itK`: what the loop calls its simulators. */
function iterationOf(name: string): number | null {
  const found = /(?:^|[-_.])it(\d+)$/u.exec(name);
  return found ? Number(found[1]) : null;
}

function sourceOf(
  name: string,
  kind: Source['kind'],
  corpora: readonly string[],
  sessions: readonly Session[],
  paper: string | null,
): Source {
  return { name, kind, corpus: corpora.join(' + '), sessions, paper };
}

function sideOf({ name, kind, sessions }: Source, corpora: string[]): Side {
  const chatbots = new Set(
    sessions.map(({ origin, meta }) => (origin === 'real' ? (chatbotOf(meta) ?? 'unknown') : origin.chatbot)),
  );
  const contexts = new Set(sessions.map(contextIdOf));
  return { name, kind, corpora, chatbots: [...chatbots].sort(), sessions: sessions.length, contexts: contexts.size };
}

function noSessions(what: string): FoilError {
  return new FoilError('no-sessions', `there is no session ${what}`, {
    remedy: 'name another corpus: foil sessions lists them, with what is in them',
  });
}
