import { words } from '../metrics/lexical.ts';

/**
 * Tokens by which two sides are compared: runs of letters and digits with inner apostrophes, and each other character
 * that is no white space. Case and punctuation count, since they are part of how a person writes.
 */
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/** Longer texts are compared by their first tokens: the distance costs the product of both lengths. */
const MAX_TOKENS = 400;

/**
 * Similarity of two texts in [0, 1]: 1 - d / max(|a|, |b|), d the Levenshtein distance over their tokens and |.| their
 * numbers. 1 for the same tokens (white space apart), 0 for no common token in order; two empty texts are the same.
 */
export function similarity(a: string, b: string): number {
  return share(tokens(a), tokens(b));
}

/** A text made ready to be compared with many. */
export interface Comparable {
  readonly tokens: readonly string[];
  readonly sorted: readonly string[];
}

export function comparable(text: string): Comparable {
  const found = tokens(text);
  return { tokens: found, sorted: found.toSorted() };
}

/**
 * Whether two texts are at least so similar, as `similarity` has it. The distance is at least the number of tokens of the
 * longer one that the other has not, in whatever order; that rules out nearly all pairs of different turns at little cost.
 */
export function isSimilar(a: Comparable, b: Comparable, least: number): boolean {
  const longest = Math.max(a.tokens.length, b.tokens.length);
  if (longest > 0 && common(a.sorted, b.sorted) / longest < least) return false;
  return share(a.tokens, b.tokens) >= least;
}

/** Tokens that two sorted lists share, each as often as in both. */
function common(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as string, b[j] as string];
    if (x === y) count += 1;
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  return count;
}

function share(a: readonly string[], b: readonly string[]): number {
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 1 : 1 - distance(a, b) / longest;
}

/** Words of a side, for every rule and figure about length (metrics/lexical.ts). */
export function countWords(text: string): number {
  return words(text).length;
}

function tokens(text: string): string[] {
  const found = text.match(TOKEN) ?? [];
  return found.length > MAX_TOKENS ? found.slice(0, MAX_TOKENS) : found;
}

/** Of `distance`: lists for each call were 40% of all that a simulation allocated. */
const row = new Uint16Array(MAX_TOKENS + 1);

function distance(a: readonly string[], b: readonly string[]): number {
  for (let j = 0; j <= b.length; j += 1) row[j] = j;
  for (let i = 0; i < a.length; i += 1) {
    let diagonal = i;
    row[0] = i + 1;
    for (let j = 0; j < b.length; j += 1) {
      const above = row[j + 1] as number;
      const changed = diagonal + (a[i] === b[j] ? 0 : 1);
      row[j + 1] = Math.min(changed, above + 1, (row[j] as number) + 1);
      diagonal = above;
    }
  }
  return row[b.length] as number;
}
