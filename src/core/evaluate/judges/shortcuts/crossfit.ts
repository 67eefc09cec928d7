import { fitLogistic, logOdds, type SparseRow } from '../../../metrics/logistic.ts';
import { placesBy } from '../../source.ts';
import type { Matrix } from './features.ts';
import { shuffled } from './pairs.ts';

export interface CrossfitOptions {
  readonly folds: number;
  /** Inverse strength of the L2 penalty. */
  readonly c: number;
  readonly seed: number;
  /** Rows that a fit takes at most, drawn at random. */
  readonly mostRows: number;
}

/**
 * Log-odds of each row by a judge that saw none of its context: fitted on the other folds, whose contexts are whole.
 * @param groups context of each row. @param labellings true is real; several judge the same rows, for a band.
 * @returns for each labelling the z of each row; null where its fold has no judge (too few contexts, or one class).
 */
export function crossfit(
  matrix: Matrix,
  groups: readonly string[],
  labellings: readonly (readonly boolean[])[],
  { folds, c, seed, mostRows }: CrossfitOptions,
): (number | null)[][] {
  const out = labellings.map(() => new Array<number | null>(groups.length).fill(null));
  const contexts = shuffled(
    placesBy(groups, (group) => group),
    seed,
  );
  const count = Math.min(folds, contexts.length);
  if (count < 2) return out;
  for (let fold = 0; fold < count; fold += 1) {
    const tested = contexts.filter((_, at) => at % count === fold).flat();
    const others = contexts.filter((_, at) => at % count !== fold).flat();
    const fitted = others.length > mostRows ? shuffled(others, seed + fold).slice(0, mostRows) : others;
    const { rows, features } = matrix(fitted);
    if (features === 0) continue;
    const training = fitted.map((at) => rows[at] as SparseRow);
    for (const [which, labels] of labellings.entries()) {
      const own = fitted.map((at) => labels[at] as boolean);
      if (new Set(own).size < 2) continue;
      const model = fitLogistic(training, own, { features, c });
      for (const at of tested) (out[which] as (number | null)[])[at] = logOdds(model, rows[at] as SparseRow);
    }
  }
  return out;
}
