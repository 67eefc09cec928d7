import type { Session } from '../session/schema.ts';
import { contextIdOf } from './behaviour/annotations.ts';
import type { Behind } from './table.ts';

/** A corpus beside others in an exhibit: the real users, or one simulator. */
export interface Source {
  /** Name in tables: `real`, or a simulator. */
  readonly name: string;
  readonly kind: 'real' | 'simulated';
  readonly corpus: string;
  readonly sessions: readonly Session[];
  /** Its row in the paper's tables (paper.ts); left out or null for what the paper has no counterpart of. */
  readonly paper?: string | null;
}

/**
 * Each source without the sessions about contexts that not all of them have, so that none is judged on easier ones.
 * @returns the contexts that are left; with none, sources are of different worlds, and compare as they are.
 */
export function sameContexts<T extends Pick<Source, 'sessions'>>(
  sources: readonly T[],
): { sources: T[]; contexts: string[] } {
  const [first, ...others] = sources.map(({ sessions }) => new Set(sessions.map(contextIdOf)));
  const contexts = [...(first ?? [])].filter((context) => others.every((other) => other.has(context)));
  if (contexts.length === 0) return { sources: [...sources], contexts };
  const kept = new Set(contexts);
  return {
    contexts,
    sources: sources.map((source) => ({
      ...source,
      sessions: source.sessions.filter((session) => kept.has(contextIdOf(session))),
    })),
  };
}

/** Groups of places of a list by key, in order of first appearance: what a bootstrap over contexts resamples. */
export function placesBy<T>(list: readonly T[], key: (item: T) => string): number[][] {
  const groups = new Map<string, number[]>();
  for (const [at, item] of list.entries()) {
    const group = groups.get(key(item));
    if (group) group.push(at);
    else groups.set(key(item), [at]);
  }
  return [...groups.values()];
}

/** The group of each item by key, and the keys of the groups, numbered as they first appear. */
export function groupsBy<T>(list: readonly T[], key: (item: T) => string): { of: Int32Array; keys: string[] } {
  const numbers = new Map<string, number>();
  const of = new Int32Array(list.length);
  for (let at = 0; at < list.length; at += 1) {
    const own = key(list[at] as T);
    let number = numbers.get(own);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(own, number);
    }
    of[at] = number;
  }
  return { of, keys: [...numbers.keys()] };
}

/** All sessions of a source behind a figure. */
export function behindAll({ corpus, sessions }: Pick<Source, 'corpus' | 'sessions'>): Behind[] {
  return [{ corpus, sessions: sessions.map(({ id }) => id) }];
}
