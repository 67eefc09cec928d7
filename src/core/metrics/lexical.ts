import type { Session } from '../session/schema.ts';
import { type Diversity, WordCounter } from './word-counter.ts';

/**
 * Words of a text: runs of letters, marks and digits with inner apostrophes, lower-cased. The paper does not state its
 * tokeniser, so its figures compare in pattern and not in value; this one is printed with every figure.
 */
export const WORD_RULE = 'lower-cased runs of letters and digits with inner apostrophes';
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;

/** The same rule where all is ASCII, in a third of the time. */
const ASCII_WORD = /[a-z0-9]+(?:'[a-z]+)*/g;
const BEYOND_ASCII = /[^\0-\x7f]/;

export function words(text: string): string[] {
  const lower = text.toLowerCase();
  return lower.match(BEYOND_ASCII.test(lower) ? WORD : ASCII_WORD) ?? [];
}

/** Linguistic features of one session's user text (4.3.1, Table 1). */
export interface LexicalFeatures extends Diversity {
  readonly words: number;
  readonly userTurns: number;
  readonly wordsPerTurn: number;
}

/** @returns null for a session without a single word by the user, for which the ratios do not exist. */
export function lexicalFeatures(session: Pick<Session, 'turns'>): LexicalFeatures | null {
  const turns = userTurnWords(session);
  const words = turns.reduce((sum, turn) => sum + turn.length, 0);
  const [all] = diversityAt(turns, [words]);
  return all ? { ...all, words, userTurns: turns.length, wordsPerTurn: words / turns.length } : null;
}

/** Words of each user turn. */
export function userTurnWords(session: Pick<Session, 'turns'>): string[][] {
  return session.turns.filter((turn) => turn.role === 'user').map((turn) => words(turn.content));
}

/** Diversity of the first so many words, for each of several numbers; see WordCounter, which many sessions can share. */
export function diversityAt(turns: readonly (readonly string[])[], limits: readonly number[]): (Diversity | null)[] {
  const counter = new WordCounter();
  return counter.diversityAt(counter.number(turns), limits);
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

/** The text up to and with its first `n` words, and how many it has of them. */
export function firstWords(text: string, n: number): { text: string; words: number } {
  let [found, end] = [0, 0];
  for (const match of text.matchAll(WORD)) {
    if (found === n) break;
    found += 1;
    end = match.index + match[0].length;
  }
  return found < n ? { text, words: found } : { text: text.slice(0, end), words: found };
}
