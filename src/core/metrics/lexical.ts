import type { Session } from '../session/schema.ts';

/**
 * Words of a text: runs of letters, marks and digits with inner apostrophes, lower-cased. The paper does not state its
 * tokeniser, so its figures compare in pattern and not in value; this one is printed with every figure.
 */
export const WORD_RULE = 'lower-cased runs of letters and digits with inner apostrophes';
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;

export function words(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** Linguistic features of one session's user text (4.3.1, Table 1). */
export interface LexicalFeatures {
  /** H = -sum p(w) log2 p(w), in bits. */
  readonly entropy: number;
  /** Types / tokens. */
  readonly ttr: number;
  /** Unique word pairs / word pairs, within user turns. */
  readonly bigramDiversity: number;
  readonly words: number;
  readonly userTurns: number;
  readonly wordsPerTurn: number;
}

/** @returns null for a session without a single word by the user, for which the ratios do not exist. */
export function lexicalFeatures(session: Pick<Session, 'turns'>): LexicalFeatures | null {
  const turns = session.turns.filter((turn) => turn.role === 'user').map((turn) => words(turn.content));
  const all = turns.flat();
  if (all.length === 0) return null;
  const counts = new Map<string, number>();
  for (const word of all) counts.set(word, (counts.get(word) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / all.length) * Math.log2(count / all.length);
  const bigrams = turns.flatMap((turn) => turn.slice(1).map((word, index) => `${turn[index]} ${word}`));
  return {
    entropy,
    ttr: counts.size / all.length,
    bigramDiversity: bigrams.length === 0 ? 1 : new Set(bigrams).size / bigrams.length,
    words: all.length,
    userTurns: turns.length,
    wordsPerTurn: all.length / turns.length,
  };
}

export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  readonly sd: number;
}

/** Mean, median and sample standard deviation over sessions, as in 4.3.1. @throws RangeError for no value. */
export function summarise(values: readonly number[]): Summary {
  const n = values.length;
  if (n === 0) throw new RangeError('no value to summarise');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const median = (at(Math.floor((n - 1) / 2)) + at(Math.ceil((n - 1) / 2))) / 2;
  const sd = n === 1 ? 0 : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return { n, mean, median, sd };
}
