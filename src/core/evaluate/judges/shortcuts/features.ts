import { type Bag, type Grams, standardised, tfidf } from '../../../metrics/bag.ts';
import { words } from '../../../metrics/lexical.ts';
import type { SparseRow } from '../../../metrics/logistic.ts';
import type { Role } from '../../../session/schema.ts';

/** What a baseline looks at. */
export interface ShortcutKind {
  readonly key: 'length' | 'punctuation' | 'words' | 'chatbot';
  readonly title: string;
  /** Whose turns it reads. */
  readonly role: Role;
}

export const SHORTCUTS: readonly ShortcutKind[] = [
  { key: 'length', title: 'length', role: 'user' },
  { key: 'punctuation', title: 'punctuation and case', role: 'user' },
  { key: 'words', title: 'bag of words', role: 'user' },
  { key: 'chatbot', title: 'chatbot turns only', role: 'assistant' },
];

/** Grams of fewer training texts than this are left out. */
const LEAST_DOCUMENTS = 2;

/** Texts as rows of a matrix, whose vocabulary and scales come from some of them alone. */
export type Matrix = (fitted: readonly number[]) => { readonly rows: readonly SparseRow[]; readonly features: number };

/** @param documents what one side wrote up to a place, a list of turns each. */
export function matrixOf(kind: ShortcutKind['key'], documents: readonly (readonly string[])[], grams: Grams): Matrix {
  if (kind === 'length' || kind === 'punctuation') {
    const rows = documents.map(kind === 'length' ? lengthFeatures : punctuationFeatures);
    return (fitted) =>
      standardised(
        rows,
        fitted.map((at) => rows[at] as number[]),
      );
  }
  const bags = documents.map((texts) => grams.bag(texts));
  return (fitted) =>
    tfidf(
      bags,
      fitted.map((at) => bags[at] as Bag),
      LEAST_DOCUMENTS,
    );
}

/** Logs of words in all, a turn, of the last, longest and shortest turn, and of letters; their spread; turns. */
function lengthFeatures(texts: readonly string[]): number[] {
  const counts = texts.map((text) => words(text).length);
  if (counts.length === 0) return new Array<number>(8).fill(0);
  const sum = counts.reduce((all, count) => all + count, 0);
  const mean = sum / counts.length;
  const sd = Math.sqrt(counts.reduce((all, count) => all + (count - mean) ** 2, 0) / counts.length);
  const letters = texts.reduce((all, text) => all + text.length, 0);
  const logs = [sum, mean, counts.at(-1) ?? 0, Math.max(...counts), Math.min(...counts), letters].map((x) =>
    Math.log1p(x),
  );
  return [...logs, sd, counts.length];
}

/** Marks that people and models use differently: each as its rate a word, on a log scale. */
const MARKS = [
  /\./gu,
  /,/gu,
  /\?/gu,
  /!/gu,
  /['’]/gu,
  /["“”]/gu,
  /[-–—]/gu,
  /…|\.\.\./gu,
  /[()]/gu,
  /[:;]/gu,
  /\d/gu,
  /\n/gu,
  /\p{Extended_Pictographic}/gu,
];
const SENTENCE = /(?:^|[.!?]\s+)(\p{L})/gu;

/** Rates of marks a word, and shares of upper case: of letters, of sentence beginnings, of "i" alone; turns that end with a mark. */
function punctuationFeatures(texts: readonly string[]): number[] {
  // Turn by turn: what stood between joined turns would be a mark too, and tell how many and how long they are.
  const count = (mark: RegExp) => texts.reduce((sum, text) => sum + (text.match(mark)?.length ?? 0), 0);
  const total = Math.max(
    1,
    texts.reduce((sum, text) => sum + words(text).length, 0),
  );
  const share = (part: number, of: number) => (of === 0 ? 0.5 : part / of);
  const starts = texts.flatMap((text) => [...text.matchAll(SENTENCE)].map((match) => match[1] ?? ''));
  return [
    ...MARKS.map((mark) => Math.log1p((100 * count(mark)) / total)),
    share(count(/\p{Lu}/gu), count(/\p{L}/gu)),
    share(starts.filter((letter) => /\p{Lu}/u.test(letter)).length, starts.length),
    share(count(/\bI\b/gu), count(/\bi\b/giu)),
    share(texts.filter((text) => /[.!?…]["'”’)]*\s*$/u.test(text)).length, texts.length),
  ];
}
