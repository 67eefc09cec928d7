import { bootstrapCounts, type Draws } from '../../../metrics/bootstrap.ts';
import { estimateOf } from '../../estimate.ts';
import { placesBy } from '../../source.ts';
import type { Estimate } from '../../table.ts';

/** What a judge said of one text: rightly or not, and on which context. */
export interface Verdict {
  readonly right: boolean;
  readonly context: string;
}

/** Verdicts from log-odds; none where there is no judge. */
export function verdictsOf(
  z: readonly (number | null)[],
  labels: readonly boolean[],
  contexts: readonly string[],
): Verdict[] {
  return z.flatMap((value, at) =>
    value === null ? [] : [{ right: value > 0 === labels[at], context: contexts[at] as string }],
  );
}

/** Share of verdicts that are right, with an interval over contexts; null for none. */
export function accuracyOf(verdicts: readonly Verdict[], draws: Draws): Estimate | null {
  if (verdicts.length === 0) return null;
  const [figure] = shares([verdicts], ([share = Number.NaN]) => share, draws);
  return estimateOf(figure ?? null, verdicts.length);
}

/**
 * How much more of its verdicts on one simulator are right than on another, on the contexts that both have: what differs from
 * context to context is drawn for both alike, and is no part of the interval. Null without such contexts.
 */
export function differenceOf(later: readonly Verdict[], first: readonly Verdict[], draws: Draws): Estimate | null {
  const [ofLater, ofFirst] = [later, first].map((side) => new Set(side.map(({ context }) => context)));
  const both = (side: readonly Verdict[]) =>
    side.filter(({ context }) => ofLater?.has(context) && ofFirst?.has(context));
  const sides = [both(later), both(first)];
  if (sides.some((side) => side.length === 0)) return null;
  const [figure] = shares(sides, ([a = Number.NaN, b = Number.NaN]) => a - b, draws);
  return estimateOf(figure ?? null, sides[0]?.length ?? 0);
}

/** A function of the shares that are right in each list, with contexts resampled. */
function shares(lists: readonly (readonly Verdict[])[], statistic: (shares: number[]) => number, draws: Draws) {
  const all = lists.flatMap((verdicts, list) => verdicts.map((verdict) => ({ ...verdict, list })));
  const contexts = placesBy(all, ({ context }) => context).map((places) =>
    lists.map((_, list) => {
      const own = places.filter((at) => all[at]?.list === list);
      return { right: own.filter((at) => all[at]?.right).length, n: own.length };
    }),
  );
  return bootstrapCounts(
    contexts.length,
    (counts) => [
      statistic(
        lists.map((_, list) => {
          let [right, n] = [0, 0];
          for (const [at, sums] of contexts.entries()) {
            right += (counts[at] as number) * (sums[list]?.right ?? 0);
            n += (counts[at] as number) * (sums[list]?.n ?? 0);
          }
          return right / n;
        }),
      ),
    ],
    draws,
  );
}
