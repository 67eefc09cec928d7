import { FoilError } from '../../errors.ts';
import type { Clock, PairStore, SessionStore } from '../../ports.ts';
import type { CriticalOptions, MinedRecord, MinedSpec, MinedTurn } from '../../preference/mined.ts';
import type { PreferencePair } from '../../preference/schema.ts';
import type { Session } from '../../session/schema.ts';
import { Channel } from '../channel.ts';
import { scoreSessions, storedScore } from '../score.ts';
import { type CriticalTurn, findCritical, type ScoredTurns, scoredTurns } from './critical.ts';
import { type Funnel, funnelOf } from './funnel.ts';
import { mineTurn, pairOf, type TurnRequest } from './turn.ts';

export interface MinePorts {
  readonly sessions: Pick<SessionStore, 'stream' | 'read' | 'appendScores'>;
  readonly pairs: Pick<PairStore, 'append' | 'list' | 'mined' | 'logMined'>;
  readonly clock: Clock;
}

export interface MineRequest extends TurnRequest {
  readonly corpus: string;
  /** Set that the pairs go to; one that was mined with the same request is gone on with. */
  readonly set: string;
  readonly critical: CriticalOptions;
  /** First sessions only. */
  readonly limit?: number | undefined;
  /** Critical turns at a time: 1 for the embedded engine, more where a server batches. */
  readonly concurrency?: number | undefined;
  /** A set mined from the same turns with other rules: its candidates are taken over instead of sampled. */
  readonly reuse?: string | undefined;
  readonly onTorn?: (place: { file: string; line: number }) => void;
}

export type MineEvent =
  /** A session had no score under this discriminator; its scores are on the disk. `done` sessions have theirs now. */
  | { readonly type: 'scored'; readonly session: string; readonly done: number }
  /** What there is to do. `finished` turns were mined before and are not paid for again. */
  | {
      readonly type: 'planned';
      readonly sessions: number;
      readonly real: number;
      readonly critical: number;
      readonly finished: number;
    }
  /** A turn is finished, and its pair, if it gave one, is in the set. */
  | {
      readonly type: 'turn';
      readonly turn: MinedTurn;
      readonly pair: PreferencePair | null;
      readonly done: number;
      readonly of: number;
    }
  | { readonly type: 'done'; readonly set: string; readonly funnel: Funnel };

/**
 * Mines preference pairs of a corpus (Algorithm 1, lines 6 to 8): scores what has no scores, finds the critical turns, samples
 * alternatives at each, and keeps the pairs that pass the rules. A finished turn is on the disk before its event; whatever
 * stops the run loses at most the turns under way. The same request gives the same pairs.
 * @throws FoilError `other-request` for a set that was mined with another request.
 */
export async function* mine(
  ports: MinePorts,
  request: MineRequest,
  signal: AbortSignal,
): AsyncGenerator<MineEvent, Funnel, undefined> {
  const { set, corpus, discriminator, simulator } = request;
  const spec = specOf(request, ports.clock);
  const records = await ports.pairs.mined(set);
  // Before anything is paid for.
  const reused = await reusable(ports.pairs, request, spec);
  await ports.pairs.append(set, []);
  const ids = new Set((await ports.pairs.list(set, [])).map(({ id }) => id));
  checkSpec(set, spec, records, ids.size);
  if (records.length === 0) await ports.pairs.logMined(set, spec);

  // In the order of the corpus, whichever is scored first.
  const found = new Map<string, ScoredTurns | null>();
  let [done, real] = [0, 0];
  const unscored = async function* (): AsyncGenerator<Session> {
    for await (const session of ports.sessions.stream(corpus, request.onTorn)) {
      if (found.size === request.limit) return;
      signal.throwIfAborted();
      if (session.origin === 'real') real += 1;
      const score = storedScore(session, discriminator);
      found.set(session.id, score && scoredTurns(score));
      if (score) done += 1;
      else yield session;
    }
  };
  for await (const { session, score } of scoreSessions(discriminator, unscored(), signal)) {
    await ports.sessions.appendScores(corpus, [score]);
    found.set(session.id, scoredTurns(score));
    done += 1;
    yield { type: 'scored', session: session.id, done };
  }
  const scored = [...found.values()].filter((turns) => turns !== null);
  const sessions = scored.length;
  const turns = findCritical(scored, request.critical, request.seed);
  const finished = finishedTurns(records);
  const todo = turns.filter((turn) => !finished.has(keyOf(turn)));
  yield { type: 'planned', sessions, real, critical: turns.length, finished: turns.length - todo.length };

  const models = {
    ...{ simulator: simulator.name, discriminator: discriminator.name },
    ...{ engine: discriminator.engine, template: discriminator.template },
  };
  const keep = async (turn: MinedTurn, session: Session): Promise<PreferencePair | null> => {
    const pair = pairOf(turn, session, corpus, models);
    if (pair && !ids.has(pair.id)) {
      await ports.pairs.append(set, [pair]);
      ids.add(pair.id);
    }
    return pair;
  };
  // The journal is written before the pair: a run that was killed between the two adds what is missing.
  for (const turn of finished.values()) {
    if (turn.outcome.kept && !ids.has(turn.outcome.pair))
      await keep(turn, await ports.sessions.read(corpus, turn.session));
  }
  done = turns.length - todo.length;
  const mineOne = async (critical: CriticalTurn, stop: AbortSignal): Promise<MineEvent> => {
    const session = await ports.sessions.read(corpus, critical.session);
    const known = reused.get(keyOf(critical)) ?? null;
    const turn = await mineTurn(request, session, critical, known, ports.clock, stop);
    await ports.pairs.logMined(set, turn);
    finished.set(keyOf(turn), turn);
    const pair = await keep(turn, session);
    done += 1;
    return { type: 'turn', turn, pair, done, of: turns.length };
  };
  yield* together(todo, request.concurrency ?? 1, mineOne, signal);
  const mined = turns.flatMap((turn) => finished.get(keyOf(turn)) ?? []);
  const funnel = funnelOf(mined, { sessions, scored: scored.length, critical: turns.length });
  yield { type: 'done', set, funnel };
  return funnel;
}

/** Runs `work` on all items, some at a time; the first error stops the others and is thrown. */
async function* together<T, R>(
  items: readonly T[],
  concurrency: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<R> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const results = new Channel<R>();
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done && !either.aborted; next = queue.next())
      results.push(await work(next.value, either));
  };
  const workers = Promise.all(
    Array.from({ length: Math.max(1, concurrency) }, () =>
      worker().catch((error: unknown) => {
        stop.abort();
        throw error;
      }),
    ),
  ).finally(() => results.close());
  workers.catch(() => undefined);
  try {
    yield* results;
    await workers;
    signal.throwIfAborted();
  } finally {
    stop.abort();
    await workers.catch(() => undefined);
  }
}

function specOf(request: MineRequest, clock: Clock): MinedSpec {
  const { corpus, simulator, discriminator, critical, n, seed, rules } = request;
  return {
    ...{ schema: 1, type: 'spec', at: clock.now().toISOString(), corpus, critical, n, seed, rules },
    ...{ simulator: simulator.name, sampling: simulator.sampling },
    ...{ discriminator: discriminator.name, engine: discriminator.engine, template: discriminator.template },
  };
}

/** What samples depend on; with all of it equal, the same turn has the same candidates. */
const SAMPLED_BY = ['corpus', 'simulator', 'sampling', 'discriminator', 'engine', 'template', 'n', 'seed'] as const;
const ALL = [...SAMPLED_BY, 'critical', 'rules'] as const;

function differing(a: MinedSpec, b: MinedSpec, fields: readonly (typeof ALL)[number][]): string[] {
  return fields.filter((field) => canonical(a[field]) !== canonical(b[field]));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function checkSpec(set: string, spec: MinedSpec, records: readonly MinedRecord[], pairs: number): void {
  const before = records.find((record) => record.type === 'spec');
  if (!before) {
    if (pairs === 0) return;
    throw new FoilError('other-request', `the set "${set}" has pairs that were not mined`, {
      remedy: 'mine into another set (--set)',
    });
  }
  const other = differing(before, spec, ALL);
  if (other.length === 0) return;
  throw new FoilError('other-request', `the set "${set}" was mined with other settings: ${other.join(', ')}`, {
    remedy: [
      'mine into another set (--set)',
      ...(other.every((field) => field === 'rules' || field === 'critical')
        ? [`its samples can be taken over, so that only the new turns cost: --reuse ${set}`]
        : []),
    ],
  });
}

async function reusable(
  pairs: MinePorts['pairs'],
  { reuse }: MineRequest,
  spec: MinedSpec,
): Promise<Map<string, MinedTurn>> {
  if (reuse === undefined) return new Map();
  const records = await pairs.mined(reuse);
  const from = records.find((record) => record.type === 'spec');
  const other = from ? differing(from, spec, SAMPLED_BY) : [];
  if (from && other.length === 0) return finishedTurns(records);
  throw new FoilError(
    'other-request',
    from ? `the samples of "${reuse}" are of other settings: ${other.join(', ')}` : `the set "${reuse}" was not mined`,
    { remedy: 'leave out --reuse, or mine with the settings of that set' },
  );
}

function finishedTurns(records: readonly MinedRecord[]): Map<string, MinedTurn> {
  return new Map(records.flatMap((record) => (record.type === 'turn' ? [[keyOf(record), record] as const] : [])));
}

function keyOf({ session, t }: { readonly session: string; readonly t: number }): string {
  return `${t} ${session}`;
}
