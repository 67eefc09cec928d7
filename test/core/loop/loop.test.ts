import { describe, expect, it, test } from 'vitest';
import { openGate, runLoop } from '../../../src/core/workflows/loop/loop.ts';
import type { Grid } from '../../../src/core/workflows/loop/plan.ts';
import type { LoopPorts } from '../../../src/core/workflows/loop/types.ts';
import { ALL, Disk, go, kinds, look, processOn, settings } from './world.ts';

const { signal } = new AbortController();

const states = (grid: Grid) =>
  Object.fromEntries(
    grid.rows.map(({ iteration, cells }) => [iteration, cells.map(({ stage, state }) => `${stage} ${state}`)]),
  );

test('one iteration goes through every stage, and all that it made is named after the loop', async () => {
  const disk = await Disk.make();
  const { events, error } = await go(disk);
  expect(error).toBeNull();
  expect(kinds(events)).toEqual(ALL.flatMap((stage) => [`begin ${stage}`, `end ${stage}`]));
  expect(events.at(-1)).toEqual({ type: 'stopped', why: 'done' });
  expect(disk.models).toEqual(['demo-d0', 'demo-it1']);
  expect((await disk.sessions.corpora()).map(({ name, sessions }) => `${name} ${sessions}`)).toEqual([
    ...['train 3', 'valid 2', 'demo-s0-train 3', 'demo-s0-valid 2', 'demo-c0 2'],
  ]);
  const requests = [...disk.runs.records.values()].map(({ request }) => request);
  expect(requests[0]).toMatchObject({
    ...{
      stage: 'discriminator',
      adapter: null,
      rows: { simulated: ['demo-s0-train', 'demo-s0-valid'], match: 'turns' },
    },
  });
  expect(requests[1]).toMatchObject({
    stage: 'dpo',
    adapter: 'it0',
    rows: { train: { from: 'pairs', set: 'demo-p0' }, real: null },
  });
  const { grid, alarms } = await look(disk);
  expect(states(grid)).toEqual({ 0: ALL.map((stage) => `${stage} done`) });
  expect(grid.next).toBeNull();
  expect(grid.rows[0]?.cells[1]?.counts).toEqual({ accuracy: 0.7 });
  expect(alarms.find(({ code }) => code === 'chosen-logprob')?.points[0]?.value).toBeCloseTo(0.2);
  expect(alarms.find(({ code }) => code === 'length')?.points[0]?.value).toBeGreaterThan(0);
});

test('where DPO learns from real users too, they are those of the training contexts', async () => {
  const disk = await Disk.make({ dpo: { floor: 1, changes: { real_weight: 5 } } });
  expect((await go(disk)).error).toBeNull();
  const [, dpo] = [...disk.runs.records.values()];
  expect(dpo?.request.rows.real).toEqual({ from: 'corpus', corpus: 'train' });
});

test('the next iteration starts from its simulator, an older discriminator gives its opinion, and the last one is judged', async () => {
  const disk = await Disk.make({ iterations: 2, judge_last: true, held_out: 'old' });
  expect((await go(disk)).error).toBeNull();
  expect(disk.models).toEqual(['demo-d0', 'demo-it1', 'demo-d1', 'demo-it2', 'demo-d2']);
  const requests = [...disk.runs.records.values()].map(({ request }) => request);
  expect(requests.map(({ stage, adapter, rows }) => [stage, adapter, rows.simulated])).toEqual([
    ['discriminator', null, ['demo-s0-train', 'demo-s0-valid']],
    ['dpo', 'it0', []],
    ['discriminator', null, ['demo-s1-train', 'demo-s1-valid']],
    ['dpo', 'demo-it1', []],
    ['discriminator', null, ['demo-s2-train', 'demo-s2-valid']],
  ]);
  const { grid } = await look(disk);
  expect(grid.rows[2]?.cells.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
    'simulate done',
    'discriminator done',
  ]);
  const figures = grid.rows[1]?.cells.find(({ stage }) => stage === 'check')?.figures;
  expect(figures).toMatchObject({
    judges: [
      { name: 'demo-d1', role: 'miner' },
      { name: 'demo-d0', role: 'older' },
      { name: 'old', role: 'held-out' },
    ],
  });
});

test('one stage, or one iteration, at a time', async () => {
  const disk = await Disk.make({ iterations: 2 });
  const first = await go(disk, 'stage');
  expect(kinds(first.events)).toEqual(['begin simulate', 'end simulate']);
  expect(first.events.at(-1)).toEqual({ type: 'stopped', why: 'reached' });
  expect(kinds((await go(disk, 'stage')).events)).toEqual(['begin discriminator', 'end discriminator']);
  const rest = await go(disk, 'iteration');
  expect(kinds(rest.events).at(-1)).toBe('end check');
  expect((await look(disk)).grid.next).toMatchObject({ iteration: 1, stage: 'simulate', state: 'ready' });
});

/** What a person says of a pair, but for the pair and the verdict. */
const SAID = { schema: 1, reviewer: 'anna', at: '2026-01-01T00:00:00Z', ms: 1, pass: 1, blind: null } as const;

describe('the gate', () => {
  const byPerson = { review: { by: 'person' } };

  it('stops the loop until somebody opens it; what is approved by then is trained on', async () => {
    const disk = await Disk.make(byPerson);
    const { events } = await go(disk);
    const waiting = events.find(({ type }) => type === 'waiting');
    expect(waiting).toMatchObject({ set: 'demo-p0', approved: 0 });
    expect(events.at(-1)).toEqual({ type: 'stopped', why: 'waiting' });
    // Nothing is done while it waits, however often it is run.
    expect(kinds((await go(disk)).events)).toEqual([]);
    const { ports } = processOn(disk);
    for (const { id } of await disk.pairs.list('demo-p0')) {
      await disk.pairs.decide('demo-p0', { ...SAID, pair: id, decision: 'approve' });
    }
    await openGate(ports, 'demo', 'anna', null);
    expect((await go(disk)).error).toBeNull();
    expect(disk.models).toContain('demo-it1');
    expect(disk.loops.journals.records.get('demo')).toContainEqual(
      expect.objectContaining({ type: 'open', by: 'anna' }),
    );
    await expect(openGate(ports, 'demo', 'anna', null)).rejects.toMatchObject({ code: 'not-waiting' });
  });

  it.each([
    ['a person swapped', 'anna', 'demo-it1'],
    ['a rule swapped', 'rule:all', null],
  ])('pairs that %s against D: only a person overrules it', async (_, reviewer, made) => {
    const disk = await Disk.make(byPerson);
    await go(disk);
    for (const { id } of await disk.pairs.list('demo-p0'))
      await disk.pairs.decide('demo-p0', { ...SAID, reviewer, pair: id, decision: 'approve', swap: true });
    await openGate(processOn(disk).ports, 'demo', 'anna', null);
    const { error } = await go(disk);
    if (made) expect(error).toBeNull();
    else expect(error).toMatchObject({ message: expect.stringMatching(/0 approved pairs whose order/) });
    expect(disk.models.includes('demo-it1')).toBe(made !== null);
  });

  it('refuses to train under the floor, says so, and goes on when there are more pairs', async () => {
    const disk = await Disk.make(byPerson);
    await go(disk);
    await openGate(processOn(disk).ports, 'demo', 'anna', 0);
    const { error } = await go(disk);
    expect(error).toMatchObject({ code: 'too-few-pairs' });
    const { grid, alarms } = await look(disk);
    expect(grid.next).toMatchObject({ stage: 'dpo', state: 'failed', failure: { code: 'too-few-pairs' } });
    expect(alarms.find(({ code }) => code === 'pairs')).toMatchObject({ verdict: 'alarm', points: [{ value: 0 }] });
    expect(disk.launcher.jobs).toHaveLength(1);
    const [pair] = await disk.pairs.list('demo-p0');
    await disk.pairs.decide('demo-p0', { ...SAID, pair: pair!.id, decision: 'approve' });
    expect((await go(disk)).error).toBeNull();
    expect(disk.models).toContain('demo-it1');
  });
});

describe('changed inputs', () => {
  it('mark what follows as stale, and what is done again overwrites nothing', async () => {
    const disk = await Disk.make({ iterations: 2 });
    await go(disk);
    disk.loops.settings.set('demo', settings({ iterations: 2, mine: { n: 2 } }));
    const { grid } = await look(disk);
    expect(states(grid)).toEqual({
      0: [
        'simulate done',
        'discriminator done',
        'score done',
        'mine stale',
        'review stale',
        'dpo stale',
        'check stale',
      ],
      1: ALL.map((stage) => `${stage} stale`),
    });
    expect(grid.next).toMatchObject({ iteration: 0, stage: 'mine', why: 'its inputs or settings have changed' });
    const again = await go(disk);
    expect(again.error).toBeNull();
    expect(kinds(again.events)[0]).toBe('begin mine');
    expect(disk.models).toEqual([
      'demo-d0',
      'demo-it1',
      'demo-d1',
      'demo-it2',
      'demo-it1-r2',
      'demo-d1-r2',
      'demo-it2-r2',
    ]);

    // Back to what it was: everything is there.
    disk.loops.settings.set('demo', settings({ iterations: 2 }));
    expect((await look(disk)).grid.next).toBeNull();
    expect(kinds((await go(disk)).events)).toEqual([]);
  });

  it('of a corpus make all of it stale; where a model is trained does not', async () => {
    const disk = await Disk.make();
    await go(disk);
    disk.loops.settings.set('demo', settings({ discriminator: { launcher: 'cluster', resources: { gpus: 2 } } }));
    expect((await look(disk)).grid.next).toBeNull();
    disk.touched.set('valid', 'another');
    expect(states((await look(disk)).grid)[0]?.every((cell) => cell.endsWith('stale'))).toBe(true);
  });

  it('of a decision make DPO stale, and no earlier stage', async () => {
    const disk = await Disk.make();
    await go(disk);
    const [pair] = await disk.pairs.list('demo-p0');
    await disk.pairs.decide('demo-p0', { ...SAID, pair: pair!.id, decision: 'reject' });
    expect(states((await look(disk)).grid)[0]).toEqual([
      ...['simulate done', 'discriminator done', 'score done', 'mine done', 'review done', 'dpo stale', 'check stale'],
    ]);
  });

  it('that are gone keep the loop from running, and say what is missing', async () => {
    const disk = await Disk.make({ contexts: { train: 'train', valid: 'nowhere' } });
    const { error } = await go(disk);
    expect(error).toMatchObject({
      code: 'missing-input',
      message: expect.stringContaining('there is no corpus nowhere'),
    });
  });
});

test('a stage whose output is taken away while it runs is not run for ever', async () => {
  const disk = await Disk.make();
  const { ports } = processOn(disk);
  const gone: LoopPorts = {
    ...ports,
    contentHash: async (ref) => (ref.name === 'demo-s0-valid' ? null : await ports.contentHash(ref)),
  };
  const play = async () => {
    for await (const _ of runLoop(gone, 'demo', 'all', signal));
  };
  await expect(play()).rejects.toMatchObject({
    code: 'missing-input',
    message: expect.stringContaining('demo-s0-valid is gone'),
  });
});

test('a run that failed is resumed, not made anew', async () => {
  const disk = await Disk.make();
  disk.failing.add('demo-d0');
  expect((await go(disk)).error).toMatchObject({ code: 'run-failed' });
  expect((await look(disk)).grid.next).toMatchObject({
    stage: 'discriminator',
    state: 'failed',
    run: 'discriminator-1',
  });
  disk.failing.clear();
  expect((await go(disk)).error).toBeNull();
  expect(disk.launcher.jobs.filter(({ id }) => id === 'discriminator-1').map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('contexts that stand in two splits are refused before anything is paid for', async () => {
  const disk = await Disk.make({ contexts: { train: 'train', valid: 'train' } });
  expect((await go(disk)).error).toMatchObject({ code: 'shared-context' });
  expect(disk.generated).toBe(0);
});

test('each context meets one chatbot in turn, or every one', async () => {
  const one = await Disk.make({ chatbots: ['bot', 'old'] });
  await go(one, 'stage');
  const chatbots = async (disk: Disk) => {
    const found: string[] = [];
    for await (const { id } of disk.sessions.stream('demo-s0-train')) found.push(id);
    return found;
  };
  expect(await chatbots(one)).toEqual(['it0.bot.a.0', 'it0.bot.c.0', 'it0.old.b.0']);
  const every = await Disk.make({ chatbots: ['bot', 'old'], chatbots_a_context: 'all' });
  await go(every, 'stage');
  expect(await chatbots(every)).toHaveLength(6);
});
