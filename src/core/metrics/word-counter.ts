/** Entropy in bits, unique words / words, unique word pairs / word pairs (4.3.1). */
export interface Diversity {
  /** H = -sum p(w) log2 p(w), in bits. */
  readonly entropy: number;
  /** Types / tokens. */
  readonly ttr: number;
  /** Unique word pairs / word pairs, within user turns. */
  readonly bigramDiversity: number;
}

/** Words of a session as numbers, with a `TURN` after each turn. */
export type NumberedWords = Int32Array;
const TURN = -1;

/** c log2 c of the counts that nearly all words have. */
const TERMS = Float64Array.from({ length: 1024 }, (_, count) => (count === 0 ? 0 : count * Math.log2(count)));

function term(count: number): number {
  return count < TERMS.length ? (TERMS[count] as number) : count * Math.log2(count);
}

/**
 * Counts words and pairs of words of one session after another in the same memory: a count belongs to a session by its stamp,
 * so that nothing is cleared or allocated between two of ten thousand.
 */
export class WordCounter {
  private readonly numbers = new Map<string, number>();
  private counts = new Int32Array(256);
  private countStamps = new Int32Array(256);
  /** Open addressing, at most half full: the pair in slot i is (first[i], second[i]). */
  private first = new Int32Array(256);
  private second = new Int32Array(256);
  private pairStamps = new Int32Array(256);
  private stamp = 0;

  /** The same word has the same number in every session. */
  number(turns: readonly (readonly string[])[]): NumberedWords {
    const out = new Int32Array(turns.reduce((sum, turn) => sum + turn.length + 1, 0));
    let at = 0;
    for (const turn of turns) {
      for (const word of turn) {
        let number = this.numbers.get(word);
        if (number === undefined) {
          number = this.numbers.size;
          this.numbers.set(word, number);
        }
        out[at++] = number;
      }
      out[at++] = TURN;
    }
    return out;
  }

  /**
   * Diversity of the first so many words, for each of several numbers at one reading.
   * @param words as `number` of this counter gave them. @param limits ascending, above 0.
   * @returns null for each number of words that there are not.
   */
  diversityAt(words: NumberedWords, limits: readonly number[]): (Diversity | null)[] {
    this.begin(words.length);
    const { counts, countStamps, stamp } = this;
    // H = log2 n - (sum of c log2 c) / n over the counts c, which a word changes in one term.
    let [read, types, bigrams, unique, sum] = [0, 0, 0, 0, 0];
    let before = TURN;
    const out: (Diversity | null)[] = [];
    const last = limits.at(-1);
    for (let at = 0; at < words.length && read !== last; at += 1) {
      const word = words[at] as number;
      if (word === TURN) {
        before = TURN;
        continue;
      }
      read += 1;
      const count = countStamps[word] === stamp ? (counts[word] as number) + 1 : 1;
      counts[word] = count;
      countStamps[word] = stamp;
      if (count === 1) types += 1;
      else sum += term(count) - term(count - 1);
      if (before !== TURN) {
        bigrams += 1;
        unique += this.isNewPair(before, word);
      }
      before = word;
      while (read === limits[out.length]) {
        const bigramDiversity = bigrams === 0 ? 1 : unique / bigrams;
        out.push({ entropy: Math.max(0, Math.log2(read) - sum / read), ttr: types / read, bigramDiversity });
      }
    }
    while (out.length < limits.length) out.push(null);
    return out;
  }

  /** A stamp that no count has, and room for every word and for twice the pairs. */
  private begin(words: number): void {
    this.stamp += 1;
    if (this.counts.length < this.numbers.size) {
      this.counts = new Int32Array(2 * this.numbers.size);
      this.countStamps = new Int32Array(2 * this.numbers.size);
    }
    if (this.first.length < 2 * words) {
      const slots = 2 ** Math.ceil(Math.log2(2 * words));
      this.first = new Int32Array(slots);
      this.second = new Int32Array(slots);
      this.pairStamps = new Int32Array(slots);
    }
  }

  /** @returns 1 for a pair that this session did not have before, else 0. */
  private isNewPair(before: number, word: number): 0 | 1 {
    const { first, second, pairStamps, stamp } = this;
    const mask = first.length - 1;
    const mixed = Math.imul(Math.imul(before, 0x9e3779b1) ^ word, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (pairStamps[slot] === stamp) {
      if (first[slot] === before && second[slot] === word) return 0;
      slot = (slot + 1) & mask;
    }
    pairStamps[slot] = stamp;
    first[slot] = before;
    second[slot] = word;
    return 1;
  }
}
