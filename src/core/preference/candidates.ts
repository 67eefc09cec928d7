import type { Author } from '../session/schema.ts';

/** One of the alternatives at a user turn, sampled from the same prefix as the original (or the original itself). */
export interface Candidate {
  /** Stable within its set: 0 is the original, 1..n the samples in the order of their seeds, then edits. */
  readonly index: number;
  readonly text: string;
  readonly end: boolean;
  readonly by: Author;
  /** z_t with this text at the turn; null for an end without words, or without a discriminator. */
  readonly z: number | null;
  /** r_t = z_t - z_{t-1} (Eq. 4). */
  readonly r: number | null;
}

/** Highest reward first, as in "ranked by their discriminator-based rewards" (3.5); those without one come last. */
export function rank(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort(
    (a, b) => (b.r ?? Number.NEGATIVE_INFINITY) - (a.r ?? Number.NEGATIVE_INFINITY) || a.index - b.index,
  );
}
