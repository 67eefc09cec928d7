import { generator } from '../../../metrics/bootstrap.ts';
import { firstWords, words } from '../../../metrics/lexical.ts';
import type { Role, Session } from '../../../session/schema.ts';
import { contextIdOf } from '../../behaviour/annotations.ts';
import { placesBy, type Source, sameContexts } from '../../source.ts';
import { PLACES, type PlaceKey } from '../verdicts.ts';

/** A real and a simulated session that a baseline tells apart, of the same context where the sources share any. */
export interface Pair {
  readonly context: string;
  readonly real: Session;
  readonly simulated: Session;
}

/**
 * Each simulated session beside the real one of its context. Sources without a common context are paired at random: what
 * they talk about then tells them apart too.
 */
export function pairsOf(real: Source, simulated: Source, seed: number): Pair[] {
  const { sources, contexts } = sameContexts([real, simulated]);
  if (contexts.length === 0) return randomPairs(real.sessions, simulated.sessions, seed);
  const byContext = new Map(sources[0]?.sessions.map((session) => [contextIdOf(session), session]));
  return (sources[1]?.sessions ?? []).flatMap((session) => {
    const context = contextIdOf(session);
    const person = byContext.get(context);
    return person ? [{ context, real: person, simulated: session }] : [];
  });
}

/** Pairs of two halves of real sessions, drawn at random: what a baseline finds between people and people. */
export function halves(sessions: readonly Session[], seed: number): Pair[] {
  const groups = placesBy(sessions, contextIdOf).map(([first]) => sessions[first as number] as Session);
  const order = shuffled(groups, seed);
  const half = Math.floor(order.length / 2);
  return order.slice(0, half).map((person, at) => ({
    context: contextIdOf(person),
    real: person,
    simulated: order[half + at] as Session,
  }));
}

function randomPairs(real: readonly Session[], simulated: readonly Session[], seed: number): Pair[] {
  const [people, others] = [shuffled(real, seed), shuffled(simulated, seed + 1)];
  return others
    .slice(0, people.length)
    .map((session, at) => ({ context: session.id, real: people[at] as Session, simulated: session }));
}

/** In an order that depends on the seed alone (Fisher & Yates). */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = generator(seed);
  const out = [...list];
  for (let at = out.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [out[at], out[other]] = [out[other] as T, out[at] as T];
  }
  return out;
}

export type Match = 'turns' | 'words';

/** Both sides of a pair up to one place, equally long. */
export interface Even {
  readonly context: string;
  /** The user turn up to which both are read, from 1. */
  readonly t: number;
  readonly real: readonly string[];
  readonly simulated: readonly string[];
}

/**
 * What `role` wrote in both sessions of a pair, up to a place that both have: at t up to user turn t, at `last` as far as
 * the shorter of both goes, at `all` once for each user turn of that. `words` cuts them further, to the same number of words.
 */
export function evenPrefixes({ context, real, simulated }: Pair, place: PlaceKey, match: Match, role: Role): Even[] {
  const sides = [sayings(real, role), sayings(simulated, role)] as const;
  const shared = Math.min(sides[0].length, sides[1].length);
  const t = PLACES.find(({ key }) => key === place)?.t ?? null;
  const ends = t !== null ? [t] : place === 'all' ? Array.from({ length: shared }, (_, at) => at + 1) : [shared];
  return ends
    .filter((end) => end >= 1 && end <= shared)
    .map((end) => {
      const [a, b] = [sides[0].slice(0, end).flat(), sides[1].slice(0, end).flat()];
      if (match === 'turns') return { context, t: end, real: a, simulated: b };
      const limit = Math.min(countWords(a), countWords(b));
      return { context, t: end, real: cut(a, limit), simulated: cut(b, limit) };
    });
}

/** For each user turn, what `role` wrote since the last one. */
function sayings({ turns }: Session, role: Role): string[][] {
  const out: string[][] = [];
  let said: string[] = [];
  for (const turn of turns) {
    if (turn.role === role) said.push(turn.content);
    if (turn.role === 'user' && turn.content.trim() !== '') {
      out.push(said);
      said = [];
    }
  }
  return out;
}

function countWords(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + words(text).length, 0);
}

function cut(texts: readonly string[], limit: number): string[] {
  const out: string[] = [];
  let left = limit;
  for (const text of texts) {
    if (left === 0) break;
    const first = firstWords(text, left);
    out.push(first.text);
    left -= first.words;
  }
  return out;
}
