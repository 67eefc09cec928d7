import { describe, expect, test } from 'vitest';
import { pathTo, toTurns } from '../../src/core/session/tree.ts';
import { play, setUp, texts } from './conversing.ts';

describe('branches, alternatives and pairs', () => {
  test('a turn that was cut off is in no pair, no corpus and no alternatives', async () => {
    const { ports } = setUp({ simulator: () => new Error('half a sen') });
    const { session, events } = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    expect(events.findLast((event) => event.type === 'error')).toMatchObject({ error: { code: 'partial-turn' } });
    expect(toTurns(pathTo(session))).toEqual([]);
  });

  test('an edited text is compared with the turn before it, also where that has no score yet', async () => {
    const { ports } = setUp({ simulator: () => 'five words are in here' });
    const first = await play(ports, [{ type: 'run' }], { maxUserTurns: 2 });
    const bare = { ...first.session, nodes: first.session.nodes.map((node) => ({ ...node, scores: {} })) };
    const { events } = await play(ports, [{ type: 'rescore', node: 2, text: 'a b c d' }], {}, bare);
    const scored = events.findLast((event) => event.type === 'candidates');
    // z = words - 3: 1 for the edit, 2 for the turn before (Eq. 4), not z_0 = 0.
    expect(scored).toMatchObject({ previousZ: 2, candidates: [{ z: 1, r: -1 }] });
  });

  test('alternatives: one request of n from the same prefix, ranked by r with the original among them; branch; pair', async () => {
    const { ports, simulator, pairs } = setUp({
      simulator: (request, index) =>
        request.n === 1 ? 'the original has five words' : 'word '.repeat(index + 1).trim(),
    });
    const first = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    const done = first.events.findLast((event) => event.type === 'candidates' && event.done);
    if (done?.type !== 'candidates') throw new Error('no candidates');
    expect(simulator.requests.map((request) => request.n)).toEqual([1, 8]);
    expect(done.candidates).toHaveLength(9);
    expect(done.candidates.map((candidate) => candidate.r)).toEqual([5, 4, 3, 2, 2, 1, 0, -1, -2]);
    expect(done.candidates.find((candidate) => candidate.index === 0)?.text).toBe('the original has five words');

    const [best] = done.candidates;
    const worst = done.candidates.at(-1);
    if (!best || !worst) throw new Error('no candidates');
    const second = await play(
      ports,
      [
        { type: 'pair', node: 0, chosen: best, rejected: worst },
        { type: 'continue', node: 0, candidate: best },
      ],
      {},
      first.session,
    );
    expect(pairs.pairs).toMatchObject([
      { t: 1, history: [], chosen: { content: best.text, r: 5 }, rejected: { r: -2 } },
    ]);
    expect(second.session.nodes.map((node) => node.parent)).toEqual([null, null]);
    expect(texts(second.session)).toEqual([best.text]);
    const back = await play(ports, [{ type: 'goto', node: 0 }], {}, second.session);
    expect(texts(back.session)).toEqual(['the original has five words']);
  });

  test('each alternative names the seed that gives it again, also where an empty one between was asked for anew', async () => {
    const { ports, simulator } = setUp({
      simulator: (request, index) => (request.n === 8 && index === 3 ? '' : `said by ${request.seed + index}`),
    });
    const { events } = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    const done = events.findLast((event) => event.type === 'candidates' && event.done);
    if (done?.type !== 'candidates') throw new Error('no candidates');
    const sampled = done.candidates.filter((candidate) => candidate.index > 0);
    expect(sampled).toHaveLength(8);
    for (const { text, by } of sampled)
      expect(by.kind === 'model' && text).toBe(`said by ${by.kind === 'model' && by.seed}`);
    expect(simulator.requests.map((request) => request.n)).toEqual([1, 8, 1]);
  });

  test('the session of a pair is kept, also where it was only opened', async () => {
    const { ports, sessions, pairs } = setUp({ simulator: () => 'same' });
    const { session } = await play(ports, [{ type: 'step' }]);
    sessions.live.clear();
    const side = (index: number, text: string) => ({
      index,
      text,
      end: false,
      by: { kind: 'human' as const },
      z: 1,
      r: 1,
    });
    await play(ports, [{ type: 'pair', node: 0, chosen: side(1, 'a'), rejected: side(2, 'b') }], {}, session);
    expect(pairs.pairs).toMatchObject([{ session: 's1' }]);
    expect(sessions.live.get('s1')).toEqual(session);
  });

  test('a pair of equal sides is refused and nothing is saved', async () => {
    const { ports, pairs } = setUp({ simulator: () => 'same' });
    const side = { index: 1, text: 'a', end: false, by: { kind: 'human' as const }, z: 1, r: 1 };
    const { events } = await play(ports, [{ type: 'step' }, { type: 'pair', node: 0, chosen: side, rejected: side }]);
    expect(events.find((event) => event.type === 'error')).toMatchObject({ error: { code: 'same-sides' } });
    expect(pairs.pairs).toEqual([]);
  });

  test('an edit is a judged sibling; an empty one is refused', async () => {
    const { ports } = setUp({ simulator: () => 'a b c d' });
    const { session, events } = await play(ports, [
      { type: 'step' },
      { type: 'edit', node: 0, text: 'a b c d e f' },
      { type: 'edit', node: 0, text: ' ' },
    ]);
    expect(session.nodes.map((node) => node.scores['words']?.z)).toEqual([1, 3]);
    expect(events.find((event) => event.type === 'error')).toMatchObject({ error: { code: 'empty-turn' } });
  });
});
