import { describe, expect, test } from 'vitest';
import { FakeDiscriminator, FakeRegistry } from '../../src/backends/fake/models.ts';
import { FakePairStore } from '../../src/backends/fake/stores.ts';
import type { PreferencePair } from '../../src/core/preference/schema.ts';
import { review } from '../../src/core/workflows/review/review.ts';
import type { ReviewCommand, ReviewEvent, ReviewOptions, ShownPair } from '../../src/core/workflows/review/types.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';

const OPTIONS: ReviewOptions = {
  ...{ reviewer: 'anna', pass: 1, blind: false, seed: 7, order: 'made' },
  filter: { decided: 'pending' },
};

async function world(pairs: readonly PreferencePair[]) {
  const store = new FakePairStore();
  await store.append('a', pairs);
  let now = Date.UTC(2026, 5, 1);
  const clock = { now: () => new Date(now), sleep: async () => {} };
  const models = new FakeRegistry({
    discriminators: [new FakeDiscriminator('disc', (said) => said.at(-1)?.content.length ?? 0)],
  });
  const play = async (commands: readonly ReviewCommand[], options: Partial<ReviewOptions> = {}) => {
    const events: ReviewEvent[] = [];
    const asked = (async function* () {
      for (const command of commands) {
        now += 3000;
        yield command;
      }
    })();
    const work = review(
      { pairs: store, models, clock },
      { ...OPTIONS, ...options },
      asked,
      new AbortController().signal,
    );
    for await (const event of work) events.push(event);
    const shown = events.flatMap((event) => (event.type === 'pair' ? [event.pair] : []));
    const stats = events.findLast((event) => event.type === 'stats');
    return {
      events,
      shown,
      ids: shown.map((pair) => pair?.id ?? null),
      stats: stats?.type === 'stats' ? stats.stats : null,
    };
  };
  return { store, play, stands: async () => (await store.list('a')).map(({ decision }) => decision) };
}

const four = ['p1', 'p2', 'p3', 'p4'].map((id) => makePair(id));
const margins = [0.5, 3, 1, 2].map((r, at) => makePair(`p${at + 1}`, { chosen: { ...makePair('x').chosen, r } }));

describe('a sitting', () => {
  test('one command a decision, the next pair after its record; undo to the start, over a restart', async () => {
    const { play, store, stands } = await world(four);
    const first = await play([{ type: 'approve' }, { type: 'reject' }, { type: 'skip' }]);
    expect(first.ids).toEqual(['p1', 'p2', 'p3', 'p4']);
    expect(first.stats).toMatchObject({ done: 3, of: 4, approved: 1, rejected: 1, skipped: 1, pending: 1 });
    expect(await store.decisions('a')).toMatchObject([
      { pair: 'p1', decision: 'approve', ms: 3000, reviewer: 'anna', pass: 1, blind: null },
      { pair: 'p2', decision: 'reject', ms: 3000 },
      { pair: 'p3', decision: 'skip' },
    ]);
    const second = await play([{ type: 'undo' }, { type: 'undo' }, { type: 'undo' }, { type: 'undo' }]);
    expect(second.ids).toEqual(['p4', 'p3', 'p2', 'p1']);
    expect(second.events.at(-1)).toMatchObject({ type: 'refused', reason: 'anna has nothing to undo' });
    expect(await stands()).toEqual(['pending', 'pending', 'pending', 'pending']);
  });

  test('a record that cannot be written leaves the sitting where it was', async () => {
    const { play, store } = await world(four);
    store.decide = async () => {
      throw new Error('no disk');
    };
    const { events, ids } = await play([{ type: 'approve' }]);
    expect(ids).toEqual(['p1']);
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { message: 'no disk' } });
  });

  test('swap, note and edit stay on the pair; the edit is scored; the decision takes them all', async () => {
    const { play, store } = await world(four);
    const { shown, events } = await play([
      { type: 'swap' },
      { type: 'note', text: ' better so ' },
      { type: 'edit', place: 'right', text: 'eh, him again' },
      { type: 'edit', place: 'left', text: 'eh, him again' },
      { type: 'approve' },
    ]);
    expect(shown[1]).toMatchObject({
      id: 'p1',
      swapped: true,
      left: { role: 'chosen', r: -1 },
      right: { r: 0.4 },
      margin: -1.4,
    });
    expect(shown[3]).toMatchObject({ note: 'better so', right: { content: 'eh, him again', r: null, edited: true } });
    // The rule of the fake: z is the length of the last user turn.
    expect(shown[4]).toMatchObject({ right: { r: 'eh, him again'.length - 'hi'.length } });
    expect(events.filter(({ type }) => type === 'refused')).toMatchObject([
      { reason: 'both sides would say the same' },
    ]);
    expect((await store.list('a'))[0]).toMatchObject({
      decision: 'approved',
      chosen: { content: 'I appreciate your support.' },
      rejected: { content: 'eh, him again', r: 11, by: { kind: 'human' } },
      review: { swapped: true, edited: true, notes: ['better so'] },
    });
    const back = await play([{ type: 'undo' }, { type: 'undo' }, { type: 'undo' }, { type: 'undo' }]);
    expect(back.shown.slice(1).map((pair) => [pair?.id, pair?.right.content, pair?.note, pair?.swapped])).toEqual([
      ['p1', 'eh, him again', 'better so', true],
      ['p1', 'eh my boss again', 'better so', true],
      ['p1', 'eh my boss again', null, true],
      ['p1', 'I appreciate your support.', null, false],
    ]);
  });

  test('an edit that cannot be scored is kept without a reward, and told', async () => {
    const { play, store } = await world([makePair('p1', { discriminator: 'gone' })]);
    const { events, shown } = await play([{ type: 'edit', place: 'left', text: 'well' }]);
    expect(shown.at(-1)).toMatchObject({
      left: { content: 'well', r: null },
      warnings: [{ code: 'reward', place: 'left' }],
    });
    expect(events.map(({ type }) => type).slice(-3)).toEqual(['scoring', 'scoring', 'error']);
    expect(await store.decisions('a')).toHaveLength(1);
  });

  test('looking: next, previous, goto, and the end of the queue', async () => {
    const { play, store } = await world(four);
    const { ids, events } = await play([
      { type: 'next' },
      { type: 'previous' },
      { type: 'previous' },
      { type: 'goto', set: 'a', pair: 'p4' },
      { type: 'goto', set: 'a', pair: 'p9' },
      { type: 'approve' },
      { type: 'approve' },
    ]);
    expect(ids).toEqual(['p1', 'p2', 'p1', 'p4', null]);
    expect(events.filter(({ type }) => type === 'refused')).toHaveLength(3);
    expect(await store.decisions('a')).toHaveLength(1);
  });
});

describe('the queue', () => {
  test('orders: as made, widest margin, where labels contradict D or it is least sure, shuffled by the seed', async () => {
    const { play, store } = await world(margins);
    const order = async (options: Partial<ReviewOptions>) => {
      const filter = { decided: 'all' } as const;
      return (await play(Array(3).fill({ type: 'next' }), { filter, ...options })).ids.join(' ');
    };
    expect(await order({ order: 'made' })).toBe('p1 p2 p3 p4');
    expect(await order({ order: 'margin' })).toBe('p2 p4 p3 p1');
    await store.decide('a', makeDecision('p2', 'reject', { reviewer: 'ben' }));
    expect(await order({ order: 'disagreement' })).toBe('p2 p1 p3 p4');
    const shuffled = await order({ order: 'random' });
    expect(await order({ order: 'random' })).toBe(shuffled);
    const others = await Promise.all([1, 2, 3, 4].map((seed) => order({ order: 'random', seed })));
    expect(new Set(others).size).toBeGreaterThan(1);
  });

  test('filters: set, kind, warning, what was decided; another one in mid-sitting keeps the place', async () => {
    const hand = makePair('hand', { origin: 'manual', decision: 'approved', mined: undefined });
    const odd = makePair('odd', {
      chosen: { ...makePair('x').chosen, content: 'call me at 617-555-0147, it went on and on and on like that' },
    });
    const { play, store } = await world([...four.slice(0, 2), odd, hand]);
    await store.append('b', [makePair('q1')]);
    const queue = async (filter: ReviewOptions['filter']) =>
      (await play(Array(9).fill({ type: 'next' }), { filter })).ids.filter(Boolean);
    await store.decide('a', makeDecision('p1', 'approve'));
    await store.decide('a', makeDecision('p2', 'approve', { swap: true }));
    expect(await queue({ decided: 'pending' })).toEqual(['odd', 'q1']);
    expect(await queue({ decided: 'pending', sets: ['b'] })).toEqual(['q1']);
    expect(await queue({ decided: 'all', kinds: ['manual'] })).toEqual(['hand']);
    expect(await queue({ decided: 'approved' })).toEqual(['p1', 'p2', 'hand']);
    expect(await queue({ decided: 'against-d' })).toEqual(['p2']);
    expect(await queue({ decided: 'all', warnings: ['pii'] })).toEqual(['odd']);
    expect(await queue({ decided: 'all', warnings: [], sets: ['b'] })).toEqual(['q1']);
    const { ids } = await play([
      { type: 'goto', set: 'a', pair: 'odd' },
      { type: 'options', change: { filter: { decided: 'all' } } },
    ]);
    expect(ids.at(-1)).toBe('odd');
  });

  test('another order in mid-sitting begins with what comes first in it', async () => {
    const { play } = await world(margins);
    const { ids } = await play([{ type: 'next' }, { type: 'next' }, { type: 'options', change: { order: 'margin' } }]);
    expect(ids).toEqual(['p1', 'p2', 'p3', 'p2']);
  });
});

describe('blind', () => {
  const blind = { blind: true } as const;
  const faces = (pair: ShownPair | null | undefined) => [pair?.left.content, pair?.right.content];

  test('nothing that tells the sides apart is shown; sides are drawn by the seed, and stored', async () => {
    const many = Array.from({ length: 40 }, (_, at) =>
      makePair(`p${at}`, { rejected: { ...makePair('x').rejected, r: null } }),
    );
    const { play, store } = await world(many);
    const { shown } = await play(Array(40).fill({ type: 'pick', place: 'left' }), blind);
    const pairs = shown.slice(0, 40) as ShownPair[];
    for (const pair of pairs) {
      const hidden = { role: null, r: null, by: null };
      expect(pair).toMatchObject({ left: hidden, right: hidden, margin: null, warnings: [] });
    }
    const left = pairs.filter((pair) => pair.left.content === many[0]?.chosen.content).length;
    expect(left).toBeGreaterThan(8);
    expect(left).toBeLessThan(32);
    for (const [at, decision] of (await store.decisions('a')).entries()) {
      const role = pairs[at]?.left.content === many[0]?.chosen.content ? 'chosen' : 'rejected';
      expect(decision).toMatchObject({ decision: 'approve', blind: { left: role, picked: 'left' } });
      expect(decision.swap).toBe(role === 'rejected' ? true : undefined);
    }
    const again = await play([], { ...blind, filter: { decided: 'all' } });
    expect(again.shown[0]?.blind).toBe(true);
  });

  test('a pick approves that side as chosen, none rejects; keys that would tell are refused', async () => {
    const { play, store } = await world(four);
    const start = (await play([], blind)).shown[0] as ShownPair;
    const D = start.left.content === four[0]?.chosen.content ? 'left' : 'right';
    const against = D === 'left' ? 'right' : 'left';
    const { events, stats } = await play(
      [{ type: 'approve' }, { type: 'swap' }, { type: 'pick', place: against }, { type: 'pick', place: 'none' }],
      blind,
    );
    expect(events.filter(({ type }) => type === 'refused')).toHaveLength(2);
    expect(events.filter(({ type }) => type === 'decided')).toMatchObject([
      { label: 'rejected', agreesWithD: false },
      { label: 'none', agreesWithD: null },
    ]);
    expect((await store.list('a')).slice(0, 2)).toMatchObject([
      { decision: 'approved', chosen: { content: four[0]?.rejected.content }, review: { swapped: true } },
      { decision: 'rejected' },
    ]);
    expect(stats).toMatchObject({ agreement: { n: 1, agree: 0, none: 1 }, blindAgreement: { n: 1 }, againstD: 2 });
    expect((await play([{ type: 'pick', place: 'left' }])).events.at(-1)).toMatchObject({ type: 'refused' });
  });

  test('a second pass asks what was labelled in the first, and tells how often the reviewer agrees with himself', async () => {
    const { play } = await world(four);
    await play([{ type: 'approve' }, { type: 'approve' }, { type: 'skip' }, { type: 'reject' }]);
    const pass2 = { pass: 2, ...blind };
    const first = await play([], pass2);
    const again = first.shown[0]?.left.content === four[0]?.chosen.content ? 'left' : 'right';
    const { ids, stats, shown } = await play(
      [
        { type: 'pick', place: again },
        { type: 'pick', place: 'none' },
        { type: 'pick', place: 'none' },
      ],
      pass2,
    );
    expect(ids).toEqual(['p1', 'p2', 'p4', null]);
    expect(faces(shown[0])).toContain(four[0]?.chosen.content);
    expect(stats?.self).toMatchObject({ n: 3, agree: 2 / 3, passes: [1, 2] });
    expect(stats?.self?.kappa).toBeCloseTo(0.4, 10);
  });

  test('two reviewers: each sees the pair as it was made, kappa, and the queue of conflicts', async () => {
    const { play, stands } = await world(four);
    await play([{ type: 'swap' }, { type: 'approve' }, { type: 'approve' }, { type: 'reject' }]);
    const ben = { reviewer: 'ben' };
    const { shown, stats } = await play([{ type: 'approve' }, { type: 'approve' }, { type: 'reject' }], ben);
    expect(shown[0]).toMatchObject({ swapped: false, left: { content: four[0]?.chosen.content } });
    expect(stats?.others).toMatchObject([{ reviewer: 'anna', n: 3, agree: 2 / 3 }]);
    expect(stats?.conflicts).toBe(1);
    expect(await stands()).toEqual(['pending', 'approved', 'rejected', 'pending']);
    expect((await play([], { ...ben, filter: { decided: 'conflict' } })).ids).toEqual(['p1']);
  });
});
