import { preferredByD } from '../../preference/agreement.ts';
import { type Decision, foldReviewer, type Label, type ReviewerState } from '../../preference/decisions.ts';
import { lintPair } from '../../preference/lint.ts';
import type { PreferencePair } from '../../preference/schema.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import type { PairKind, ReviewOptions } from './types.ts';

/** A pair with what every reviewer made of it; `states` is the fold of `entries`, of those who have any. */
export interface ReviewItem {
  readonly set: string;
  /** As it was made. */
  readonly pair: PreferencePair;
  readonly entries: readonly Decision[];
  readonly states: ReadonlyMap<string, ReviewerState>;
}

const NO_STATES: ReadonlyMap<string, ReviewerState> = new Map();

export function makeItem(set: string, pair: PreferencePair, entries: readonly Decision[]): ReviewItem {
  if (entries.length === 0) return { set, pair, entries, states: NO_STATES };
  const reviewers = new Set(entries.map(({ reviewer }) => reviewer));
  const states = new Map([...reviewers].map((name) => [name, foldReviewer(pair, entries, name)]));
  return { set, pair, entries, states };
}

export function stateOf(item: ReviewItem, reviewer: string): ReviewerState {
  return item.states.get(reviewer) ?? foldReviewer(item.pair, [], reviewer);
}

export function kindOf({ pair }: ReviewItem): PairKind {
  return pair.mined?.kind ?? 'manual';
}

/** What a reviewer said of a pair in one pass. What was approved as it was made (in Chat) waits for nobody. */
export function verdictIn(item: ReviewItem, reviewer: string, pass: number): ReviewerState['verdict'] {
  const label = item.states.get(reviewer)?.labels[pass];
  if (label !== undefined) return label === 'none' ? 'rejected' : 'approved';
  const skipped = item.entries.some(
    (entry) => entry.reviewer === reviewer && entry.pass === pass && entry.decision === 'skip',
  );
  if (skipped) return 'skipped';
  return pass === 1 ? item.pair.decision : 'pending';
}

/** The label of a reviewer's newest pass. */
export function newestLabel({ labels }: ReviewerState): Label | null {
  return labels[Math.max(0, ...Object.keys(labels).map(Number))] ?? null;
}

/** Whether any reviewer's label contradicts D: it prefers the other side, or rejects the pair. */
export function contradictsD(item: ReviewItem): boolean {
  if (item.states.size === 0) return false;
  const preferred = preferredByD(item.pair);
  return preferred !== null && labelsOf(item).some((label) => label !== preferred);
}

export function inConflict(item: ReviewItem): boolean {
  return item.states.size > 1 && new Set(labelsOf(item)).size > 1;
}

function labelsOf(item: ReviewItem): Label[] {
  return [...item.states.values()].flatMap((state) => newestLabel(state) ?? []);
}

/** Whether a pair belongs to the sets and kinds that are looked at; its state is not asked. */
export function inScope({ set, ...item }: ReviewItem, { filter }: ReviewOptions): boolean {
  if (filter.sets && !filter.sets.includes(set)) return false;
  return !filter.kinds || filter.kinds.includes(kindOf({ set, ...item }));
}

/** Indices of the items to be shown, in order. */
export function buildQueue(items: readonly ReviewItem[], options: ReviewOptions): number[] {
  const queue = items.flatMap((item, index) => (inScope(item, options) && wanted(item, options) ? [index] : []));
  const keys = new Map(queue.map((index) => [index, sortKey(items[index] as ReviewItem, options)]));
  const key = (index: number) => keys.get(index) as readonly [number, number];
  return queue.sort((a, b) => key(a)[0] - key(b)[0] || key(a)[1] - key(b)[1] || a - b);
}

function wanted(item: ReviewItem, { reviewer, pass, filter }: ReviewOptions): boolean {
  if (!isDecided(item, reviewer, pass, filter.decided)) return false;
  if (!filter.warnings) return true;
  const codes = lintPair({ ...item.pair, ...stateOf(item, reviewer) }).map(({ code }) => code);
  return filter.warnings.length === 0 ? codes.length === 0 : codes.some((code) => filter.warnings?.includes(code));
}

function isDecided(
  item: ReviewItem,
  reviewer: string,
  pass: number,
  decided: ReviewOptions['filter']['decided'],
): boolean {
  switch (decided) {
    case 'all':
      return true;
    case 'against-d':
      return contradictsD(item);
    case 'conflict':
      return inConflict(item);
    default: {
      const verdict = verdictIn(item, reviewer, pass);
      if (decided === 'decided') return verdict === 'approved' || verdict === 'rejected';
      // A later pass asks again, so there is nothing to ask where nothing was said.
      if (decided === 'pending' && pass > 1 && !labelledBefore(item, reviewer, pass)) return false;
      return verdict === decided;
    }
  }
}

function labelledBefore(item: ReviewItem, reviewer: string, pass: number): boolean {
  return Object.keys(item.states.get(reviewer)?.labels ?? {}).some((other) => Number(other) < pass);
}

/** Smallest first. */
function sortKey(item: ReviewItem, { order, seed }: ReviewOptions): readonly [number, number] {
  const { chosen, rejected, id } = item.pair;
  const margin = chosen.r === null || rejected.r === null ? null : Math.abs(chosen.r - rejected.r);
  switch (order) {
    case 'made':
      return [0, 0];
    case 'margin':
      return [margin === null ? 1 : 0, -(margin ?? 0)];
    case 'disagreement':
      return [contradictsD(item) || inConflict(item) ? 0 : 1, margin ?? Number.POSITIVE_INFINITY];
    case 'random':
      return [deriveSeed(seed, seedOf(item.set), seedOf(id)), 0];
  }
}

/** Which side stands on the left: drawn by seed, pair and pass while blind, else the chosen one. */
export function leftRole({ pair, set }: ReviewItem, { blind, seed, pass }: ReviewOptions): 'chosen' | 'rejected' {
  if (!blind) return 'chosen';
  return deriveSeed(seed, seedOf(set), seedOf(pair.id), pass) % 2 === 0 ? 'chosen' : 'rejected';
}
