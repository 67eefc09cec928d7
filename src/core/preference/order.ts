import { type ReviewedPair, RULE_PREFIX } from './decisions.ts';

/** Who says that the chosen side is the better one: D by its rewards, or a person, whose verdict goes before D's. */
export type OrderedBy = 'discriminator' | 'person';

/** Whether D gives both sides a reward, the chosen one the higher. */
export function isOrdered({ chosen, rejected }: Pick<ReviewedPair, 'chosen' | 'rejected'>): boolean {
  return chosen.r !== null && rejected.r !== null && chosen.r > rejected.r;
}

/**
 * Who ordered the sides of an approved pair; null if nobody did, so that it teaches nothing. A person did who made the pair
 * by hand, swapped its sides, or approved sides that D orders otherwise or not at all; a rule overrules D in nothing.
 */
export function orderedBy(pair: ReviewedPair): OrderedBy | null {
  const { reviewers, swapped } = pair.review;
  const judged = reviewers.some((reviewer) => !reviewer.startsWith(RULE_PREFIX));
  if ((pair.origin === 'manual' && (judged || reviewers.length === 0)) || (judged && swapped)) return 'person';
  if (isOrdered(pair)) return 'discriminator';
  return judged ? 'person' : null;
}
