import { expect, test } from 'vitest';
import { FakeChatModel, FakeDiscriminator } from '../../../src/backends/fake/models.ts';
import {
  continuedGains,
  type Gain,
  observedGains,
  persistenceExhibits,
} from '../../../src/core/evaluate/judges/persistence.ts';
import type { Estimate, Exhibit } from '../../../src/core/evaluate/table.ts';
import { generator } from '../../../src/core/metrics/bootstrap.ts';
import type { MinedTurn } from '../../../src/core/preference/mined.ts';
import { continueAlternatives, type PersistRequest } from '../../../src/core/workflows/evaluate/persist.ts';
import { makeSession } from '../../fixtures/make.ts';

const DRAWS = { draws: 100, seed: 1 };
const random = generator(4);
const scored = (z: number[], at: number) => ({ id: `s${at}`, corpus: 'c0', context: `c${at}`, real: false, z });
const noise = () => random() - 0.5;

function cells(exhibits: readonly Exhibit[], name: string): (Estimate | null)[] {
  const [table] = exhibits;
  if (table?.type !== 'table') throw new Error('no table');
  return table.rows.map((row) => (row.cells[name] as Estimate | undefined) ?? null);
}
const observed = (sessions: readonly number[][]): Gain[] => observedGains(sessions.map(scored));

test('a gain that stays has slope 1, one that is a moment of noise has 0', () => {
  const walk = Array.from({ length: 80 }, () => {
    let z = 0;
    return Array.from({ length: 8 }, () => (z += noise()));
  });
  const white = Array.from({ length: 80 }, () => Array.from({ length: 8 }, noise));
  const exhibits = persistenceExhibits(
    [
      { name: 'walk', by: 'slope', gains: observed(walk) },
      { name: 'white', by: 'slope', gains: observed(white) },
    ],
    DRAWS,
  );
  const [stays, fades] = [cells(exhibits, 'walk')[2], cells(exhibits, 'white')[2]];
  expect(stays?.low).toBeLessThan(1);
  expect(stays?.high).toBeGreaterThan(1);
  expect(stays?.low).toBeGreaterThan(0.6);
  expect(Math.abs(fades?.value ?? 1)).toBeLessThan(0.12);
  // 8 turns a session, of which 5 have three more
  expect(stays?.n).toBe(80 * 5);
});

test('what is left of each turn is counted from before it', () => {
  expect(observedGains([scored([1, 3, 2], 0)], 0.5)).toMatchObject([
    { before: 0.5, gain: 0.5, later: [2.5, 1.5] },
    { gain: 2, later: [1] },
    { gain: -1, later: [] },
  ]);
});

test('the lead of one alternative over the other, as long as both go on', () => {
  const gains = continuedGains('c0', [
    { session: 'a', context: 'a', chosen: [2, 1.5, 1], rejected: [-2, -0.5] },
    { session: 'b', context: 'b', chosen: [1, 1], rejected: [0, 0] },
    { session: 'c', context: 'c', chosen: [], rejected: [1] },
  ]);
  expect(gains.map(({ gain, later }) => [gain, later])).toEqual([
    [4, [2]],
    [1, [1]],
  ]);
  const exhibits = persistenceExhibits([{ name: 'it0', by: 'ratio', gains }], DRAWS);
  expect(cells(exhibits, 'it0').map((cell) => cell?.value)).toEqual([3 / 5, null, null, null, null]);
  const [, figure] = exhibits;
  expect(figure?.type === 'figure' && figure.series[0]?.points).toMatchObject([
    { x: 1, y: 0.6, label: '2 turns', behind: [{ corpus: 'c0', sessions: ['a', 'b'] }] },
  ]);
});

const session = makeSession('s', ['hi', 'Hello.', 'the original', 'Oh.', 'bye']);
const candidate = (index: number, text: string, z: number, end = false) => ({
  ...{ index, text, end, z, r: z },
  by: { kind: 'model' as const, name: 'it0' },
});
const mined = (end: boolean): MinedTurn => ({
  ...{
    schema: 1,
    type: 'turn',
    at: '2026-01-01T00:00:00.000Z',
    session: 's',
    t: 2,
    kind: 'lowest',
    r: -1,
    seed: 1,
    previousZ: 0,
  },
  candidates: [candidate(0, 'the original', -1), candidate(1, 'lol no', 1), candidate(2, 'I appreciate it', -2, end)],
  outcome: { kept: true, chosen: 1, rejected: 2, searched: false, pair: 's.t2' },
});
const dropped: MinedTurn = { ...mined(false), outcome: { kept: false, reason: 'no-positive' } as never };

function request(
  turns: PersistRequest['turns'],
): PersistRequest & { simulator: FakeChatModel; chatbot: FakeChatModel } {
  return {
    simulator: new FakeChatModel('it0', ({ messages }) => (messages.length > 8 ? 'enough<end>' : 'and so on')),
    chatbot: new FakeChatModel('bot', () => 'Go on.'),
    discriminator: new FakeDiscriminator('d0', (messages) => messages.length),
    ...{ turns, ahead: 3, seed: 5 },
  };
}

test('both alternatives are continued with the same seeds, and each user turn is judged', async () => {
  const asked = request([
    { session, mined: mined(false) },
    { session, mined: dropped },
  ]);
  const events = [];
  for await (const event of continueAlternatives(asked, new AbortController().signal)) events.push(event);
  expect(events).toHaveLength(1);
  // system, hi, Hello, alternative; then two messages a turn; the simulator ends at its third
  expect(events[0]).toMatchObject({
    continued: { session: 's', chosen: [1, 6, 8, 10], rejected: [-2, 6, 8, 10] },
    ...{ done: 1, of: 1 },
  });
  const seeds = asked.simulator.requests.map(({ seed }) => seed);
  expect(seeds.slice(0, 3)).toEqual(seeds.slice(3));
  expect(new Set([...seeds, ...asked.chatbot.requests.map(({ seed }) => seed)]).size).toBe(6);
  const first = asked.chatbot.requests[0]?.messages.map(({ content }) => content);
  expect(first).toEqual(['hi', 'Hello.', 'lol no']);
});

test('an alternative that ends the session is not continued', async () => {
  const asked = request([{ session, mined: mined(true) }]);
  for await (const { continued } of continueAlternatives(asked, new AbortController().signal)) {
    expect(continued.rejected).toEqual([-2]);
    expect(continued.chosen).toHaveLength(4);
  }
});
