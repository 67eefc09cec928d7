import { words } from './lexical.ts';

/** The nearest known text, and how near it is. */
export interface NearestText {
  readonly id: string;
  /** Jaccard similarity |A and B| / |A or B| of the two sets of words. */
  readonly similarity: number;
}

/** Texts by their sets of words, to find the one that is most like another. */
export class NearestWords {
  private readonly ids: string[] = [];
  private readonly sizes: number[] = [];
  /** Word to the texts that have it. */
  private readonly holders = new Map<string, number[]>();

  add(id: string, text: string): void {
    const own = new Set(words(text));
    for (const word of own) {
      const holders = this.holders.get(word);
      if (holders) holders.push(this.ids.length);
      else this.holders.set(word, [this.ids.length]);
    }
    this.ids.push(id);
    this.sizes.push(own.size);
  }

  /** @param except texts that do not count. @returns null where no text is known, or the text has no word. */
  nearest(text: string, except: ReadonlySet<string> = new Set()): NearestText | null {
    const own = new Set(words(text));
    if (own.size === 0) return null;
    const shared = new Uint32Array(this.ids.length);
    for (const word of own) for (const at of this.holders.get(word) ?? []) shared[at] = (shared[at] as number) + 1;
    let best: NearestText | null = null;
    for (const [at, count] of shared.entries()) {
      const similarity = count / (own.size + (this.sizes[at] as number) - count);
      const id = this.ids[at] as string;
      if (similarity > (best?.similarity ?? -1) && !except.has(id)) best = { id, similarity };
    }
    return best;
  }
}
