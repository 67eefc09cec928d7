import { words } from '../metrics/lexical.ts';
import { renderContext } from '../prompt/context.ts';
import type { Context } from '../session/schema.ts';
import { PII_KINDS, redactText } from '../text/pii.ts';
import { plainText } from '../text/safe.ts';
import type { PreferencePair } from './schema.ts';
import { countWords, similarity } from './similarity.ts';

export const LINT_CODES = ['near-identical', 'length', 'reward', 'copied', 'escapes', 'pii'] as const;
export type LintCode = (typeof LINT_CODES)[number];

/** Something to look at before a pair is approved. `side` null: it is about both. */
export interface LintWarning {
  readonly code: LintCode;
  readonly side: 'chosen' | 'rejected' | null;
  readonly text: string;
}

/** Thresholds, each a choice of ours; the paper has no linter. */
export const LINT = {
  /** Sides this similar differ in less than one token in five: looser than the filter's rule, since a person decides. */
  similarity: 0.8,
  /** A side of more than twice the words of the other, and five more: short turns differ by a word or two all the time. */
  ratio: 2,
  difference: 5,
  /** So many words in a row that stand in the context too: shorter runs are common phrases ("I do not know what to"). */
  copied: 6,
  /** Of a whole set: mean words of one side above those of the other by this factor, or one side longer in so many pairs. */
  setRatio: 1.25,
  setShare: 0.65,
} as const;

/** What is odd about one pair. Pure; some tenths of a millisecond for turns of usual length. */
export function lintPair(pair: Pick<PreferencePair, 'chosen' | 'rejected' | 'context'>): LintWarning[] {
  const { chosen, rejected, context } = pair;
  const found: LintWarning[] = [];
  const alike = similarity(chosen.content, rejected.content);
  if (alike >= LINT.similarity && (chosen.end === rejected.end || alike < 1)) {
    found.push({ code: 'near-identical', side: null, text: `sides are ${Math.round(100 * alike)}% the same` });
  }
  const [a, b] = [countWords(chosen.content), countWords(rejected.content)];
  if (Math.max(a, b) > LINT.ratio * Math.min(a, b) && Math.abs(a - b) > LINT.difference) {
    found.push({
      code: 'length',
      side: a > b ? 'chosen' : 'rejected',
      text: `${Math.max(a, b)} words against ${Math.min(a, b)}`,
    });
  }
  if (chosen.r === null || rejected.r === null) {
    found.push({
      code: 'reward',
      side: chosen.r === null ? 'chosen' : 'rejected',
      text: 'has no reward: training leaves the pair out, unless a person approves it',
    });
  } else if (chosen.r <= rejected.r) {
    found.push({
      code: 'reward',
      side: null,
      text: 'the discriminator prefers the rejected side: training leaves the pair out, unless a person approves it',
    });
  }
  for (const side of ['chosen', 'rejected'] as const) {
    const { content } = pair[side];
    const copied = copiedWords(content, context);
    if (copied) found.push({ code: 'copied', side, text: `copied from the context: "${copied}"` });
    if (plainText(content) !== content)
      found.push({ code: 'escapes', side, text: 'holds control or hidden characters' });
    const { counts } = redactText(content);
    const kinds = PII_KINDS.filter((kind) => counts[kind] > 0);
    if (kinds.length > 0) found.push({ code: 'pii', side, text: `personal data: ${kinds.join(', ')}` });
  }
  return found;
}

/** The longest run of at least LINT.copied words that stands in the context too (instruction and messages apart); null if none. */
export function copiedWords(text: string, context: Context): string | null {
  const said = words(text);
  if (said.length < LINT.copied) return null;
  // What the simulator reads about its person, and not what was said before, which people do repeat.
  const about = renderContext({ ...context, instruction: '', history: [] }).text;
  const source = words(about);
  const starts = new Map<string, number[]>();
  for (const [at, word] of source.entries()) starts.set(word, [...(starts.get(word) ?? []), at]);
  let best: string[] = [];
  for (const [from, word] of said.entries()) {
    for (const at of starts.get(word) ?? []) {
      let length = 1;
      while (from + length < said.length && said[from + length] === source[at + length]) length += 1;
      if (length > best.length) best = said.slice(from, from + length);
    }
  }
  return best.length >= LINT.copied ? best.join(' ') : null;
}

export interface SetLint {
  readonly pairs: number;
  /** Mean words a side; null without pairs. */
  readonly words: { readonly chosen: number; readonly rejected: number } | null;
  /** Share of pairs whose chosen side is the longer one; ties are left out, null if there are only ties. */
  readonly chosenLonger: number | null;
  /** Pairs that have each warning. */
  readonly counts: Readonly<Record<LintCode, number>>;
  /** What the set as a whole would teach beside what it should. */
  readonly warnings: readonly string[];
}

/** What is odd about a set: the length gap of its sides, and how many of its pairs have each warning. */
export function lintSet(pairs: readonly Pick<PreferencePair, 'chosen' | 'rejected' | 'context'>[]): SetLint {
  const counts = Object.fromEntries(LINT_CODES.map((code) => [code, 0])) as Record<LintCode, number>;
  for (const pair of pairs) for (const code of new Set(lintPair(pair).map((found) => found.code))) counts[code] += 1;
  const gap = lengthGap(pairs);
  return { pairs: pairs.length, ...gap, counts, warnings: gapWarnings(gap) };
}

/** The length gap alone, which costs little. */
export function lengthGap(
  pairs: readonly Pick<PreferencePair, 'chosen' | 'rejected'>[],
): Pick<SetLint, 'words' | 'chosenLonger'> {
  if (pairs.length === 0) return { words: null, chosenLonger: null };
  let [chosen, rejected, longer, shorter] = [0, 0, 0, 0];
  for (const pair of pairs) {
    const [a, b] = [countWords(pair.chosen.content), countWords(pair.rejected.content)];
    chosen += a;
    rejected += b;
    if (a > b) longer += 1;
    else if (a < b) shorter += 1;
  }
  return {
    words: { chosen: chosen / pairs.length, rejected: rejected / pairs.length },
    chosenLonger: longer + shorter === 0 ? null : longer / (longer + shorter),
  };
}

function gapWarnings({ words: mean, chosenLonger }: Pick<SetLint, 'words' | 'chosenLonger'>): string[] {
  if (!mean) return [];
  const { chosen, rejected } = mean;
  const [more, most] = chosen > rejected ? (['chosen', 'longer'] as const) : (['rejected', 'shorter'] as const);
  const warnings: string[] = [];
  if (Math.max(chosen, rejected) > LINT.setRatio * Math.min(chosen, rejected)) {
    warnings.push(
      `the ${more} sides have ${Math.max(chosen, rejected).toFixed(1)} words on average and the others ${Math.min(chosen, rejected).toFixed(1)}: the pairs teach ${most} turns`,
    );
  }
  if (chosenLonger !== null && Math.max(chosenLonger, 1 - chosenLonger) > LINT.setShare) {
    const share = Math.round(100 * Math.max(chosenLonger, 1 - chosenLonger));
    warnings.push(`the ${chosenLonger > 0.5 ? 'chosen' : 'rejected'} side is the longer one in ${share}% of the pairs`);
  }
  return warnings;
}
