import { expect, test } from 'vitest';
import { differenceOf } from '../../../src/core/evaluate/judges/shortcuts/accuracy.ts';
import { evenPrefixes, halves, pairsOf } from '../../../src/core/evaluate/judges/shortcuts/pairs.ts';
import { SHORTCUT_DEFAULTS, shortcutExhibits } from '../../../src/core/evaluate/judges/shortcuts/shortcuts.ts';
import type { Source } from '../../../src/core/evaluate/source.ts';
import type { Estimate, Table } from '../../../src/core/evaluate/table.ts';
import { generator } from '../../../src/core/metrics/bootstrap.ts';
import { firstWords } from '../../../src/core/metrics/lexical.ts';
import type { Session } from '../../../src/core/session/schema.ts';
import { makeSession } from '../../fixtures/make.ts';

const WORDS = 'so my boss said that work is hard and I do not know what to do about it any more today'.split(' ');
const random = generator(2);
const some = (count: number) =>
  Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ');

interface Style {
  readonly user?: (text: string) => string;
  readonly bot?: string;
  readonly words?: number;
}

/** A session of 3 user turns of random words. */
function session(id: string, style: Style = {}, of?: string): Session {
  const user = () => (style.user ?? ((text: string) => text))(some(style.words ?? 12));
  const bot = () => `${some(6)} ${style.bot ?? ''}`;
  const z = [1, 2, 3].map((value) => (of === undefined ? value : -value));
  return makeSession(id, [user(), bot(), user(), bot(), user()], {
    meta: of === undefined ? {} : { context_of: of },
    scores: { d0: { z: of === undefined ? [-1, 2, 3] : z, logit_p0: 0, template: 't', engine: 'e' } },
  });
}

const COUNT = 40;
const real: Source = {
  ...{ name: 'real', kind: 'real', corpus: 'people' },
  sessions: Array.from({ length: COUNT }, (_, at) => session(`r${at}`)),
};
const simulated = (style: Style): Source => ({
  ...{ name: 'it0', kind: 'simulated', corpus: 'c0' },
  sessions: Array.from({ length: COUNT }, (_, at) => session(`s${at}`, style, `r${at}`)),
});

const OPTIONS = { draws: 100, seed: 3, ...SHORTCUT_DEFAULTS, shuffles: 8, halvings: 4 };

function tablesOf(sources: readonly Source[], people = real): Table[] {
  const made = shortcutExhibits([{ name: 'd0', own: 'it0' }], people, sources, OPTIONS);
  let step = made.next();
  while (!step.done) step = made.next();
  return step.value.flatMap((exhibit) => (exhibit.type === 'table' ? [exhibit] : []));
}
function tableOf(source: Source, people = real): Table {
  const [table] = tablesOf([source], people);
  if (!table) throw new Error('no table');
  return table;
}
const cell = (table: Table, key: string, place: string) => {
  const found = table.rows.find((row) => row.key === key);
  if (!found) throw new Error(`no row ${key}`);
  return found.cells[place] as Estimate;
};
const value = (table: Table, key: string, place: string) => cell(table, key, place).value as number;

test('a word that only a simulator says is found by the bag alone, and the bands stay at chance', () => {
  const table = tableOf(simulated({ user: (text) => `${text} appreciate` }));
  expect(value(table, 'it0, equal turns, bag of words', 'last')).toBeGreaterThan(0.9);
  expect(value(table, 'it0, equal turns, bag of words', 't1')).toBeGreaterThan(0.65);
  expect(value(table, 'it0, equal turns, chatbot turns only', 'last')).toBeLessThan(0.75);
  expect(value(table, 'it0, equal turns, punctuation and case', 'last')).toBeLessThan(0.75);
  for (const key of ['it0, equal turns, bag of words, labels shuffled', 'real, equal turns']) {
    const { low, high } = cell(table, key, 'last');
    expect(low).toBeLessThan(0.55);
    expect(high).toBeGreaterThan(0.45);
    expect(high).toBeLessThan(0.8);
  }
  // 40 contexts, both sides; no session has ten user turns
  expect(cell(table, 'it0, equal turns, bag of words', 'last').n).toBe(2 * COUNT);
  expect(cell(table, 'it0, equal turns, bag of words', 'all').n).toBe(6 * COUNT);
  expect(cell(table, 'it0, equal turns, bag of words', 't10')).toBeNull();
});

test('length is found at equal turns, and is gone at equal words', () => {
  const table = tableOf(simulated({ words: 5 }));
  expect(value(table, 'it0, equal turns, length', 'last')).toBeGreaterThan(0.95);
  expect(value(table, 'it0, equal words, length', 't1')).toBeLessThan(0.75);
});

test('marks and case, and a chatbot that differs, each have a judge of their own', () => {
  const shouting = tableOf(simulated({ user: (text) => `${text.toUpperCase()}!` }));
  expect(value(shouting, 'it0, equal turns, punctuation and case', 'last')).toBeGreaterThan(0.95);
  const chatty = tableOf(simulated({ bot: 'certainly' }));
  expect(value(chatty, 'it0, equal turns, chatbot turns only', 'last')).toBeGreaterThan(0.95);
  expect(value(chatty, 'it0, equal turns, bag of words', 'last')).toBeLessThan(0.75);
  // nobody but the user has spoken at turn 1
  expect(cell(chatty, 'it0, equal turns, chatbot turns only', 't1')).toBeNull();
});

test('a discriminator stands beside them on the same pairs', () => {
  const table = tableOf(simulated({}));
  // at turn 1 it calls all simulated, of which half are
  expect(value(table, 'it0, equal turns, d0', 't1')).toBe(0.5);
  expect(cell(table, 'it0, equal turns, d0', 'all')).toMatchObject({ value: 5 / 6, n: 6 * COUNT });
  expect(value(table, 'it0, equal turns, d0', 'last')).toBe(1);
});

test('every estimate is the same for the same seed', () => {
  const source = simulated({ words: 9 });
  expect(tableOf(source)).toEqual(tableOf(source));
});

test('both sides of a pair are cut to the same turns, then to the same words', () => {
  const pair = {
    context: 'c',
    real: makeSession('a', ['one, two three', 'Yes?', 'four FIVE six!', 'Go on', 'seven']),
    simulated: makeSession('b', ['uh', 'Well.', "I don't know, really", 'Hm']),
  };
  const [even] = evenPrefixes(pair, 'last', 'turns', 'user');
  expect(even).toMatchObject({
    t: 2,
    real: ['one, two three', 'four FIVE six!'],
    simulated: ['uh', "I don't know, really"],
  });
  const [words] = evenPrefixes(pair, 'last', 'words', 'user');
  expect(words).toMatchObject({ real: ['one, two three', 'four FIVE'], simulated: ['uh', "I don't know, really"] });
  expect(evenPrefixes(pair, 'all', 'words', 'user').map(({ real: texts }) => texts)).toEqual([
    ['one'],
    ['one, two three', 'four FIVE'],
  ]);
  expect(evenPrefixes(pair, 't5', 'turns', 'user')).toEqual([]);
  expect(evenPrefixes(pair, 'last', 'turns', 'assistant')).toMatchObject([{ real: ['Yes?'], simulated: ['Well.'] }]);
  expect(firstWords("a, b's (c) d", 3)).toEqual({ text: "a, b's (c", words: 3 });
  expect(firstWords('a b!', 5)).toEqual({ text: 'a b!', words: 2 });
});

test('pairs share a context where they can, and halves of people never do', () => {
  const some_ = simulated({});
  expect(pairsOf(real, some_, 1).every(({ real: a, simulated: b }) => b.meta['context_of'] === a.id)).toBe(true);
  const apart = { ...some_, sessions: some_.sessions.map((one) => ({ ...one, meta: {} })) };
  expect(pairsOf(real, apart, 1)).toHaveLength(COUNT);
  const both = halves(real.sessions, 4).flatMap(({ real: a, simulated: b }) => [a.id, b.id]);
  expect(new Set(both).size).toBe(COUNT);
});

test('a simulator that gives itself away less often is harder, for the judge that sees it and on the same contexts', () => {
  const it0 = simulated({ user: (text) => `${text} appreciate` });
  const seldom = it0.sessions.map((_, at) =>
    session(`m${at}`, at % 4 === 0 ? { user: (text) => `${text} appreciate` } : {}, `r${at}`),
  );
  const it1: Source = { ...it0, name: 'it1', corpus: 'c1', sessions: seldom };
  const [, harder] = tablesOf([it0, it1]);
  if (!harder) throw new Error('no second table');
  const bag = cell(harder, 'it1, equal turns, bag of words', 'last');
  expect(bag.high).toBeLessThan(-0.1);
  expect(cell(harder, 'it1, equal turns, length', 'last')).toMatchObject({ n: 2 * COUNT });
  // d0 has the same scores for both
  expect(cell(harder, 'it1, equal turns, d0', 'last')).toMatchObject({ value: 0, low: 0, high: 0 });
  expect(harder.rows.map(({ group }) => group)).not.toContain(null);
  expect(tablesOf([it0])).toHaveLength(1);
});

test('only contexts that both simulators have are compared', () => {
  const right = (contexts: readonly string[], rightly: boolean) =>
    contexts.map((context) => ({ right: rightly, context }));
  const first = [...right(['a', 'b'], true), ...right(['c'], false)];
  const later = [...right(['a'], false), ...right(['b'], true), ...right(['d', 'e'], false)];
  expect(differenceOf(later, first, { draws: 200, seed: 1 })).toMatchObject({ value: -0.5, low: -1, high: 0, n: 2 });
  expect(differenceOf(right(['d'], true), first, { draws: 200, seed: 1 })).toBeNull();
});
