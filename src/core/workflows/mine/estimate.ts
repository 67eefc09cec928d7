import { type Interval, wilson } from '../../metrics/proportion.ts';
import type { MinedTurn } from '../../preference/mined.ts';
import { countUserTurns } from '../../session/tree.ts';
import { scoreSessions, storedScore } from '../score.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import { type CriticalTurn, criticalCount, findCritical, type ScoredTurns, scoredTurns } from './critical.ts';
import { type Funnel, funnelOf } from './funnel.ts';
import type { MinePorts, MineRequest } from './mine.ts';
import { mineTurn } from './turn.ts';

export interface YieldEstimate {
  readonly sessions: number;
  /** Sessions with stored scores, before the probe. */
  readonly scored: number;
  readonly critical: number;
  /** Turns that were sampled to find out. */
  readonly probe: Funnel;
  /** Share of critical turns that give a pair, with its 95% interval (Wilson); null if nothing could be probed. */
  readonly share: (Interval & { readonly mean: number }) | null;
  readonly pairs: { readonly expected: number; readonly low: number; readonly high: number } | null;
  /** Seconds of the whole run, from what the probe took: alternatives, and scores that are missing. */
  readonly seconds: number | null;
}

export type EstimateEvent =
  | { readonly type: 'scored'; readonly session: string; readonly done: number }
  | { readonly type: 'probed'; readonly turn: MinedTurn; readonly done: number; readonly of: number };

/**
 * What mining would give, from stored scores and a probe: `probe` critical turns, drawn at random by the seed, are really
 * sampled and filtered. Nothing is written but scores of probed sessions that had none. Over the corpus the critical turns
 * are those of the scored sessions (of so many as the probe has turns, where none is).
 */
export async function* estimateYield(
  ports: Pick<MinePorts, 'sessions' | 'clock'>,
  request: MineRequest & { readonly probe: number },
  signal: AbortSignal,
): AsyncGenerator<EstimateEvent, YieldEstimate, undefined> {
  const { corpus, discriminator, critical: options } = request;
  const slots: { session: string; turn: number; key: number }[] = [];
  const known = new Map<string, ScoredTurns>();
  const unscored: string[] = [];
  let [sessions, turns, critical] = [0, 0, 0];
  for await (const session of ports.sessions.stream(corpus, request.onTorn)) {
    if (sessions === request.limit) break;
    sessions += 1;
    const count = countUserTurns(session.turns);
    turns += count;
    critical += criticalCount(count, options);
    for (let turn = 0; turn < criticalCount(count, options); turn += 1)
      slots.push({ session: session.id, turn, key: deriveSeed(request.seed, seedOf(session.id), turn, PROBE_SEED) });
    const score = storedScore(session, discriminator);
    if (score) known.set(session.id, scoredTurns(score));
    else unscored.push(session.id);
  }
  const scored = known.size;
  slots.sort((a, b) => a.key - b.key);

  const probes = slots.slice(0, request.probe);
  const ids =
    options.per === 'corpus' ? (scored === 0 ? unscored.slice(0, request.probe) : []) : missingOf(probes, known);
  // In the order in which they are wanted, whichever is scored first.
  for (const id of ids) known.set(id, { session: id, r: [] });
  const times = { score: 0, scored: 0, mine: 0 };
  const begun = ports.clock.now().getTime();
  const toScore = async function* () {
    for (const id of ids) yield await ports.sessions.read(corpus, id);
  };
  for await (const { session, score } of scoreSessions(discriminator, toScore(), signal)) {
    await ports.sessions.appendScores(corpus, [score]);
    known.set(session.id, scoredTurns(score));
    times.scored += 1;
    yield { type: 'scored', session: session.id, done: times.scored };
  }
  times.score = ports.clock.now().getTime() - begun;
  let wanted: CriticalTurn[] = [];
  if (options.per === 'corpus') {
    critical = criticalCount(turns, options);
    const found = findCritical([...known.values()], options, request.seed);
    const order = (turn: CriticalTurn) => deriveSeed(request.seed, seedOf(turn.session), turn.t, PROBE_SEED);
    wanted = found.sort((a, b) => order(a) - order(b)).slice(0, request.probe);
  } else {
    wanted = probes.flatMap(({ session, turn }) => {
      const own = known.get(session);
      return own ? (findCritical([own], options, request.seed)[turn] ?? []) : [];
    });
  }
  const probed: MinedTurn[] = [];
  for (const turn of wanted) {
    const start = ports.clock.now().getTime();
    const session = await ports.sessions.read(corpus, turn.session);
    probed.push(await mineTurn(request, session, turn, null, ports.clock, signal));
    times.mine += ports.clock.now().getTime() - start;
    yield { type: 'probed', turn: probed.at(-1) as MinedTurn, done: probed.length, of: wanted.length };
  }
  const probe = funnelOf(probed, { sessions, scored, critical });
  const n = probed.length;
  const share = n === 0 ? null : { mean: probe.kept / n, ...wilson(probe.kept, n) };
  const missing = sessions - scored;
  const scoring = missing === 0 ? 0 : times.scored === 0 ? null : (missing * times.score) / times.scored;
  return {
    ...{ sessions, scored, critical, probe, share },
    pairs: share && {
      expected: Math.round(share.mean * critical),
      low: Math.floor(share.low * critical),
      high: Math.ceil(share.high * critical),
    },
    seconds: n === 0 || scoring === null ? null : ((critical * times.mine) / n + scoring) / 1000,
  };
}

/** Sessions of the probe without scores, each once. */
function missingOf(probes: readonly { session: string }[], known: ReadonlyMap<string, unknown>): string[] {
  return [...new Set(probes.map(({ session }) => session))].filter((id) => !known.has(id));
}

const PROBE_SEED = 0x9b0e;
