import { expect, test } from 'vitest';
import { rareExhibit } from '../../../src/core/evaluate/behaviour/rare.ts';
import { memorisationExhibits } from '../../../src/core/evaluate/language/memorisation.ts';
import type { Source } from '../../../src/core/evaluate/source.ts';
import type { Estimate } from '../../../src/core/evaluate/table.ts';
import { NearestWords } from '../../../src/core/metrics/nearest-words.ts';
import { makeSession } from '../../fixtures/make.ts';

const OPTIONS = { draws: 50, seed: 1, run: 4, words: 6 };
const TRAINING = [
  makeSession('t1', ['my boss shouts at me every day', 'Oh', 'i cannot take it any longer']),
  makeSession('t2', ['the dog is ill and i am sad', 'Oh', 'he is old']),
];
const real: Source = {
  ...{ name: 'real', kind: 'real', corpus: 'people' },
  sessions: [
    makeSession('r1', ['exam tomorrow and nothing is learnt yet', 'Oh', 'the dog ate it']),
    TRAINING[1] as never,
  ],
};
const parrot: Source = {
  ...{ name: 'parrot', kind: 'simulated', corpus: 'p' },
  sessions: [
    makeSession('p1', ['My boss shouts at me every day!', 'Oh', 'no'], { meta: { context_of: 'r1' } }),
    makeSession('p2', ['short'], { meta: { context_of: 't2' } }),
  ],
};

test('runs and nearest training users, with people as the reference', () => {
  const [table, runs] = memorisationExhibits(TRAINING, real, [parrot], OPTIONS);
  if (table?.type !== 'table' || runs?.type !== 'table') throw new Error('no table');
  const [people, machine] = table.rows.map(({ cells }) => cells as Record<string, Estimate>);
  // t2 finds its own runs again; its likeness is that with the others
  expect(people?.['runs']?.value).toBe(1 / 4);
  expect(people?.['nearest']?.value).toBeLessThan(0.2);
  expect(machine?.['runs']).toMatchObject({ value: expect.closeTo(1 / 3), n: 3 });
  expect(machine?.['sessions']?.value).toBe(1 / 2);
  expect(machine?.['nearest']).toMatchObject({ value: 1, n: 1 });
  expect(machine?.['above']?.value).toBe(1);
  expect(table.rows[1]?.behind).toEqual([{ corpus: 'p', sessions: ['p1'] }]);
  expect(table.notes.join(' ')).toContain('1 real sessions are themselves training sessions');
  expect(runs.rows.find(({ key }) => key === 'my boss shouts at')?.cells).toEqual({ real: 0, parrot: 1 });
});

test('the nearest text by its set of words, but not an excepted one', () => {
  const near = new NearestWords();
  near.add('a', 'one two three');
  near.add('b', 'one two four five');
  expect(near.nearest('Two one!')).toEqual({ id: 'a', similarity: 2 / 3 });
  expect(near.nearest('Two one!', new Set(['a']))).toEqual({ id: 'b', similarity: 2 / 4 });
  expect(near.nearest('...')).toBeNull();
  expect(new NearestWords().nearest('one')).toBeNull();
});

test('rare behaviours: seen, rarer, never, and not seen by chance', () => {
  const row = (key: string, ...counts: [number, number][]) => ({
    ...{ key, title: key, group: null, behind: [] },
    counts: counts.map(([k, n]) => ({ k, n })),
  });
  const exhibit = rareExhibit(
    'rare-actions',
    'Rare actions',
    ['real', 'a', 'b'],
    [
      row('common', [500, 1000], [1, 1000], [1, 1000]),
      row('absent', [0, 1000], [10, 1000], [0, 1000]),
      row('insults', [10, 1000], [0, 1000], [0, 20]),
      row('jokes', [40, 1000], [5, 1000], [45, 1000]),
      row('thanks', [20, 1000], [90, 1000], [0, 0]),
    ],
    'user turns',
    ['by rules'],
  );
  if (exhibit.type !== 'table') throw new Error('no table');
  expect(exhibit.rows.map(({ key }) => key)).toEqual(['jokes', 'thanks', 'insults']);
  expect(exhibit.rows.map(({ cells }) => [cells['a verdict'], cells['b verdict']])).toEqual([
    ['rarer', 'alike'],
    ['commoner', null],
    ['never', 'not seen, which may be chance'],
  ]);
  // scipy.stats.binomtest(0, 1000).proportion_ci(method='exact')
  expect(exhibit.rows[2]?.cells['a']).toMatchObject({
    value: 0,
    low: 0,
    high: expect.closeTo(0.0036820836, 8),
    n: 1000,
  });
  expect(exhibit.rows[1]?.cells['b']).toBeNull();
  expect(exhibit.notes).toContain('a shows 2 of 3; as many user turns of real users would show 3.0.');
});
