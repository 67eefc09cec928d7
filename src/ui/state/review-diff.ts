/** A piece of text in UTF-16 units: `text.slice(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Difference {
  /** What each side has and the other has not, in order; spaces between two such words belong to them. */
  readonly left: readonly Span[];
  readonly right: readonly Span[];
}

/**
 * Words (letters, digits, marks, inner apostrophes), single characters of scripts that put no space between words, and
 * every other character that is no space. Case and punctuation count: they are part of how a person writes.
 */
const TOKEN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]|[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

/** Sides with less in common than this share of their words are two texts: to mark nearly all of both shows nothing. */
const MIN_COMMON = 1 / 3;
/** Words that may differ before texts are taken as unrelated, which bounds time and memory by its square. */
const MAX_EDITS = 600;

/** What differs, word by word; null if the texts have too little in common for it to mean anything. */
export function difference(left: string, right: string): Difference | null {
  const [a, b] = [tokensOf(left), tokensOf(right)];
  const total = a.words.length + b.words.length;
  const limit = Math.min(MAX_EDITS, Math.floor(total * (1 - MIN_COMMON)));
  const common = commonWords(a.words, b.words, limit);
  if (common === null) return null;
  return { left: spansOf(left, a.spans, common.a), right: spansOf(right, b.spans, common.b) };
}

function tokensOf(text: string): { words: string[]; spans: Span[] } {
  const words: string[] = [];
  const spans: Span[] = [];
  for (const { 0: word, index } of text.matchAll(TOKEN)) {
    words.push(word);
    spans.push({ start: index, end: index + word.length });
  }
  return { words, spans };
}

/**
 * Words of a longest common subsequence, as flags, by Myers' greedy algorithm ("An O(ND) difference algorithm and its
 * variations", 1986); null if more than `limit` words are in one text only.
 */
function commonWords(
  a: readonly string[],
  b: readonly string[],
  limit: number,
): { a: readonly boolean[]; b: readonly boolean[] } | null {
  const [n, m] = [a.length, b.length];
  if (Math.abs(n - m) > limit) return null;
  const inA = new Array<boolean>(n).fill(false);
  const inB = new Array<boolean>(m).fill(false);
  // furthest[k + limit + 1]: the furthest x on diagonal k = x - y; `trace` keeps it as it was before each round
  const furthest = new Int32Array(2 * limit + 3);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= limit; d += 1) {
    trace.push(furthest.slice(limit + 1 - d - 1, limit + 1 + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const at = k + limit + 1;
      const down = k === -d || (k !== d && (furthest[at - 1] ?? 0) < (furthest[at + 1] ?? 0));
      let x = down ? (furthest[at + 1] ?? 0) : (furthest[at - 1] ?? 0) + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x += 1;
      furthest[at] = x;
      if (x < n || x - k < m) continue;
      backtrack(trace, n, m, (i, j) => {
        inA[i] = true;
        inB[j] = true;
      });
      return { a: inA, b: inB };
    }
  }
  return null;
}

/** Walks back from the ends of both texts and tells of each word that they share. */
function backtrack(trace: readonly Int32Array[], n: number, m: number, share: (i: number, j: number) => void): void {
  let [x, y] = [n, m];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const before = trace[d] as Int32Array;
    const of = (k: number) => before[k + d + 1] ?? 0;
    const k = x - y;
    const from = k === -d || (k !== d && of(k - 1) < of(k + 1)) ? k + 1 : k - 1;
    const px = d === 0 ? 0 : of(from);
    const py = d === 0 ? 0 : px - from;
    while (x > px && y > py) {
      x -= 1;
      y -= 1;
      share(x, y);
    }
    [x, y] = [px, py];
  }
}

function spansOf(text: string, words: readonly Span[], common: readonly boolean[]): Span[] {
  const spans: { start: number; end: number }[] = [];
  for (const [index, { start, end }] of words.entries()) {
    if (common[index]) continue;
    const last = spans.at(-1);
    const joined = last && index > 0 && !common[index - 1] && !text.slice(last.end, start).includes('\n');
    if (joined) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}
