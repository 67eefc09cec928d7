import type { RunAction } from '../../core/stage/run.ts';
import type { KeyFacts } from './facts.ts';

// Why a key does nothing now, in words for whoever pressed it, or null if it works: what the key table refers to.

export const needsModel = (facts: KeyFacts): string | null =>
  facts.noModel ?? (facts.busy ? 'wait until the reply is complete, or cancel it with Ctrl+C' : null);
export const needsTurn = (facts: KeyFacts): string | null =>
  facts.selected === 'none' ? 'select a turn first (j, k)' : null;
export const needsUserTurn = (facts: KeyFacts): string | null =>
  facts.selected === 'user' ? null : 'select a user turn first ([ and ])';
export const needsWatch = (facts: KeyFacts): string | null =>
  facts.seat === 'watch' ? null : 'both seats must be held by models (s changes seats)';
export const needsOpenEnd = (facts: KeyFacts): string | null =>
  facts.ended ? 'the session has ended; b continues from an earlier turn' : null;
export const needsPair = ({ review: { pair, small } }: KeyFacts): string | null =>
  pair
    ? null
    : small
      ? 'the terminal is too small to show a pair'
      : 'there is no pair here (f shows others, u goes back)';
export const needsOpen = (facts: KeyFacts): string | null =>
  needsPair(facts) ?? (facts.review.blind ? 'blind: 1 and 2 pick the better side, 0 none' : null);
export const needsBlind = (facts: KeyFacts): string | null =>
  needsPair(facts) ?? (facts.review.blind ? null : 'sides are picked in blind mode (b); y approves, n rejects');
export const needsRun = (facts: KeyFacts): string | null => (facts.run ? null : 'there is no run yet (n starts one)');
export const can =
  (action: RunAction) =>
  (facts: KeyFacts): string | null => {
    if (!facts.run) return needsRun(facts);
    const { state, actions } = facts.run;
    if (actions.includes(action)) return null;
    return `the run is ${state}: it cannot be ${DONE[action]} now`;
  };
export const needsLoop = ({ loop }: KeyFacts): string | null => (loop ? null : 'there is no loop yet (n makes one)');
export const needsIdleLoop = ({ loop, loopHere }: KeyFacts): string | null =>
  loopHere !== null
    ? `${loopHere} is being run here: x stops it`
    : loop?.holder
      ? `${loop.holder} runs it: here one can only look`
      : null;
export const needsStage = ({ loop }: KeyFacts): string | null =>
  loop?.done
    ? 'the loop is done'
    : loop?.gateNext
      ? 'a person opens the gate first: Enter on review shows the pairs, then o'
      : null;
export const needsIdleEvaluation = ({ evaluationHere }: KeyFacts): string | null =>
  evaluationHere === null ? null : `${evaluationHere} is being computed here: x stops it`;
export const needsTables = ({ tables }: KeyFacts): string | null => (tables > 1 ? null : 'this is the only table');
export const needsAgreement = ({ agreement }: KeyFacts): string | null =>
  agreement ? null : 'these tables are of guesses, and not of labels';
const DONE = { adopt: 'adopted', resume: 'resumed', cancel: 'cancelled', clone: 'cloned' } as const;
export const first = (...checks: ((facts: KeyFacts) => string | null)[]) => {
  return (facts: KeyFacts): string | null => {
    for (const check of checks) {
      const reason = check(facts);
      if (reason !== null) return reason;
    }
    return null;
  };
};
