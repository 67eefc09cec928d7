/** A piece of a text, by places of UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly grain: 'sentence' | 'clause' | 'word';
  readonly start: number;
  readonly end: number;
}

/** Where a sentence ends: behind its mark, whatever case follows (people write "no. my boss"), and at a new line. */
const SENTENCE_END = /(?<=[.!?…]["'”’)]*)\s+|\s*\n\s*/gu;
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;
/** Where a clause ends: behind marks between clauses, and before the words that join them. */
const JOINT =
  /(?<=[,;:…]|\.\.\.|\s[-–—])\s+|\s+(?=(?:and|but|or|because|so|though|although|if|when|while|since|then)\s)/giu;

export function sentenceSpans(text: string): Span[] {
  return pieces(text, 'sentence', 0, text.length, SENTENCE_END);
}

/** Clauses, by punctuation and conjunctions: a rule of thumb that needs no grammar. */
export function clauseSpans(text: string): Span[] {
  return sentenceSpans(text).flatMap(({ start, end }) => pieces(text, 'clause', start, end, JOINT));
}

export function wordSpans(text: string): Span[] {
  return [...text.matchAll(WORD)].map(({ index, 0: word }) => ({
    grain: 'word',
    start: index,
    end: index + word.length,
  }));
}

/** The text without a span: no double space and no mark without its word is left behind. */
export function without(text: string, { start, end }: Pick<Span, 'start' | 'end'>): string {
  const [before, after] = [text.slice(0, start), text.slice(end)];
  const joined = `${before.replace(/[^\S\n]+$/u, '')} ${after.replace(/^[^\S\n]+/u, '')}`;
  return joined
    .replace(/ (?=[,.;:!?…\n]|$)/gu, '')
    .replace(/\n /gu, '\n')
    .trim();
}

/** What stands between the borders, without the white space around it; a piece without a word is none. */
function pieces(text: string, grain: Span['grain'], start: number, end: number, border: RegExp): Span[] {
  const inner = text.slice(start, end);
  const borders = [...inner.matchAll(border)];
  const starts = [0, ...borders.map(({ index, 0: found }) => index + found.length)];
  const ends = [...borders.map(({ index }) => index), inner.length];
  return starts.flatMap((from, at) => {
    const piece = inner.slice(from, ends[at]);
    if (!/[\p{L}\p{N}]/u.test(piece)) return [];
    const first = start + from + piece.length - piece.trimStart().length;
    return [{ grain, start: first, end: first + piece.trim().length }];
  });
}
