import { words } from '../../../core/metrics/lexical.ts';
import type { Session } from '../../../core/session/schema.ts';

/** A message as the rules see it, with what stands before it. */
export interface View {
  /** With straight apostrophes and single spaces; case is kept. */
  readonly text: string;
  readonly words: readonly string[];
  readonly sentences: readonly string[];
  /** The other side's message just before and just after; null at the ends. */
  readonly before: View | null;
  readonly after: View | null;
  /** Earlier messages of the same side, oldest first. */
  readonly own: readonly View[];
  /** Earlier messages of the other side, oldest first. */
  readonly theirs: readonly View[];
}

/** Sentences end at a mark or a line end; ESConv's lines are messages of their own. */
const SENTENCE = /[^.!?\n]+[.!?]*/gu;

type Bare = Pick<View, 'text' | 'words' | 'sentences'>;

/** The messages of a session by turn. */
export function viewsOf({ turns }: Pick<Session, 'turns'>): View[] {
  const bare = turns.map(({ content }): Bare => {
    const text = content
      .replace(/[’‘]/gu, "'")
      .replace(/[ \t\r]+/gu, ' ')
      .trim();
    const sentences = (text.match(SENTENCE) ?? []).map((sentence) => sentence.trim()).filter(Boolean);
    return { text, words: words(text), sentences };
  });
  const empty = { before: null, after: null, own: [], theirs: [] };
  const flat = bare.map((view): View => ({ ...view, ...empty }));
  return flat.map((view, turn) => {
    const { role } = turns[turn] as Session['turns'][number];
    return {
      ...view,
      before: flat[turn - 1] ?? null,
      after: flat[turn + 1] ?? null,
      own: flat.filter((_, at) => at < turn && turns[at]?.role === role),
      theirs: flat.filter((_, at) => at < turn && turns[at]?.role !== role),
    };
  });
}

/** Words that carry no topic: what two messages share of these says nothing. */
const STOP = new Set(
  `a about after all also am an and any are as at be because been before but by can could did do does doing don't for from
get go going got had has have he her here him his how i i'd i'll i'm i've if in into is it it's its just know like lot
make me more much my no not now of on one or our out really she so some something sure than that that's the their them
then there they thing things think this time to too u up us very was way we well were what when where which who why will
with would yes yeah you you're your you've`.split(/\s+/u),
);

/** Earlier messages are looked at again for every later one. */
function once<T>(of: (view: Pick<View, 'words' | 'sentences'>) => T): (view: Pick<View, 'words' | 'sentences'>) => T {
  const known = new WeakMap<object, T>();
  return (view) => {
    const before = known.get(view);
    if (before !== undefined) return before;
    const made = of(view);
    known.set(view, made);
    return made;
  };
}

export function topicWords(all: readonly string[]): string[] {
  return [...new Set(all.filter((word) => word.length > 2 && !STOP.has(word)))];
}

export const contentWords = once(({ words: all }) => new Set(topicWords(all)));

/** Sentences of at least `LEAST` words, as words. */
export const longSentences = once(({ sentences }) =>
  sentences.map(words).filter(({ length }) => length >= LEAST_WORDS),
);
/** Shorter ones come again without anything being wrong: "How are you?" */
const LEAST_WORDS = 5;

/** Jaccard similarity of the words of two texts, from 0 to 1. */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [new Set(a), new Set(b)];
  let shared = 0;
  for (const word of left) if (right.has(word)) shared += 1;
  const union = left.size + right.size - shared;
  return union === 0 ? 0 : shared / union;
}

/** Share of the words of `a` that stand in runs of at least `run` words which `b` has too. */
export function copiedShare(a: readonly string[], b: readonly string[], run: number): number {
  if (a.length === 0) return 0;
  const known = new Set<string>();
  for (let at = 0; at + run <= b.length; at += 1) known.add(b.slice(at, at + run).join(' '));
  const copied = new Set<number>();
  for (let at = 0; at + run <= a.length; at += 1) {
    if (!known.has(a.slice(at, at + run).join(' '))) continue;
    for (let word = at; word < at + run; word += 1) copied.add(word);
  }
  return copied.size / a.length;
}

/** Questions of a message: sentences that end so, and those that begin as questions do. */
export function questionsIn({ sentences }: Pick<View, 'sentences'>): string[] {
  return sentences.filter((sentence) => sentence.endsWith('?') || ASKS.test(sentence));
}
const ASKS =
  /^(?:(?:and|so|but|ok|okay|well|oh),? )?(?:(?:what|how|why|when|where|who|which) (?:is|are|was|were|do|does|did|can|could|should|would|will|have|has|about|long|often|old|kind|else)|(?:do|did|does|have|can|could|would|will|are|is|should) (?:you|we|i|he|she|they|it|there|that|your|this)) /iu;
