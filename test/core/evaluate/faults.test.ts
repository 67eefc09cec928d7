import { expect, test } from 'vitest';
import { agreementOf } from '../../../src/core/evaluate/prediction/agreement.ts';
import type { Measured } from '../../../src/core/evaluate/prediction/compared.ts';
import { faultExhibits, faultsIn, type MadeChatbot } from '../../../src/core/evaluate/prediction/faults.ts';
import type { RatedSource } from '../../../src/core/evaluate/prediction/rates.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { pearson } from '../../../src/core/metrics/correlation.ts';

const DRAWS = { draws: 500, seed: 1 };
const ISSUES: Measured = { id: 'issue', title: 'issue rate', format: 'rate', notes: ['by rules'] };
const MADE: MadeChatbot[] = [
  { chatbot: 'm', model: 'm', broken: false, about: null },
  { chatbot: 'm-calm', model: 'm', broken: false, about: 'less varied' },
  { chatbot: 'echo', model: 'm', broken: true, about: 'says it again' },
  { chatbot: 'deaf', model: 'm', broken: true, about: 'hears nothing' },
];

/** Messages with an issue among 10, by chatbot, of one session a context. */
function talked(name: string, issues: Readonly<Record<string, readonly number[]>>): RatedSource {
  return {
    name,
    chatbots: Object.entries(issues).map(([chatbot, counts]) => ({
      chatbot,
      sessions: counts.map((k, at) => ({ context: `c${at}`, k, n: 10 })),
      behind: [{ corpus: name, sessions: counts.map((_, at) => `${chatbot}.${at}`) }],
    })),
  };
}

const SHARP = talked('sharp', { m: [1, 0, 1, 2], 'm-calm': [4, 4, 3, 5], echo: [9, 8, 9, 10], deaf: [3, 2, 3, 4] });
const BLUNT = talked('blunt', { m: [3, 1, 4, 0], 'm-calm': [4, 4, 3, 5], echo: [3, 1, 4, 0], deaf: [0, 4, 1, 3] });

function table(exhibits: readonly Exhibit[], id: string) {
  const found = exhibits.find((exhibit) => exhibit.id === id);
  if (found?.type !== 'table') throw new Error(`no table ${id}`);
  return found;
}
const cell = (exhibit: ReturnType<typeof table>, row: string, column: string) =>
  exhibit.rows.find(({ key }) => key === row)?.cells[column] as Estimate;

test('a broken chatbot is compared with the model as it is, over the same contexts', () => {
  const faults = table(faultExhibits(ISSUES, MADE, [SHARP, BLUNT], DRAWS), 'faults');
  expect(faults.rows.map(({ key, group }) => [group, key])).toEqual([
    ['working', 'm-calm'],
    ['working', 'm'],
    ['broken', 'echo'],
    ['broken', 'deaf'],
  ]);
  expect(cell(faults, 'echo', 'sharp')).toMatchObject({ value: 0.9, n: 4 });
  expect(cell(faults, 'echo', 'sharp more').value).toBeCloseTo(0.8, 12);
  // two more in every context, so that whichever are drawn the difference is the same
  const { value, low, high } = cell(faults, 'deaf', 'sharp more');
  expect([value, low, high].map((one) => one?.toFixed(12))).toEqual([
    '0.200000000000',
    '0.200000000000',
    '0.200000000000',
  ]);
  // not so for rates by themselves
  expect(cell(faults, 'deaf', 'sharp').low).toBeLessThan(0.3);
  expect(cell(faults, 'm', 'sharp more')).toBeUndefined();
  expect(cell(faults, 'echo', 'blunt more')).toMatchObject({ value: 0, low: 0, high: 0 });
});

test('counts what is found, and how far broken and working ones lie apart', () => {
  const found = table(faultExhibits(ISSUES, MADE, [SHARP, BLUNT], DRAWS), 'faults-found');
  // echo above both working ones, deaf above one of the two
  expect(found.rows[0]?.cells).toMatchObject({ broken: 2, higher: 2, found: 2, wrong: 0, auc: { value: 0.75, n: 16 } });
  // echo as m, deaf as m, both below m-calm: two halves of four
  expect(found.rows[1]?.cells).toMatchObject({ broken: 2, higher: 0, found: 0, wrong: 0, auc: { value: 0.25 } });
  expect(found.rows.map(({ behind }) => behind.flatMap(({ sessions }) => sessions).length)).toEqual([16, 16]);
});

test('a draw without a message of some chatbot is no draw in which it has fewer issues', () => {
  const gaps = talked('gaps', { m: [1, 1, 1, 1], 'm-calm': [1, 1, 1, 1], echo: [9, 9, 9, 9], deaf: [8] });
  const found = table(faultExhibits(ISSUES, MADE, [gaps], DRAWS), 'faults-found');
  // in every draw that has all four, both broken ones lie above both working ones
  expect(found.rows[0]?.cells['auc']).toMatchObject({ value: 1, low: 1, high: 1 });
});

test('a difference that is surely negative is no find', () => {
  const better = talked('odd', { m: [9, 8, 9, 8], 'm-calm': [9, 9, 9, 9], echo: [1, 0, 1, 0], deaf: [9, 8, 9, 8] });
  const found = table(faultExhibits(ISSUES, MADE, [better], DRAWS), 'faults-found');
  expect(found.rows[0]?.cells).toMatchObject({ higher: 0, found: 0, wrong: 1 });
});

test('only what every simulator met is compared, and without the model as it is all working ones of the model', () => {
  const some = { ...BLUNT, chatbots: BLUNT.chatbots.filter(({ chatbot }) => chatbot !== 'deaf' && chatbot !== 'm') };
  const { working, faults } = faultsIn(MADE, [SHARP, some]);
  expect(working.map(({ chatbot }) => chatbot)).toEqual(['m-calm']);
  expect(faults).toMatchObject([{ chatbot: 'echo', twins: ['m-calm'] }]);
  const other = MADE.map((one) => (one.broken ? one : { ...one, model: 'n' }));
  expect(faultsIn(other, [SHARP]).faults).toEqual([]);
});

test('agreement over halves of the contexts, each simulator with itself and with the other', () => {
  const names = MADE.map(({ chatbot }) => chatbot);
  // the same in every context: any half is the other
  const steady = talked('steady', { m: [1, 1, 1, 1], 'm-calm': [2, 2, 2, 2], echo: [9, 9, 9, 9], deaf: [4, 4, 4, 4] });
  const mirrored = talked('mirrored', {
    m: [9, 9, 9, 9],
    'm-calm': [8, 8, 8, 8],
    echo: [1, 1, 1, 1],
    deaf: [6, 6, 6, 6],
  });
  const exact = agreementOf(ISSUES, [steady, mirrored], names, 1);
  if (exact.type !== 'table') throw new Error('no table');
  expect(exact.rows.map(({ key }) => key)).toEqual([
    'steady with itself',
    'steady with mirrored',
    'mirrored with itself',
  ]);
  const halves = exact.rows.map(({ cells }) => (cells['halves'] as Estimate).value);
  expect(halves[0]).toBeCloseTo(1, 12);
  expect(halves[1]).toBeCloseTo(-1, 12);
  expect(halves[2]).toBeCloseTo(1, 12);
  expect(exact.rows[1]?.cells['whole']).toBeCloseTo(-1, 12);
  expect(exact.rows[0]?.cells['whole']).toBeUndefined();

  // of four contexts there are three ways to halve them: the mean over many draws comes near to theirs
  const noisy = agreementOf(ISSUES, [SHARP], names, 3);
  if (noisy.type !== 'table') throw new Error('no table');
  const rate = (contexts: readonly number[]) =>
    SHARP.chatbots.map(({ sessions }) => contexts.reduce((all, at) => all + (sessions[at]?.k ?? 0), 0));
  const ways = [
    [0, 1],
    [0, 2],
    [0, 3],
  ].map((half) => {
    const rest = [0, 1, 2, 3].filter((at) => !half.includes(at));
    return pearson(rate(half), rate(rest)).value as number;
  });
  const { value, low, high, n } = cell(noisy, 'sharp with itself', 'halves');
  expect(n).toBe(4);
  expect(low).toBeCloseTo(Math.min(...ways), 12);
  expect(high).toBeCloseTo(Math.max(...ways), 12);
  expect(value).toBeCloseTo(ways.reduce((all, one) => all + one, 0) / 3, 2);
});

test('one context has no halves', () => {
  const one = talked('one', { m: [1], 'm-calm': [2], echo: [9], deaf: [4] });
  const exhibit = agreementOf(ISSUES, [one], ['m', 'echo', 'deaf'], 1);
  expect(exhibit.type === 'table' && exhibit.rows[0]?.cells['halves']).toMatchObject({ value: null });
});
