import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPairStore } from '../../src/backends/store/pair-store.ts';
import { rulesSchema } from '../../src/core/preference/filter.ts';
import { criticalSchema } from '../../src/core/preference/mined.ts';
import type { Funnel } from '../../src/core/workflows/mine/funnel.ts';
import { mine } from '../../src/core/workflows/mine/mine.ts';
import { clock, estimate, world } from './mine-world.ts';

describe('mining', () => {
  test('scores what has none, one request of n alternatives a critical turn from its very prefix, pairs into the set', async () => {
    const { run, simulator, pairs, store } = await world();
    const { events, turns, funnel } = await run();
    expect(events.map(({ type }) => type)).toEqual([
      'scored',
      'scored',
      'scored',
      'planned',
      'turn',
      'turn',
      'turn',
      'turn',
      'turn',
      'done',
    ]);
    expect(events[3]).toMatchObject({ sessions: 3, real: 1, critical: 5, finished: 0 });
    // r of s1: 0, 3, -4, 1; of s2: 1, -3; of s3: 5.
    expect(turns.map(({ turn }) => [turn.session, turn.t, turn.kind, turn.r])).toEqual([
      ['s1', 2, 'highest', 3],
      ['s1', 3, 'lowest', -4],
      ['s2', 1, 'highest', 1],
      ['s2', 2, 'lowest', -3],
      ['s3', 1, 'highest', 5],
    ]);
    expect(simulator.requests).toHaveLength(5);
    expect(simulator.requests.every(({ n }) => n === 4)).toBe(true);
    expect(simulator.requests[1]?.messages.slice(1)).toEqual([
      { role: 'assistant', content: '0' },
      { role: 'user', content: 'Hello!' },
      { role: 'assistant', content: '3' },
      { role: 'user', content: 'Go on.' },
    ]);
    const kept = await pairs.list('it1');
    expect(kept.map(({ id }) => id)).toEqual(
      turns.flatMap(({ turn }) => (turn.outcome.kept ? [turn.outcome.pair] : [])),
    );
    expect(funnel).toMatchObject({ sessions: 3, scored: 3, critical: 5, sampled: 5, kept: kept.length });
    for (const pair of kept) {
      expect(pair).toMatchObject({
        origin: 'mined',
        decision: 'pending',
        simulator: 'sim',
        discriminator: 'disc',
        corpus: 'it0',
      });
      expect(pair.chosen.r).toBeGreaterThan(0);
      expect(pair.rejected.r).toBeLessThan(0);
      expect(pair.mined).toMatchObject({ sampled: 4, engine: 'fake' });
      const session = await store.read('it0', pair.session);
      expect(pair.history).toEqual(
        session.turns.slice(0, 2 * (pair.t - 1)).map(({ role, content }) => ({ role, content })),
      );
    }
  });

  test('the original is ranked among them, and keeps how it ended the session', async () => {
    const { run } = await world({ script: (seed) => `t${seed} -1` });
    const { turns } = await run();
    const at = (session: string, t: number) => turns.find(({ turn }) => turn.session === session && turn.t === t)?.turn;
    expect(at('s1', 2)).toMatchObject({
      outcome: { kept: true, chosen: 0 },
      candidates: [{ text: '3', r: 3, end: false }, {}, {}, {}, {}],
    });
    // The cap stopped s2 after its last turn, which therefore is no end; a real session ends with its last one.
    expect(at('s2', 2)?.candidates[0]).toMatchObject({ text: '-2', end: false });
    expect(at('s3', 1)?.candidates[0]).toMatchObject({ end: true, by: { kind: 'human' } });
    expect(at('s1', 3)).toMatchObject({ outcome: { kept: false, reason: 'no-positive' } });
  });

  test('each dropped turn says why, and the funnel adds up', async () => {
    const texts = ['', '<end>', 't1 2', 't2 -2 and so on and on', 't3 -2'];
    const { run } = await world({ script: (seed) => texts[1 + (seed % 4)] ?? '' });
    const { funnel } = await run({
      rules: rulesSchema.parse({ similarity: null, ratio: 1.1, margin: 3, search: false }),
    });
    const { dropped, both, margin, distinct, length, kept, sampled } = funnel as Funnel;
    expect(sampled).toBe(5);
    expect(Object.values(dropped).reduce((sum, count) => sum + count, kept)).toBe(sampled);
    expect(both - dropped.margin).toBe(margin);
    expect(margin - dropped['near-duplicate']).toBe(distinct);
    expect(distinct - dropped.length).toBe(length);
    expect(length).toBe(kept);
    expect((funnel as Funnel).endsWithoutWords).toBeGreaterThan(0);
  });

  test('a rerun of the same request gives the same pairs; another seed others', async () => {
    const [one, two, three] = [await world(), await world(), await world()];
    await one.run();
    await two.run({ concurrency: 3 });
    await three.run({ seed: 2 });
    const made = async ({ pairs }: typeof one) =>
      (await pairs.list('it1')).map(({ id, chosen, rejected }) => [id, chosen, rejected]).sort();
    expect(await made(two)).toEqual(await made(one));
    expect(await made(three)).not.toEqual(await made(one));
  });
});

describe('going on', () => {
  test('after it was cut off: what is finished, scored or sampled, is not paid for again', async () => {
    const whole = await world();
    await whole.run();
    const cut = await world();
    const first = await cut.run({}, (event) => event.type === 'scored' && event.done === 2);
    await cut.run({}, (event) => event.type === 'turn' && event.done === 2);
    await cut.run({}, (event) => event.type === 'turn' && event.done === 4);
    const { events } = await cut.run();
    expect(first.events).toHaveLength(2);
    expect(events.map(({ type }) => type)).not.toContain('scored');
    // Only what was under way at a cut is asked for again.
    expect(cut.simulator.requests.length).toBeLessThanOrEqual(7);
    const turns = (await cut.pairs.mined('it1')).filter(({ type }) => type === 'turn');
    expect(turns).toHaveLength(5);
    expect(await cut.pairs.list('it1')).toEqual(await whole.pairs.list('it1'));
    const asked = cut.simulator.requests.length;
    const { funnel } = await cut.run();
    expect(funnel).toMatchObject({ sampled: 5 });
    expect(cut.simulator.requests).toHaveLength(asked);
  });

  test('after a kill between journal and pair: the pair is made from the journal', async () => {
    const { dir, run, pairs, simulator, request, store } = await world();
    await run();
    const all = await pairs.list('it1');
    expect(all.length).toBeGreaterThan(1);
    const other = join(dir, 'other');
    const journal = await readFile(join(dir, 'pairs', 'it1.mined.jsonl'), 'utf8');
    const killed = openPairStore(other);
    onTestFinished(() => killed.close());
    await killed.append('it1', []);
    await appendFile(join(other, 'it1.mined.jsonl'), `${journal.split('\n').slice(0, 4).join('\n')}\n{"schema":1,"ty`);
    const before = simulator.requests.length;
    for await (const _ of mine({ sessions: store, pairs: killed, clock }, request, new AbortController().signal));
    expect(simulator.requests.length - before).toBe(2);
    expect(await killed.list('it1')).toEqual(all);
  });

  test('with other settings is refused; with other rules the samples are taken over', async () => {
    const { run, simulator, pairs } = await world();
    await run();
    const asked = simulator.requests.length;
    const rules = rulesSchema.parse({ similarity: null, margin: 1.5 });
    await expect(run({ rules })).rejects.toMatchObject({
      code: 'other-request',
      message: expect.stringContaining('rules'),
    });
    await expect(run({ seed: 9, set: 'b', reuse: 'it1' })).rejects.toMatchObject({ code: 'other-request' });
    await pairs.append('manual', []);
    const { funnel } = await run({ rules, set: 'b', reuse: 'it1' });
    expect(simulator.requests).toHaveLength(asked);
    expect(funnel).toMatchObject({ sampled: 5 });
    const wide = (await pairs.list('it1', [])).filter(
      ({ chosen, rejected }) => (chosen.r ?? 0) - (rejected.r ?? 0) >= 1.5,
    );
    expect((await pairs.list('b')).map(({ id }) => id)).toEqual(wide.map(({ id }) => id));
  });

  test('an error of one turn stops the run and loses no other', async () => {
    const { run, simulator, pairs } = await world();
    const generate = simulator.generate.bind(simulator);
    simulator.generate = (request, signal) => {
      if (simulator.requests.length === 3) throw new Error('gone');
      return generate(request, signal);
    };
    await expect(run()).rejects.toThrow('gone');
    expect((await pairs.mined('it1')).filter(({ type }) => type === 'turn')).toHaveLength(3);
    simulator.generate = generate;
    await run();
    expect(simulator.requests).toHaveLength(5);
  });
});

describe('a dry run', () => {
  test('probes so many turns, scores only their sessions, and adds nothing to a set', async () => {
    const it = await world();
    const found = await estimate(it, { probe: 2 });
    expect(found).toMatchObject({ sessions: 3, scored: 0, critical: 5, probe: { sampled: 2 } });
    expect(it.simulator.requests).toHaveLength(2);
    expect(await it.pairs.sets()).toEqual([]);
    expect(found.pairs?.expected).toBe(Math.round((5 * found.probe.kept) / 2));
    expect(found.pairs?.low).toBeLessThanOrEqual(found.pairs?.expected ?? 0);
  });

  test('of all turns is what mining gives', async () => {
    const it = await world();
    const found = await estimate(it, { probe: 99 });
    expect(found.probe.sampled).toBe(5);
    const { funnel } = await it.run();
    expect(found.pairs?.expected).toBe(funnel?.kept);
    expect(
      await estimate(it, { probe: 99, critical: criticalSchema.parse({ per: 'corpus', highest: 2 }) }),
    ).toMatchObject({
      ...{ scored: 3, critical: 3 },
      probe: { sampled: 3 },
    });
  });
});
