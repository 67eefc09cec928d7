import type { Guesser, Judgement } from '../../evaluate/judges/turing-judges.ts';
import type { Session } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import { isScored } from '../evaluate/scored.ts';
import { closedItems, countOf, guessersOf, itemAt, openTuring } from './machine.ts';
import type { TuringItem, TuringRecord, TuringSitting } from './types.ts';

/** A sitting with all that was said in it. */
export interface SaidSitting {
  readonly name: string;
  readonly head: TuringSitting;
  readonly records: readonly TuringRecord[];
}

/**
 * Everyone who guessed in a sitting, with the sessions whose guesses are final.
 * @param find the session of an item, which may be its beginning only; null where it is not among those that are evaluated.
 */
export function guessersIn(
  { name, head, records }: SaidSitting,
  find: (item: TuringItem) => Session | null,
): Guesser[] {
  return guessersOf(records).map((by): Guesser => {
    const state = openTuring(head, records, { by, timed: false }, 0);
    const closed = closedItems(state);
    const sessions = closed.flatMap(({ item, guesses }): Judgement[] => {
      const of = itemAt(head, item) as TuringItem;
      const session = find(of);
      if (session === null) return [];
      const until = guesses.slice(0, countUserTurns(session.turns));
      const scores = Object.entries(session.scores ?? {}).filter(([judge]) => isScored(session, judge));
      const note = state.records.findLast((record) => record.type === 'note' && record.item === item);
      return [
        {
          ...{ id: session.id, corpus: of.corpus, simulator: of.simulator },
          ...{ p: until.map(({ p }) => p), ms: until.map(({ ms }) => ms) },
          z: Object.fromEntries(scores.map(([judge, { z }]) => [judge, z])),
          note: note?.type === 'note' ? note.text : null,
        },
      ];
    });
    const { skipped } = countOf(state);
    const open = head.items.length - skipped - closed.length;
    return { name: by, sitting: name, sessions, open, skipped, absent: closed.length - sessions.length };
  });
}
