import { lintPair } from '../../preference/lint.ts';
import type { Side } from '../../preference/schema.ts';
import { currentItem, type ReviewState } from './machine.ts';
import { kindOf, leftRole, stateOf, verdictIn } from './queue.ts';
import type { Place, ShownPair, ShownSide } from './types.ts';

/** The current pair as it may be shown; null at the end of the queue. */
export function shownPair(state: ReviewState): ShownPair | null {
  const item = currentItem(state);
  if (!item) return null;
  const { blind, reviewer, pass } = state.options;
  const { set, pair } = item;
  const mine = stateOf(item, reviewer);
  const role = leftRole(item, state.options);
  const other = role === 'chosen' ? 'rejected' : 'chosen';
  const made = mine.swapped ? { chosen: pair.rejected, rejected: pair.chosen } : pair;
  const side = (which: 'chosen' | 'rejected'): ShownSide => {
    const { content, end, r, by }: Side = mine[which];
    const edited = content !== made[which].content || end !== made[which].end;
    return { content, end, edited, ...(blind ? { role: null, r: null, by: null } : { role: which, r, by }) };
  };
  const place = (which: 'chosen' | 'rejected'): Place => (which === role ? 'left' : 'right');
  const { chosen, rejected } = mine;
  return {
    set,
    id: pair.id,
    position: state.cursor + 1,
    of: state.queue.length,
    kind: kindOf(item),
    session: pair.session,
    corpus: pair.corpus ?? null,
    t: pair.t,
    context: pair.context,
    history: pair.history,
    left: side(role),
    right: side(other),
    blind,
    margin: blind || chosen.r === null || rejected.r === null ? null : chosen.r - rejected.r,
    // What a reward says must not be seen while blind.
    warnings: lintPair({ ...pair, chosen, rejected })
      .filter(({ code }) => !(blind && code === 'reward'))
      .map(({ side: which, ...warning }) => ({ ...warning, place: which === null ? null : place(which) })),
    note: mine.note,
    verdict: verdictIn(item, reviewer, pass),
    swapped: blind ? false : mine.swapped,
    simulator: pair.simulator,
    discriminator: pair.discriminator,
  };
}
