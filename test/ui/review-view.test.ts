import { describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import type { ReviewEvent, ReviewOptions, ReviewStats, ShownPair } from '../../src/core/workflows/review/types.ts';
import { layout, type Regions } from '../../src/ui/layout.ts';
import { reviewPanes } from '../../src/ui/screens/review/layout.ts';
import { newReview, pairKey, type ReviewUi, reduceReview } from '../../src/ui/state/review.ts';
import { choiceRows, takeChoice } from '../../src/ui/state/review-choices.ts';
import { difference } from '../../src/ui/state/review-diff.ts';
import { historyItems, sideRow, sideText } from '../../src/ui/state/review-text.ts';
import { countsRow, emptyText, remarks, statisticsRows } from '../../src/ui/state/review-view.ts';
import { type AppState, initialState } from '../../src/ui/state/state.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';

const OPTIONS: ReviewOptions = {
  ...{ reviewer: 'anna', pass: 1, blind: false, seed: 7, order: 'made' },
  filter: { decided: 'pending' },
};

function shownPair(id: string, left: string, right: string, more: Partial<ShownPair> = {}): ShownPair {
  const { context, history } = makePair(id);
  const side = { end: false, by: { kind: 'model', name: 'it0' } as const, edited: false };
  return {
    ...{ set: 'a', id, position: 1, of: 2, kind: 'lowest', session: 's1', corpus: 'it0', t: 2, context, history },
    left: { ...side, role: 'chosen', content: left, r: 0.4 },
    right: { ...side, role: 'rejected', content: right, r: -1 },
    ...{ blind: false, margin: 1.4, warnings: [], note: null, verdict: 'pending', swapped: false, simulator: 'it0' },
    discriminator: 'disc',
    ...more,
  };
}

const NO_AGREEMENT = { n: 0, agree: 0, share: null, interval: null, none: 0 };
const STATS: ReviewStats = {
  ...{ done: 0, of: 0, approved: 0, rejected: 0, skipped: 0, pending: 0 },
  pace: { perMinute: null, medianSeconds: null },
  ...{ agreement: NO_AGREEMENT, blindAgreement: NO_AGREEMENT, self: null, others: [], againstD: 0, conflicts: 0 },
};

const text = (rows: readonly (readonly { text: string }[])[]) =>
  rows.map((row) => row.map((segment) => segment.text).join('')).join('\n');

describe('difference', () => {
  const marked = (left: string, right: string) => {
    const found = difference(left, right);
    const cut = (of: string, spans: readonly { start: number; end: number }[]) =>
      spans.map(({ start, end }) => of.slice(start, end));
    return found && { left: cut(left, found.left), right: cut(right, found.right) };
  };

  test.each([
    ['eh my boss again', 'eh my boss again', [], []],
    ['eh my boss shouted again', 'eh my boss complained again', ['shouted'], ['complained']],
    ['I dont know', 'I really dont know.', [], ['really', '.']],
    ['Idk what to do', 'idk what to do', ['Idk'], ['idk']],
    ['a b c one two d e f', 'a b c d e f', ['one two'], []],
    ["it's fine I'm ok", "it's fine I'll be ok", ["I'm"], ["I'll be"]],
    ['我今天很累了', '我今天不累了', ['很'], ['不']],
    ['first line here\nx\nlast line', 'first line here\ny\nlast line', ['x'], ['y']],
    ['', '', [], []],
  ])('%j against %j', (left, right, inLeft, inRight) => {
    expect(marked(left, right)).toEqual({ left: inLeft, right: inRight });
  });

  test('is none of texts that have little in common', () => {
    expect(difference('eh my boss again', 'I appreciate your support.')).toBeNull();
    expect(difference('', 'something')).toBeNull();
  });

  test('marks exactly what a quadratic comparison finds, on random texts', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const words = () => Array.from({ length: 3 + random(9) }, () => 'abcd'[random(4)] as string);
      const [a, b] = [words(), words()];
      const table = a.map(() => b.map(() => 0));
      const at = (i: number, j: number) => table[i]?.[j] ?? 0;
      for (const [i, word] of a.entries())
        for (const [j, other] of b.entries())
          (table[i] as number[])[j] = word === other ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
      const longest = at(a.length - 1, b.length - 1);
      const found = marked(a.join(' '), b.join(' '));
      const share = (2 * longest) / (a.length + b.length);
      if (found === null) expect(share).toBeLessThan(1 / 3 + 1e-9);
      else {
        const count = (spans: string[]) => spans.join(' ').split(' ').filter(Boolean).length;
        expect(a.length - count(found.left)).toBe(longest);
        expect(b.length - count(found.right)).toBe(longest);
      }
    }
  });

  test('5,000 words a side are compared too, or found to have nothing in common', () => {
    const words = Array.from({ length: 5_000 }, (_, n) => `w${n % 997}`);
    const [left, alike] = [words.join(' '), words.with(77, 'x').with(3_000, 'y').join(' ')];
    const other = words.map((word) => `${word}z`).join(' ');
    expect(difference(left, alike)?.right).toHaveLength(2);
    expect(difference(left, other)).toBeNull();
  });
});

describe('a side', () => {
  test('rows carry the marks of what differs, across a wrap', () => {
    const pair = shownPair('p', 'one two three four five six', 'one two THREE FOUR FIVE six');
    const side = sideText(pair, 'left', 14);
    const rows = side.rows.map((_, index) => sideRow(side, index));
    expect(text(rows)).toBe('one two three\nfour five six');
    expect(rows.map((row) => row.filter(({ tone }) => tone === 'differs').map((segment) => segment.text))).toEqual([
      ['three'],
      ['four five'],
    ]);
  });

  test('says what is empty, what ends, and how much is left out', () => {
    const whole = (pair: ShownPair, place: 'left' | 'right') => sideText(pair, place, 40).text;
    const pair = shownPair('p', '', 'x'.repeat(200_100));
    expect(whole(pair, 'left')).toBe('(says nothing)');
    expect(whole(pair, 'right')).toMatch(/… 100 more characters$/);
    const ended = shownPair('p', 'bye', '');
    const ends = { ...ended, left: { ...ended.left, end: true }, right: { ...ended.right, end: true } };
    expect([whole(ends, 'left'), whole(ends, 'right')]).toEqual([
      'bye\n(ends the session here)',
      '(ends the session here)',
    ]);
  });

  test('the history begins with what the simulator knew', () => {
    expect(historyItems(shownPair('p', 'a', 'b')).map(({ name, text: said }) => `${name} ${said}`)).toEqual([
      'ctx Why you came: lost a job',
      'user hi',
      'bot What brings you here?',
    ]);
  });
});

describe('layout', () => {
  const sizes = [60, 80, 99, 100, 120, 160, 200].flatMap((columns) =>
    [16, 20, 24, 36, 50, 60].map((rows) => [columns, rows] as const),
  );

  test.each(sizes)('%i x %i: panes fill the body, each has a row of text', (columns, rows) => {
    for (const words of [3, 60, 5_000]) {
      for (const warnings of [0, 1, 9]) {
        const warning = { code: 'length', place: 'left', text: '24 words against 5' } as const;
        const pair = shownPair('p', 'word '.repeat(words), 'other', { warnings: Array(warnings).fill(warning) });
        const regions = layout(columns, rows) as Regions;
        const panes = reviewPanes(pair, regions);
        const { history, left, right } = panes;
        const sides = panes.wide ? left.height : left.height + right.height;
        expect(panes.wide).toBe(columns >= 100);
        expect(2 + history.height + sides + panes.remarks + regions.status.height).toBe(regions.body.height);
        for (const pane of [history, left, right]) expect(pane.height).toBeGreaterThanOrEqual(3);
        expect(panes.wide ? left.width + right.width : left.width).toBe(columns);
      }
    }
  });

  test('sides stand in the same rows whatever short texts they hold', () => {
    const regions = layout(80, 24) as Regions;
    const of = (left: string) => reviewPanes(shownPair('p', left, 'other'), regions);
    expect(of('one')).toEqual(of('a somewhat longer turn that is still short, of twenty words or so, as people write'));
    expect(of('word '.repeat(300)).left.height).toBeGreaterThan(of('one').left.height);
  });
});

describe('the reducer', () => {
  const open = (options = OPTIONS): AppState => {
    const state = initialState({ columns: 80, rows: 24 }, { user: 'model', assistant: 'human' }, null);
    return { ...state, screen: 'review', review: newReview(options) };
  };
  const play = (events: readonly ReviewEvent[], from = open()) => events.reduce(reduceReview, from);

  test('another pair begins at its newest turn and its first row; the same one stays where it was', () => {
    const pair = shownPair('p1', 'a', 'b');
    const at = play([{ type: 'pair', pair, options: OPTIONS }]);
    expect(at.review).toMatchObject({ loading: false, pair });
    const scrolled: AppState = { ...at, review: { ...(at.review as ReviewUi), top: 4 } };
    const again = play([{ type: 'pair', pair: { ...pair, note: 'odd' }, options: OPTIONS }], scrolled);
    expect(again.review).toMatchObject({ top: 4, pair: { note: 'odd' } });
    const next = play([{ type: 'pair', pair: shownPair('p2', 'a', 'b'), options: OPTIONS }], scrolled);
    expect(next.review).toMatchObject({ top: 0, history: { anchor: null } });
  });

  test('a pair whose sides were put elsewhere must be seen again', () => {
    const pair = shownPair('p1', 'a', 'b');
    const key = (of: ShownPair) => pairKey({ ...newReview(OPTIONS), pair: of });
    expect(key(pair)).not.toBe(key({ ...pair, blind: true }));
    expect(key(pair)).toBe(key({ ...pair, swapped: true }));
    expect(pairKey(newReview(OPTIONS))).toBeNull();
  });

  test('tells what was done; blind, not whether D agrees', () => {
    const said = (event: ReviewEvent) => play([event]).message?.text;
    const decided = (more: Parameters<typeof makeDecision>[2] = {}) =>
      said({
        ...{ type: 'decided', set: 'a', label: 'chosen', agreesWithD: true },
        decision: makeDecision('p', more.blind?.picked === 'none' ? 'reject' : 'approve', more),
      });
    expect(decided()).toBe('approved; u takes it back');
    expect(decided({ blind: { left: 'chosen', picked: 'left' } })).toBe('left picked; u takes it back');
    expect(decided({ blind: { left: 'chosen', picked: 'none' } })).toBe('none picked: rejected; u takes it back');
    expect(said({ type: 'amended', set: 'a', decision: makeDecision('p', 'amend', { note: '' }) })).toBe(
      'the note is gone',
    );
    expect(said({ type: 'refused', reason: 'no' })).toBe('no');
    expect(said({ type: 'error', error: new FoilError('x', 'broken', { remedy: 'mend it' }) })).toContain('mend it');
  });

  test('blind, agreement is told every ten picks', () => {
    const options = { ...OPTIONS, blind: true };
    const stats = (n: number): ReviewEvent => ({
      type: 'stats',
      stats: { ...STATS, blindAgreement: { n, agree: n, share: 1, interval: { low: 0, high: 1 }, none: 0 } },
    });
    const shown = (events: ReviewEvent[]) => text([countsRow(play(events, open(options)).review as ReviewUi, 80)]);
    expect(shown([stats(3), stats(4), stats(9)])).toContain('D agrees 100% of 3');
    expect(shown([stats(3), stats(10), stats(11)])).toContain('D agrees 100% of 10');
  });
});

describe('what is always in view', () => {
  test('fits 80 columns with five digits of everything', () => {
    const agreement = { n: 15_000, agree: 11_000, share: 0.733, interval: { low: 0.72, high: 0.74 }, none: 0 };
    const stats = {
      ...{ ...STATS, done: 19_999, of: 20_000, approved: 11_000, rejected: 5_000, skipped: 3_999, agreement },
      pace: { perMinute: 12.3, medianSeconds: 3 },
    };
    const row = text([countsRow({ ...newReview(OPTIONS), stats }, 80)]);
    expect(row).toBe(' 19999 of 20000 done · ✓ 11000 ✗ 5000 ↷ 3999 · 12.3/min · D agrees 73% of 15000');
    expect(row.length).toBeLessThanOrEqual(80);
    expect(text([countsRow({ ...newReview(OPTIONS), stats }, 120)])).toContain('11000 approved 5000 rejected');
  });

  test('more remarks than rows say so, and stand in the statistics', () => {
    const warnings = ['length', 'copied', 'pii', 'escapes'].map((code) => ({ code, place: 'left', text: 'odd' }));
    const pair = shownPair('p', 'a', 'b', { warnings: warnings as never, note: 'my note' });
    expect(text(remarks(pair, 80, 3))).toMatch(/length \(chosen\): odd\n.*copied.*\n.*3 more rows of remarks: g/);
    const all = text(statisticsRows({ ...newReview(OPTIONS), stats: STATS, pair }, 80));
    expect(all).toMatch(/escapes[\s\S]*note: my note/);
  });

  test('says why there is nothing to show', () => {
    const review = newReview(OPTIONS);
    const none = { ...review, loading: false, stats: STATS };
    expect(emptyText(review)).toContain('reading');
    expect(emptyText(none)).toContain('foil mine');
    expect(emptyText({ ...none, stats: { ...STATS, approved: 3 } })).toMatch(/No pair matches: 3/);
    expect(emptyText({ ...none, stats: { ...STATS, approved: 3, of: 3, done: 3 } })).toContain('end of the queue');
    const narrow = { ...OPTIONS, filter: { ...OPTIONS.filter, sets: ['empty'] } };
    expect(emptyText({ ...none, options: narrow })).toContain('No pair matches');
    expect(emptyText({ ...none, failed: new FoilError('x', 'torn', { remedy: 'mend' }) })).toMatch(/torn[\s\S]*mend/);
  });
});

describe('options', () => {
  const sets = [{ name: 'it1', pairs: 9, approved: 1, rejected: 1, pending: 7, reviewers: ['bo', 'rule:auto'] }];
  const take = (choice: Parameters<typeof takeChoice>[0], value: string, options = OPTIONS) =>
    takeChoice(choice, value, options, () => 42);

  test('each row of each list can be taken', () => {
    for (const choice of ['filter', 'decided', 'sets', 'kinds', 'warnings', 'order', 'pass'] as const) {
      for (const { value } of choiceRows(choice, OPTIONS, sets)) expect(take(choice, value), value).not.toBeNull();
    }
  });

  test('several sets, kinds and warnings; all; none', () => {
    expect(take('sets', 'it1, manual')).toEqual({
      change: { filter: { decided: 'pending', sets: ['it1', 'manual'] } },
    });
    expect(take('sets', 'all')).toEqual({ change: { filter: { decided: 'pending', sets: undefined } } });
    expect(take('kinds', 'lowest, manual')).toMatchObject({ change: { filter: { kinds: ['lowest', 'manual'] } } });
    expect(take('warnings', 'none')).toMatchObject({ change: { filter: { warnings: [] } } });
    expect(take('warnings', 'pii, length')).toMatchObject({ change: { filter: { warnings: ['length', 'pii'] } } });
  });

  test('a random order is another one each time; reviewers are persons', () => {
    expect(take('order', 'random')).toEqual({ change: { order: 'random', seed: 42 } });
    expect(take('pass', 'pass 2')).toEqual({ change: { pass: 2 } });
    expect(take('pass', 'reviewer bo', { ...OPTIONS, pass: 2 })).toEqual({ change: { reviewer: 'bo', pass: 1 } });
    expect(take('pass', 'another reviewer')).toEqual({ ask: 'reviewer' });
    const names = choiceRows('pass', OPTIONS, sets).map(({ value }) => value);
    expect(names).toEqual(['pass 1', 'pass 2', 'reviewer anna', 'reviewer bo', 'another reviewer']);
  });
});
