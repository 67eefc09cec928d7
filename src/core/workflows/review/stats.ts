import { agreementWithD, cohenKappa, paceOf, preferredByD } from '../../preference/agreement.ts';
import type { Label } from '../../preference/decisions.ts';
import { doneInQueue, type ReviewState } from './machine.ts';
import { contradictsD, inConflict, inScope, newestLabel, verdictIn } from './queue.ts';
import type { ReviewStats } from './types.ts';

/** Counts, pace and agreement of a sitting, over the sets and kinds of its filter. */
export function reviewStats(state: ReviewState, now: number): ReviewStats {
  const { reviewer, pass } = state.options;
  const counts = { approved: 0, rejected: 0, skipped: 0, pending: 0 };
  const verdicts: { at: number; ms: number | null }[] = [];
  const againstMine: [Label, Label | null][] = [];
  const blind: [Label, Label | null][] = [];
  const mine: { label: Label; labels: Readonly<Record<number, Label>>; others: [string, Label][] }[] = [];
  let [againstD, conflicts] = [0, 0];
  for (const item of state.items) {
    if (!inScope(item, state.options)) continue;
    counts[verdictIn(item, reviewer, pass)] += 1;
    if (item.states.size === 0) continue;
    if (contradictsD(item)) againstD += 1;
    if (inConflict(item)) conflicts += 1;
    const own = item.states.get(reviewer);
    if (!own) continue;
    const last = item.entries.findLast(
      (entry) => entry.reviewer === reviewer && entry.pass === pass && entry.decision !== 'amend',
    );
    if (last) verdicts.push({ at: Date.parse(last.at), ms: last.ms });
    const said = own.labels[pass];
    if (said !== undefined) {
      const entry = [said, preferredByD(item.pair)] as [Label, Label | null];
      againstMine.push(entry);
      if (last?.blind) blind.push(entry);
    }
    const newest = newestLabel(own);
    if (newest === null) continue;
    const others = [...item.states.values()].flatMap((other): [string, Label][] => {
      const label = other.reviewer === reviewer ? null : newestLabel(other);
      return label === null ? [] : [[other.reviewer, label]];
    });
    mine.push({ label: newest, labels: own.labels, others });
  }
  return {
    ...{ done: doneInQueue(state), of: state.queue.length, ...counts },
    pace: paceOf(verdicts, now),
    agreement: agreementWithD(againstMine),
    blindAgreement: agreementWithD(blind),
    self: selfAgreement(mine.map(({ labels }) => labels)),
    others: withOthers(mine),
    againstD,
    conflicts,
  };
}

/** The two newest passes in which this reviewer labelled the same pairs. */
function selfAgreement(labels: readonly Readonly<Record<number, Label>>[]): ReviewStats['self'] {
  const twice = labels.filter((passes) => Object.keys(passes).length > 1);
  const passes = [...new Set(twice.flatMap((of) => Object.keys(of).map(Number)))].sort((a, b) => a - b).slice(-2);
  const [first, second] = passes;
  if (first === undefined || second === undefined) return null;
  const both = twice.flatMap((of): [Label, Label][] => {
    const [a, b] = [of[first], of[second]];
    return a === undefined || b === undefined ? [] : [[a, b]];
  });
  const kappa = cohenKappa(both);
  return kappa && { ...kappa, passes: [first, second] };
}

function withOthers(mine: readonly { label: Label; others: readonly [string, Label][] }[]): ReviewStats['others'] {
  const pairs = new Map<string, [Label, Label][]>();
  for (const { label, others } of mine) {
    for (const [reviewer, other] of others) pairs.set(reviewer, [...(pairs.get(reviewer) ?? []), [label, other]]);
  }
  return [...pairs].flatMap(([reviewer, labels]) => {
    const kappa = cohenKappa(labels);
    return kappa ? [{ ...kappa, reviewer }] : [];
  });
}
