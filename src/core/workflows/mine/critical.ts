import type { CorpusScore } from '../../ports.ts';
import type { CriticalOptions } from '../../preference/mined.ts';
import type { CriticalKind } from '../../preference/schema.ts';
import { rewards } from '../../reward/reward.ts';
import { deriveSeed, seedOf } from '../seed.ts';

export interface ScoredTurns {
  readonly session: string;
  /** r_1..r_T. */
  readonly r: readonly number[];
}

export function scoredTurns({ session, z, logitP0 }: CorpusScore): ScoredTurns {
  return { session, r: rewards(z, logitP0).map(({ r }) => r) };
}

export interface CriticalTurn {
  readonly session: string;
  /** User turn, from 1. */
  readonly t: number;
  readonly r: number;
  readonly kind: CriticalKind;
}

/**
 * The critical turns, in the order of sessions and turns. A turn that is among the highest and the lowest (a session of
 * few turns) is taken once, as what it is nearer to: highest if r >= 0. Ties go to the earlier turn. The control draws
 * as many turns from each session (or the corpus) as the rule would have taken, by `seed`.
 */
export function findCritical(sessions: readonly ScoredTurns[], options: CriticalOptions, seed: number): CriticalTurn[] {
  const all = sessions.map(({ session, r }) => r.map((value, index) => ({ session, t: index + 1, r: value })));
  const groups = options.per === 'session' ? all : [all.flat()];
  const order = new Map(sessions.map(({ session }, index) => [session, index]));
  return groups
    .flatMap((turns) => {
      const taken = extremes(turns, options);
      return options.random ? draw(turns, taken.length, seed) : taken;
    })
    .sort((a, b) => (order.get(a.session) ?? 0) - (order.get(b.session) ?? 0) || a.t - b.t);
}

/** How many critical turns a session of so many user turns has. */
export function criticalCount(turns: number, { highest, lowest }: CriticalOptions): number {
  return Math.min(turns, highest + lowest);
}

type Turn = Omit<CriticalTurn, 'kind'>;

function extremes(turns: readonly Turn[], { highest, lowest }: CriticalOptions): CriticalTurn[] {
  // A stable sort keeps the earlier of equal turns first, from either end.
  const down = [...turns].sort((a, b) => b.r - a.r);
  const up = [...turns].sort((a, b) => a.r - b.r);
  const [top, bottom] = [new Set(down.slice(0, highest)), new Set(up.slice(0, lowest))];
  const kind = (turn: Turn): CriticalKind => {
    if (top.has(turn) && bottom.has(turn)) return turn.r >= 0 ? 'highest' : 'lowest';
    return top.has(turn) ? 'highest' : 'lowest';
  };
  return turns.filter((turn) => top.has(turn) || bottom.has(turn)).map((turn) => ({ ...turn, kind: kind(turn) }));
}

/** Turns by a number that seed, session and t give: adding a session does not change what is drawn from another. */
function draw(turns: readonly Turn[], count: number, seed: number): CriticalTurn[] {
  const key = ({ session, t }: Turn) => deriveSeed(seed, seedOf(session), t);
  return [...turns]
    .sort((a, b) => key(a) - key(b) || a.t - b.t)
    .slice(0, count)
    .map((turn) => ({ ...turn, kind: 'random' }));
}
