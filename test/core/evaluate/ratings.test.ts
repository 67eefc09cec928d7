import { expect, test } from 'vitest';
import { pOf, type RatedSession, ratingExhibits } from '../../../src/core/evaluate/behaviour/ratings.ts';
import type { Exhibit, TableRow } from '../../../src/core/evaluate/table.ts';
import { kendall, pearson, spearman } from '../../../src/core/metrics/correlation.ts';

const DRAWS = { draws: 200, seed: 3 };

/** Ten people who each talk to every chatbot; `marked` of 5 messages, and a rating that wobbles with the person. */
function sessionsOf(chatbots: Record<string, readonly [marked: number, rating: number]>): RatedSession[] {
  return Object.entries(chatbots).flatMap(([chatbot, [marked, rating]]) =>
    Array.from({ length: 10 }, (_, at) => ({
      ...{ id: `${chatbot}-${at}`, corpus: 'c', chatbot, person: `p${at}`, messages: 5, marked },
      // one person rated nothing
      outcomes: at === 9 ? {} : { rating: rating + (at % 3) - 1 },
    })),
  );
}

function rowsOf(exhibit: Exhibit | undefined): readonly TableRow[] {
  if (exhibit?.type !== 'table') throw new Error('no table');
  return exhibit.rows;
}

test('orders chatbots by issue rate beside what people said, and says aloud how little four can show', () => {
  const sessions = sessionsOf({ a: [1, 4], b: [2, 3], c: [3, 2], d: [4, 1] });
  const [chatbots, correlations] = ratingExhibits(sessions, ['rating'], ['by hand'], DRAWS);
  expect(rowsOf(chatbots).map(({ key, cells }) => [key, cells['rate_rank'], cells['rating_rank']])).toEqual([
    ['d', 1, 4],
    ['c', 2, 3],
    ['b', 3, 2],
    ['a', 4, 1],
  ]);
  expect(rowsOf(chatbots)[0]?.cells).toMatchObject({ rate: { value: 0.8, n: 50 }, rating: { value: 1, n: 9 } });
  const [row] = rowsOf(correlations);
  expect(row?.cells).toMatchObject({ n: 4, spearman: { value: -1 }, spearman_p: 2 / 24, kendall_p: 2 / 24 });
  expect(correlations?.notes[0]).toMatch(/^n = 4 chatbots.*all 24 orders.*0\.083.*decides nothing/u);
  expect(row?.behind).toEqual([{ corpus: 'c', sessions: sessions.map(({ id }) => id) }]);
});

test('people are drawn whole: what one says of all chatbots moves the order of none', () => {
  const generous = sessionsOf({ a: [1, 2], b: [2, 3], c: [3, 4] }).map((session) => {
    const more = 50 * Number(session.person.slice(1));
    const { rating } = session.outcomes;
    return { ...session, outcomes: rating === undefined ? {} : { rating: rating + more } };
  });
  const [row] = rowsOf(ratingExhibits(generous, ['rating'], [], DRAWS)[1]);
  expect(row?.cells['spearman']).toMatchObject({ value: 1, low: 1, high: 1 });
});

test('p is the share of orders that are as far from 0, and that of the coefficient with many chatbots', () => {
  const x = [1, 2, 3, 4, 5];
  expect(spearman(x, [2, 1, 4, 3, 5]).value).toBeCloseTo(0.8, 12);
  expect(pOf(spearman, x, [2, 1, 4, 3, 5])).toBeCloseTo(16 / 120, 12);
  expect(pOf(kendall, x, [2, 1, 4, 3, 5])).toBeCloseTo(kendall(x, [2, 1, 4, 3, 5]).p ?? Number.NaN, 12);
  expect(pOf(pearson, x, [3, 3, 3, 3, 3])).toBeNull();
  const many = Array.from({ length: 9 }, (_, at) => at);
  const other = many.map((value) => (value * 4) % 9);
  expect(pOf(spearman, many, other)).toBe(spearman(many, other).p);
});
