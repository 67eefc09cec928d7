import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/core/preference/candidates.ts';
import { type PairRules, rulesSchema, selectPair } from '../../src/core/preference/filter.ts';
import { lintPair, lintSet } from '../../src/core/preference/lint.ts';
import { countWords, similarity } from '../../src/core/preference/similarity.ts';
import { findCritical } from '../../src/core/workflows/mine/critical.ts';
import { makePair } from '../fixtures/pairs.ts';

const PAPER = rulesSchema.parse({ similarity: null });
const candidate = (index: number, text: string, r: number | null, end = false): Candidate => ({
  ...{ index, text, end, r, z: r },
  by: { kind: 'model', name: 'it0' },
});
const select = (candidates: readonly Candidate[], rules: Partial<PairRules> = {}) => {
  const found = selectPair(candidates, { ...PAPER, ...rules });
  return found.kept ? [found.chosen.index, found.rejected.index, found.searched] : found.reason;
};
const words = (count: number, word = 'w') => Array.from({ length: count }, (_, at) => `${word}${at}`).join(' ');

describe('the pair of a critical turn', () => {
  const some = [candidate(0, 'a', -1), candidate(1, 'b', 2), candidate(2, 'c', -3), candidate(3, 'd', 0.5)];

  test('is the best against the worst, the original among them; signs as in 3.5', () => {
    expect(select(some)).toEqual([1, 2, false]);
    expect(select(some.slice(0, 2))).toEqual([1, 0, false]);
    expect(select([candidate(0, 'a', -1), candidate(1, 'b', -2)])).toBe('no-positive');
    expect(select([candidate(0, 'a', 1), candidate(1, 'b', 0)])).toBe('no-negative');
    expect(select([candidate(0, 'a', 0), candidate(1, 'b', -1)])).toBe('no-positive');
  });

  test('ends without words have no reward and are in no pair; what is said twice counts once', () => {
    const bare = candidate(1, '', null, true);
    expect(select([...some, candidate(4, '', null, true)])).toEqual([1, 2, false]);
    expect(select([candidate(0, 'a', -1), bare])).toBe('end-without-words');
    expect(select([candidate(0, 'a', -1), candidate(1, 'a', -1)])).toBe('too-few');
    expect(select([candidate(0, 'a', 1, true), candidate(1, 'b', -1)])).toEqual([0, 1, false]);
  });

  test('margin, near-duplicates and lengths: each says why, or another pair is found that breaks nothing', () => {
    expect(select(some, { margin: 5.1 })).toBe('margin');
    expect(select(some, { margin: 5 })).toEqual([1, 2, false]);
    const near = [candidate(0, words(10), 3), candidate(1, `${words(9)} other`, -3), candidate(2, 'no', -1)];
    expect(select(near, { similarity: 0.9, search: false })).toBe('near-duplicate');
    expect(select(near, { similarity: 0.91 })).toEqual([0, 1, false]);
    expect(select(near, { similarity: 0.9 })).toEqual([0, 2, true]);
    expect(select(near.slice(0, 2), { similarity: 0.9 })).toBe('near-duplicate');
    const long = [
      candidate(0, words(24), 3),
      candidate(1, words(6, 'x'), -3),
      candidate(2, words(18, 'y'), -1),
      candidate(3, words(7, 'z'), 1),
    ];
    expect(select(long)).toEqual([0, 1, false]);
    expect(select(long, { ratio: 1.5, search: false })).toBe('length');
    // 24 against 18 is 4 wide, and so is 7 against 6: the lower indices win.
    expect(select(long, { ratio: 1.5 })).toEqual([0, 2, true]);
    expect(select(long, { ratio: 1.2 })).toEqual([3, 1, true]);
    expect(select(long, { ratio: 1.2, margin: 4.5 })).toBe('length');
    // Either of the two is enough: a ratio alone would forbid one word against two.
    const short = [candidate(0, 'yes', 1), candidate(1, 'no way', -1)];
    expect(select(short, { ratio: 1.5 })).toBe('length');
    expect(select(short, { ratio: 1.5, difference: 1 })).toEqual([0, 1, false]);
  });

  test('a kept pair passes every rule, and no allowed pair is wider', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 6 })
      .map((list) => list.join(' '));
    // What is said twice has one reward.
    const one = fc.record({ text, r: fc.integer({ min: -4, max: 4 }) });
    const many = fc.uniqueArray(one, { minLength: 2, maxLength: 9, selector: ({ text: said }) => said });
    fc.assert(
      fc.property(
        many,
        fc.constantFrom(0, 2),
        fc.constantFrom(null, 0.7),
        fc.constantFrom(null, 1, 1.5),
        (list, margin, near, ratio) => {
          const all = list.map(({ text: said, r }, index) => candidate(index, said, r));
          const rules = { ...PAPER, margin, similarity: near, ratio };
          const allowed = all.flatMap((a) =>
            all.flatMap((b) => {
              const [x, y] = [countWords(a.text), countWords(b.text)];
              const [ra, rb] = [a.r ?? 0, b.r ?? 0];
              if (ra <= 0 || rb >= 0 || ra - rb < margin) return [];
              if (near !== null && similarity(a.text, b.text) >= near) return [];
              return ratio !== null && Math.max(x, y) > ratio * Math.min(x, y) ? [] : [ra - rb];
            }),
          );
          const found = selectPair(all, rules);
          if (found.kept) expect((found.chosen.r ?? 0) - (found.rejected.r ?? 0)).toBe(Math.max(...allowed));
          else expect(allowed).toEqual([]);
        },
      ),
    );
  });
});

test('similarity: Levenshtein over tokens; case and punctuation count, white space does not', () => {
  expect(similarity('I am so tired today', 'I am so  tired\ntoday')).toBe(1);
  expect(similarity('I am so tired today', 'I am so happy today')).toBe(0.8);
  expect(similarity('ok.', 'Ok')).toBe(0);
  expect(similarity("don't", 'dont')).toBe(0);
  expect(similarity('', '')).toBe(1);
  expect(similarity('a b c d', 'a b')).toBe(0.5);
});

describe('critical turns', () => {
  const sessions = [
    { session: 's1', r: [0.2, -0.5, 0.9, -0.5] },
    { session: 's2', r: [-1] },
    { session: 's3', r: [] },
    { session: 's4', r: [3, 2, -2] },
  ];
  const found = (options: Partial<Parameters<typeof findCritical>[1]>, seed = 1) =>
    findCritical(sessions, { per: 'session', highest: 1, lowest: 1, random: false, ...options }, seed).map(
      ({ session, t, kind }) => `${session}.${t} ${kind}`,
    );

  test('highest and lowest of each session, once each, the earlier of equal ones', () => {
    expect(found({})).toEqual(['s1.2 lowest', 's1.3 highest', 's2.1 lowest', 's4.1 highest', 's4.3 lowest']);
    expect(found({ highest: 0, lowest: 2 })).toEqual([
      's1.2 lowest',
      's1.4 lowest',
      's2.1 lowest',
      's4.2 lowest',
      's4.3 lowest',
    ]);
  });

  test('over the corpus', () => {
    expect(found({ per: 'corpus', highest: 2, lowest: 1 })).toEqual(['s4.1 highest', 's4.2 highest', 's4.3 lowest']);
  });

  test('the control draws as many turns, by the seed, whatever their rewards', () => {
    const drawn = found({ random: true });
    expect(drawn.map((turn) => turn.split('.')[0])).toEqual(['s1', 's1', 's2', 's4', 's4']);
    expect(drawn.every((turn) => turn.endsWith('random'))).toBe(true);
    expect(found({ random: true })).toEqual(drawn);
    expect(new Set([1, 2, 3, 4, 5, 6].map((seed) => found({ random: true }, seed).join())).size).toBeGreaterThan(2);
    expect(found({ random: true, per: 'corpus', highest: 3, lowest: 1 })).toHaveLength(4);
  });
});

describe('the linter', () => {
  const pair = makePair('p');
  const codes = (chosen: string, more: object = {}) =>
    lintPair({ ...pair, ...more, chosen: { ...pair.chosen, content: chosen } }).map(({ code, side }) =>
      side ? `${code} ${side}` : code,
    );

  test('a plain pair has no warning', () => {
    expect(lintPair(pair)).toEqual([]);
  });

  test.each([
    ['near-identical sides', 'I appreciate your support!', {}, ['near-identical']],
    ['a length that gives the side away', words(20), {}, ['length chosen']],
    [
      'text of the summary',
      'i lost my job last week and',
      { context: { ...pair.context, current_summary: 'I lost my job last week and feel low.' } },
      ['copied chosen'],
    ],
    ['escapes', 'red \u001b[31m alert', {}, ['escapes chosen']],
    ['characters that hide', 'so\u200b what', {}, ['escapes chosen']],
    ['personal data', 'my mail is kim@example.org', {}, ['pii chosen']],
    ['no reward', 'eh', { rejected: { ...pair.rejected, r: null } }, ['reward rejected']],
    ['rewards the wrong way round', 'eh', { rejected: { ...pair.rejected, r: 2 } }, ['reward']],
  ])('%s', (_, chosen, more, expected) => {
    expect(codes(chosen, more)).toEqual(expected);
  });

  test('what was said before, and the instruction, are no summary to copy from', () => {
    const history = [{ role: 'assistant' as const, content: 'i lost my job last week and' }];
    const instruction = 'You are somebody. i lost my job last week and so on';
    expect(codes('i lost my job last week and', { context: { ...pair.context, history, instruction } })).toEqual([]);
  });

  test('a set: the gap in length, in means and in how many pairs', () => {
    const longer = { ...pair, chosen: { ...pair.chosen, content: words(9) } };
    const found = lintSet([longer, longer, longer, pair]);
    expect(found).toMatchObject({
      pairs: 4,
      words: { chosen: 7.75, rejected: 4 },
      chosenLonger: 1,
      counts: { length: 0 },
    });
    expect(found.warnings).toHaveLength(2);
    expect(found.warnings[0]).toContain('teach longer turns');
    const even = { ...pair, chosen: pair.rejected, rejected: pair.chosen };
    expect(lintSet([pair, even])).toMatchObject({ warnings: [], counts: { reward: 1 } });
    expect(lintSet([])).toMatchObject({ pairs: 0, words: null, chosenLonger: null, warnings: [] });
  });
});
