import { words } from './lexical.ts';

/**
 * Runs of `n` words that people have written, to find them again word for word (a check for memorised text, design 9).
 */
export class WordRuns {
  private readonly n: number;
  private readonly known = new Set<string>();

  /** @param n words in a row; case and punctuation do not count (lexical.ts). */
  constructor(n: number) {
    this.n = n;
  }

  add(text: string): void {
    for (const run of this.runs(text)) this.known.add(run);
  }

  /** The first run of the text that is known; null if there is none. */
  find(text: string): string | null {
    for (const run of this.runs(text)) if (this.known.has(run)) return run;
    return null;
  }

  private *runs(text: string): Generator<string> {
    const all = words(text);
    for (let at = 0; at + this.n <= all.length; at += 1) yield all.slice(at, at + this.n).join(' ');
  }
}

/** Share of texts with a known run in them; 0 for no text. */
export function overlapShare(texts: readonly string[], runs: WordRuns): number {
  if (texts.length === 0) return 0;
  return texts.filter((text) => runs.find(text) !== null).length / texts.length;
}
