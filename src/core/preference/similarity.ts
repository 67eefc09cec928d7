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
  const [x, y] = [tokens(a), tokens(b)];
  const longest = Math.max(x.length, y.length);
  return longest === 0 ? 1 : 1 - distance(x, y) / longest;
}

/** Words of a side, for every rule and figure about length (metrics/lexical.ts). */
export function countWords(text: string): number {
  return words(text).length;
}

function tokens(text: string): string[] {
  return (text.match(TOKEN) ?? []).slice(0, MAX_TOKENS);
}

function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, token] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) {
      const diagonal = (row[j] ?? 0) + (token === other ? 0 : 1);
      next.push(Math.min(diagonal, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
