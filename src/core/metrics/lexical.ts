import type { Session } from '../session/schema.ts';

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
  const turns = userTurnWords(session);
  const words = turns.reduce((sum, turn) => sum + turn.length, 0);
  const [all] = diversityAt(turns, [words]);
  return all ? { ...all, words, userTurns: turns.length, wordsPerTurn: words / turns.length } : null;
}

/** Words of each user turn. */
export function userTurnWords(session: Pick<Session, 'turns'>): string[][] {
  return session.turns.filter((turn) => turn.role === 'user').map((turn) => words(turn.content));
}

export type Diversity = Pick<LexicalFeatures, 'entropy' | 'ttr' | 'bigramDiversity'>;

/**
 * Entropy, TTR and bigram diversity of the first so many words, for each of several numbers at one reading.
 * @param limits ascending, above 0. @returns null for each number of words that the turns do not have.
 */
export function diversityAt(turns: readonly (readonly string[])[], limits: readonly number[]): (Diversity | null)[] {
  const types = new Map<string, number>();
  const counts: number[] = [];
  // A pair of words as one number: which types follow each other is all that counts.
  const pairs = new Set<number>();
  // H = log2 n - (sum of c log2 c) / n over the counts c, which a word changes in one term.
  let [read, bigrams, sum] = [0, 0, 0];
  const out: Diversity[] = [];
  const last = limits.at(-1);
  for (const turn of turns) {
    let before = -1;
    for (const word of turn) {
      if (read === last) break;
      read += 1;
      let type = types.get(word);
      if (type === undefined) {
        type = counts.length;
        types.set(word, type);
        counts.push(0);
      }
      const count = (counts[type] as number) + 1;
      counts[type] = count;
      if (count > 1) sum += count * Math.log2(count) - (count - 1) * Math.log2(count - 1);
      if (before !== -1) {
        bigrams += 1;
        pairs.add(before * 0x1000000 + type);
      }
      before = type;
      while (read === limits[out.length]) {
        const bigramDiversity = bigrams === 0 ? 1 : pairs.size / bigrams;
        out.push({ entropy: Math.max(0, Math.log2(read) - sum / read), ttr: counts.length / read, bigramDiversity });
      }
    }
  }
  return limits.map((_, at) => out[at] ?? null);
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
