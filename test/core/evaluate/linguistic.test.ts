import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { linguisticExhibits } from '../../../src/core/evaluate/language/linguistic.ts';
import { type Source, sameContexts } from '../../../src/core/evaluate/source.ts';
import { spreads } from '../../../src/core/evaluate/spread.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { diversityAt, lexicalFeatures, summarise } from '../../../src/core/metrics/lexical.ts';
import { sessionSchema } from '../../../src/core/session/schema.ts';
import { makeSession } from '../../fixtures/make.ts';

const DRAWS = { draws: 200, seed: 1 };
const real = ['one two three four five six', 'one one two two three', 'what a day it was today'].map((text, at) =>
  makeSession(`r${at}`, [text, 'Mhm.', 'so it goes']),
);
const simulated = real.flatMap(({ id }) =>
  [1, 2].map((k) => makeSession(`s.${id}.${k}`, ['yes yes yes yes', 'Mhm.', 'yes no'], { meta: { context_of: id } })),
);
const sources: Source[] = [
  { name: 'real', kind: 'real', corpus: 'people', sessions: real, paper: 'Real Users' },
  { name: 'it0', kind: 'simulated', corpus: 'it0-c', sessions: simulated },
];

const tableOf = (exhibits: readonly Exhibit[], id: string) => {
  const found = exhibits.find((exhibit) => exhibit.id === id);
  if (found?.type !== 'table') throw new Error(`no table ${id}`);
  return found;
};
const cell = (exhibits: readonly Exhibit[], id: string, row: number, column: string) =>
  tableOf(exhibits, id).rows[row]?.cells[column] as Estimate;

test('Table 1 has mean, median and sd over sessions, with intervals, and the paper beside', () => {
  const exhibits = linguisticExhibits(sources, DRAWS);
  const ttr = summarise(real.map((session) => lexicalFeatures(session)?.ttr ?? Number.NaN));
  expect(cell(exhibits, 'linguistic-features', 0, 'ttr').value).toBeCloseTo(ttr.mean, 12);
  expect(cell(exhibits, 'linguistic-features', 0, 'ttr_median').value).toBeCloseTo(ttr.median, 12);
  expect(cell(exhibits, 'linguistic-features', 0, 'ttr_sd').value).toBeCloseTo(ttr.sd, 12);
  expect(cell(exhibits, 'linguistic-features', 0, 'ttr').low).toBeLessThan(ttr.mean);
  // all simulated sessions are alike, so that nothing varies
  expect(cell(exhibits, 'linguistic-features', 1, 'ttr')).toEqual({ value: 2 / 6, low: 2 / 6, high: 2 / 6, n: 6 });
  const [people, it0] = tableOf(exhibits, 'linguistic-features').rows;
  expect([people?.reported, it0?.reported]).toEqual([{ entropy: 6.6, ttr: 0.483, bigrams: 0.861 }, null]);
  expect(it0?.behind).toEqual([{ corpus: 'it0-c', sessions: simulated.map(({ id }) => id) }]);
  for (const exhibit of exhibits) for (const note of exhibit.notes) expect(note).not.toContain('undefined');
});

test('at equal words each context is read as far as its shortest session', () => {
  const exhibits = linguisticExhibits(sources, DRAWS);
  expect(cell(exhibits, 'linguistic-features-even', 0, 'words')).toBe(6);
  // six words of each: 6 types, 4 of "one one two two three so", 6
  expect(cell(exhibits, 'linguistic-features-even', 0, 'ttr').value).toBeCloseTo((1 + 4 / 6 + 1) / 3, 12);
  expect(cell(exhibits, 'linguistic-features-even', 1, 'ttr').value).toBeCloseTo(2 / 6, 12);
  const apart = [
    sources[0] as Source,
    { ...(sources[1] as Source), sessions: [makeSession('x', ['a b', 'c', 'd e f g'])] },
  ];
  const other = tableOf(linguisticExhibits(apart, DRAWS), 'linguistic-features-even');
  expect(other.notes[0]).toContain('No context is common to all: the first 8 words');
  expect(other.rows.map((row) => row.cells['n'])).toEqual([3, 0]);
});

test('a source without words has nulls and no interval, and no session counts as one', () => {
  const empty: Source = { name: 'mute', kind: 'simulated', corpus: 'm', sessions: [makeSession('m', ['...'])] };
  const [people] = sources;
  const row = tableOf(linguisticExhibits([people as Source, empty], DRAWS), 'linguistic-features').rows[1];
  expect(row?.cells).toMatchObject({ n: 0, ttr: null, ttr_sd: null });
});

test('weighted spreads are those of the list that was drawn', () => {
  const values = [4, 1, 1, 9, 2, 7, 7, 3].map((value, at) => ({ value, context: `c${at % 5}` }));
  const [[mean, median, sd] = []] = spreads(values, [({ value }) => value], { draws: 50, seed: 2 });
  const plain = summarise(values.map(({ value }) => value));
  expect(mean?.value).toBeCloseTo(plain.mean, 12);
  expect(median?.value).toBe(plain.median);
  expect(sd?.value).toBeCloseTo(plain.sd, 12);
  expect(spreads([], [() => 1], DRAWS)).toEqual([]);
});

test('diversity at several lengths is that of the cut text', () => {
  const turns = [['a', 'b', 'a'], [], ['b', 'a', 'c', 'd'], ['a']];
  const cut = (words: number) => {
    const texts: string[] = [];
    let left = words;
    for (const turn of turns) {
      texts.push(turn.slice(0, left).join(' '), 'ok');
      left -= Math.min(left, turn.length);
    }
    const { entropy, ttr, bigramDiversity } = lexicalFeatures(makeSession('x', texts)) ?? {};
    return { entropy, ttr, bigramDiversity };
  };
  const at = diversityAt(turns, [1, 2, 3, 5, 8, 9]);
  for (const [place, words] of [1, 2, 3, 5, 8].entries()) expect(at[place]).toEqual(cut(words));
  expect(at[5]).toBeNull();
});

test('the same contexts on all sides; sources that share none stay whole', () => {
  const some = { ...(sources[1] as Source), sessions: simulated.slice(0, 3) };
  const { sources: kept, contexts } = sameContexts([sources[0] as Source, some]);
  expect(contexts).toEqual(['r0', 'r1']);
  expect(kept.map(({ sessions }) => sessions.length)).toEqual([2, 3]);
  const apart = sameContexts([sources[0] as Source, { ...some, sessions: [makeSession('z')] }]);
  expect(apart.contexts).toEqual([]);
  expect(apart.sources[0]?.sessions).toHaveLength(3);
});

test('of sessions of a file that others wrote, every figure is finite', () => {
  const lines = readFileSync(new URL('../../../sessions/sample.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const sessions = lines.map((line) => sessionSchema.parse(JSON.parse(line)));
  const exhibits = linguisticExhibits([{ name: 'sample', kind: 'real', corpus: 'sample', sessions }], DRAWS);
  const { cells } = tableOf(exhibits, 'linguistic-features').rows[0] ?? { cells: {} };
  for (const [key, value] of Object.entries(cells)) {
    if (key !== 'n') expect(Number.isFinite((value as Estimate).value)).toBe(true);
  }
});
