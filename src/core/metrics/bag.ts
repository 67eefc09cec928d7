import type { SparseRow } from './logistic.ts';

/** Words with inner apostrophes, and each other mark that is no white space: punctuation is part of how a person writes. */
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/** How often each 1- and 2-gram of tokens, by its number, stands in a text. */
export type Bag = ReadonlyMap<number, number>;

/** Numbers the 1- and 2-grams of texts, each text once however often it is asked for. */
export class Grams {
  private readonly numbers = new Map<string, number>();
  private readonly seen = new Map<string, readonly number[]>();

  get size(): number {
    return this.numbers.size;
  }

  /** The bag of several texts; no 2-gram reaches from one to the next. */
  bag(texts: readonly string[]): Bag {
    const counts = new Map<number, number>();
    for (const text of texts) for (const gram of this.of(text)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
    return counts;
  }

  private of(text: string): readonly number[] {
    const known = this.seen.get(text);
    if (known) return known;
    const tokens = text.toLowerCase().match(TOKEN) ?? [];
    const grams = [...tokens, ...tokens.slice(1).map((token, at) => `${tokens[at]} ${token}`)].map((gram) =>
      this.number(gram),
    );
    this.seen.set(text, grams);
    return grams;
  }

  private number(gram: string): number {
    const known = this.numbers.get(gram);
    if (known !== undefined) return known;
    this.numbers.set(gram, this.numbers.size);
    return this.numbers.size - 1;
  }
}

/**
 * Bags as rows of TF-IDF: (1 + ln tf) (ln((1 + n) / (1 + df)) + 1), scaled to length 1, over the grams that at least
 * `least` of the `fitted` bags have; as scikit-learn's TfidfVectorizer with `sublinear_tf` and `min_df`.
 * @returns the rows of all bags, and how many columns they have.
 */
export function tfidf(
  bags: readonly Bag[],
  fitted: readonly Bag[],
  least: number,
): { rows: SparseRow[]; features: number } {
  const documents = new Map<number, number>();
  for (const bag of fitted) for (const gram of bag.keys()) documents.set(gram, (documents.get(gram) ?? 0) + 1);
  const columns = new Map<number, { at: number; idf: number }>();
  for (const [gram, df] of documents) {
    if (df >= least) columns.set(gram, { at: columns.size, idf: Math.log((1 + fitted.length) / (1 + df)) + 1 });
  }
  const rows = bags.map((bag) => {
    const at: number[] = [];
    const value: number[] = [];
    let squares = 0;
    for (const [gram, tf] of bag) {
      const column = columns.get(gram);
      if (!column) continue;
      const weight = (1 + Math.log(tf)) * column.idf;
      at.push(column.at);
      value.push(weight);
      squares += weight * weight;
    }
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    return { at: Uint32Array.from(at), value: Float64Array.from(value, (weight) => weight * scale) };
  });
  return { rows, features: columns.size };
}

/** Rows of plain numbers, each column less its mean and divided by its standard deviation over the `fitted` ones. */
export function standardised(
  rows: readonly (readonly number[])[],
  fitted: readonly (readonly number[])[],
): { rows: SparseRow[]; features: number } {
  const features = rows[0]?.length ?? 0;
  const at = Uint32Array.from({ length: features }, (_, column) => column);
  const moments = Array.from(at, (column) => {
    const values = fitted.map((row) => row[column] as number);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    return { mean, scale: sd > 1e-12 ? 1 / sd : 0 };
  });
  return {
    features,
    rows: rows.map((row) => ({
      at,
      value: Float64Array.from(moments, ({ mean, scale }, column) => ((row[column] as number) - mean) * scale),
    })),
  };
}
