import { beforeEach, expect, test } from 'vitest';
import {
  FakeFiles,
  FakeLauncher,
  FakeRunStore,
  FakeTrainer,
  fakeRecord,
  fileOf,
} from '../../src/backends/fake/runs.ts';
import { FoilError } from '../../src/core/errors.ts';
import type { RunPorts } from '../../src/core/stage/ports.ts';
import { adoptRun } from '../../src/core/workflows/runs/adopt.ts';
import {
  cancelRun,
  cloneRun,
  discardPlan,
  noteRun,
  planRun,
  resumeRun,
  startRun,
} from '../../src/core/workflows/runs/manage.ts';
import type { Plan, RunEvent } from '../../src/core/workflows/runs/types.ts';
import { followRun, listRuns, lookAt, watchRuns } from '../../src/core/workflows/runs/watch.ts';
import { request } from './run-request.ts';

const { signal } = new AbortController();
let runs: FakeRunStore;
let launcher: FakeLauncher;
let trainer: FakeTrainer;
let loaded: string[];
let ports: RunPorts;
/** What happens while somebody waits. */
let meanwhile: (() => void)[];

beforeEach(() => {
  runs = new FakeRunStore();
  launcher = new FakeLauncher();
  trainer = new FakeTrainer(runs, { version: 1, stages: {} });
  loaded = [];
  meanwhile = [];
  let ids = 0;
  let time = 0;
  ports = {
    runs,
    trainer,
    launchers: launcher,
    models: {
      list: async () => [],
      chatModel: async (name: string, kind: string) => {
        loaded.push(`${kind} ${name}`);
        if (name === 'broken') throw new FoilError('bad-adapter', 'the engine refused it');
        return {} as never;
      },
      discriminator: async () => ({}) as never,
    },
    clock: {
      now: () => {
        time += 1000;
        return new Date(time);
      },
      sleep: async (_, stop) => {
        stop.throwIfAborted();
        meanwhile.shift()?.();
      },
    },
    newId: (prefix) => `${prefix}-${++ids}`,
  };
});

async function drain<T, R>(events: AsyncGenerator<T, R>): Promise<{ events: T[]; value: R }> {
  const all: T[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) return { events: all, value: next.value };
    all.push(next.value);
  }
}

const plan = async (): Promise<Plan> => (await drain(planRun(ports, request(), signal))).value;
const start = async () => (await drain(startRun(ports, await plan(), signal))).value;
const step = (n: number, loss: number) =>
  `${JSON.stringify({ t: n, event: 'step', step: n, steps: 9, loss, eta: 5 })}\n`;

test('a plan is no run until it is started, and leaves nothing where its check finds something wrong', async () => {
  const made = await plan();
  expect(await listRuns(ports, signal)).toEqual({ runs: [], skipped: [] });
  const record = (await drain(startRun(ports, made, signal))).value;
  expect(record.handle).toMatchObject({ job: 'sft-1', attempt: 1 });
  expect((await lookAt(ports, 'sft-1', signal)).report.state).toBe('running');

  trainer.fault = new FoilError('no-rows', 'nothing to train on');
  await expect(drain(planRun(ports, request(), signal))).rejects.toThrow('nothing to train on');
  expect(trainer.discarded).toEqual(['sft-2']);
  trainer.fault = null;
  await discardPlan(ports, await plan());
  expect(trainer.discarded).toEqual(['sft-2', 'sft-3']);
});

test('a run that its launcher refused says why, and can be handed in again without running twice', async () => {
  launcher.refuse = new FoilError('no-partition', 'there is no such partition');
  const made = await plan();
  await expect(drain(startRun(ports, made, signal))).rejects.toThrow('no such partition');
  const refused = await lookAt(ports, 'sft-1', signal);
  expect(refused).toMatchObject({ report: { state: 'failed' }, actions: ['resume', 'clone'] });
  expect(refused.failure).toContain('no such partition');

  launcher.refuse = null;
  await drain(resumeRun(ports, 'sft-1', signal));
  expect(launcher.jobs.map(({ attempt, argv }) => [attempt, argv.includes('--resume')])).toEqual([[1, false]]);
  expect((await lookAt(ports, 'sft-1', signal)).report.state).toBe('running');
});

test('whoever died between submitting and noting it finds the same job again', async () => {
  const made = await plan();
  await trainer.publish(made.id);
  await launcher.submit((await drain(trainer.job(made.record, 1))).value);
  expect((await lookAt(ports, 'sft-1', signal)).report).toMatchObject({ state: 'queued' });
  await drain(resumeRun(ports, 'sft-1', signal));
  expect(launcher.jobs).toHaveLength(1);
});

test('a job that nobody noted is found and ended by its cancel', async () => {
  const made = await plan();
  await trainer.publish(made.id);
  await launcher.submit((await drain(trainer.job(made.record, 1))).value);
  const summary = await cancelRun(ports, 'sft-1', signal);
  expect(launcher.cancelled).toEqual(['sft-1']);
  expect(launcher.jobs).toHaveLength(1);
  expect(summary).toMatchObject({ report: { state: 'cancelled' }, record: { handle: { attempt: 1 } } });
});

test('a cancelled job that traps TERM is cancelled, not failed; it can be resumed with its checkpoint', async () => {
  await start();
  const summary = await cancelRun(ports, 'sft-1', signal);
  expect(summary.report.state).toBe('cancelled');
  expect(summary.failure).toBeNull();
  await expect(cancelRun(ports, 'sft-1', signal)).rejects.toThrow('nothing to cancel');

  const { value } = await drain(resumeRun(ports, 'sft-1', signal));
  expect(value).toMatchObject({ handle: { attempt: 2 }, cancelled: null, ended: null });
  expect(launcher.jobs[1]?.argv).toContain('--resume');
  await expect(drain(resumeRun(ports, 'sft-1', signal))).rejects.toThrow('nothing to resume');
});

test('an end is remembered: nobody is asked again, not even where the launcher is gone', async () => {
  await start();
  launcher.become('sft-1', { state: 'done', code: 0 });
  expect((await lookAt(ports, 'sft-1', signal)).report.state).toBe('done');
  launcher.reports.clear();
  expect((await lookAt(ports, 'sft-1', signal)).report.state).toBe('done');
});

test('a launcher that is not in foil.yaml any more, or that nobody reaches, says nothing about the job', async () => {
  await start();
  launcher.unreachable = new FoilError('unreachable', 'no route to host');
  const summary = await lookAt(ports, 'sft-1', signal);
  expect(summary).toMatchObject({ report: { state: 'unknown', reason: 'no route to host' }, failure: null });
  launcher.unreachable = null;
  await runs.update('sft-1', (record) => ({ ...record, handle: { ...record.handle!, launcher: 'gone' } }));
  expect((await lookAt(ports, 'sft-1', signal)).report).toMatchObject({ state: 'unknown' });
});

test('a lost run says what can be done; resuming it first ends what may be left', async () => {
  await start();
  launcher.become('sft-1', { state: 'lost', heartbeat: '2026-01-01T00:00:00.000Z', reason: 'its heartbeat stopped' });
  const summary = await lookAt(ports, 'sft-1', signal);
  expect(summary.actions).toEqual(['resume', 'cancel', 'clone']);
  expect(summary.failure).toMatch(/heartbeat stopped.*Resume.*cancel.*log/u);
  await drain(resumeRun(ports, 'sft-1', signal));
  expect(launcher.cancelled).toEqual(['sft-1']);
  expect(launcher.jobs.map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test.each([
  [{ state: 'failed', signal: 'KILL' } as const, '', 'memory ran out'],
  [{ state: 'failed', code: 137 } as const, '', 'memory ran out'],
  [{ state: 'failed', code: 1 } as const, '', 'ended with code 1'],
  [
    { state: 'failed', code: 1 } as const,
    '{"t":1,"event":"failed","kind":"disk-full","message":"The disk is full.","remedy":"Free some space."}\n',
    'The disk is full. Free some space.',
  ],
])('a failure says what to do: %j', async (report, events, text) => {
  await start();
  runs.disk.append(fileOf('sft-1', 'events'), events);
  launcher.become('sft-1', report);
  expect((await lookAt(ports, 'sft-1', signal)).failure).toContain(text);
});

test('followed from anywhere, a run tells all of its events once, the end of its log, and its end last', async () => {
  await start();
  runs.disk.write(fileOf('sft-1', 'events'), step(1, 3) + step(2, 2).slice(0, 20));
  runs.disk.write(fileOf('sft-1', 'log'), 'loading\n');
  launcher.readings = [
    { index: 0, name: 'g', utilization: 9, memoryUsedMb: 1, memoryTotalMb: 2, powerW: null, temperatureC: null },
  ];
  meanwhile = [
    () => {
      runs.disk.append(fileOf('sft-1', 'events'), step(2, 2).slice(20));
      runs.disk.append(fileOf('sft-1', 'log'), 'half a li');
    },
    () => {
      runs.disk.append(fileOf('sft-1', 'log'), 'ne\nbye\n');
      runs.disk.append(fileOf('sft-1', 'events'), `${step(3, 1)}{"t":9,"event":"done","stage":"sft"}\n`);
      launcher.become('sft-1', { state: 'done', code: 0 });
    },
  ];
  const { events } = await drain(followRun(ports, 'sft-1', signal));
  const told = events.flatMap((event) => (event.type === 'events' ? event.events : []));
  expect(told.map((event) => (event.event === 'step' ? event.step : event.event))).toEqual([1, 2, 3, 'done']);
  const shown = new Map<number, string>();
  for (const event of events)
    if (event.type === 'log') for (const { at, text } of event.page.lines) shown.set(at, text);
  expect([...shown.values()]).toEqual(['loading', 'half a line', 'bye']);
  const states = events.filter((event): event is RunEvent & { type: 'state' } => event.type === 'state');
  expect(states.at(-1)?.summary).toMatchObject({
    report: { state: 'done' },
    step: 3,
    loss: 1,
    actions: ['adopt', 'clone'],
  });
  expect(events.some((event) => event.type === 'gpus')).toBe(true);
});

test('files of another machine are read through its launcher; a cut line makes nothing fail', async () => {
  launcher.remote = new FakeFiles();
  await start();
  launcher.remote.write(fileOf('sft-1', 'events'), step(1, 3));
  meanwhile = [
    () => {
      launcher.unreachable = new FoilError('unreachable', 'no route');
    },
    () => {
      launcher.unreachable = null;
      launcher.remote?.append(fileOf('sft-1', 'events'), step(2, 2));
      launcher.become('sft-1', { state: 'done' });
    },
  ];
  const { events } = await drain(followRun(ports, 'sft-1', signal));
  const states = events.flatMap((event) => (event.type === 'state' ? [event.summary.report.state] : []));
  expect([...new Set(states)]).toEqual(['running', 'unknown', 'done']);
  const told = events.flatMap((event) => (event.type === 'events' ? event.events : []));
  expect(told).toHaveLength(2);
});

test('who stops watching stops nothing', async () => {
  await start();
  const stop = new AbortController();
  meanwhile = [() => {}, () => stop.abort()];
  await expect(drain(watchRuns(ports, { everyMs: 1 }, stop.signal))).rejects.toThrow('abort');
  expect(launcher.cancelled).toEqual([]);
});

test('adoption collects, exports, registers and loads; what does not load is adopted all the same', async () => {
  launcher.remote = new FakeFiles();
  await start();
  await expect(drain(adoptRun(ports, 'sft-1', null, signal))).rejects.toThrow('nothing to adopt');
  launcher.become('sft-1', { state: 'done' });
  const { events } = await drain(adoptRun(ports, 'sft-1', null, signal));
  expect(events.at(-1)).toEqual({
    type: 'adopted',
    name: 'sim-it1',
    folder: '/workspace/models/sim-it1',
    notLoaded: null,
  });
  expect(launcher.collected).toEqual(['sft-1 /workspace/runs/sft-1']);
  expect(trainer.adopted).toEqual(['sft-1 sim-it1']);
  expect(loaded).toEqual(['simulator sim-it1']);
  expect(await runs.load('sft-1')).toMatchObject({ adopted: { name: 'sim-it1' }, collected: true });

  const again = await drain(adoptRun(ports, 'sft-1', 'broken', signal));
  expect(again.events.at(-1)).toMatchObject({ name: 'broken', notLoaded: 'the engine refused it' });
  // Brought here once.
  expect(launcher.collected).toHaveLength(1);
});

test('a clone asks for the same; notes are added to what is there', async () => {
  runs.records.set('a', fakeRecord('a', request({ changes: { lr: 1 } })));
  expect(await cloneRun(ports, 'a')).toEqual({ ...request({ changes: { lr: 1 } }), from: 'a' });
  await noteRun(ports, 'a', ' first ');
  await noteRun(ports, 'a', 'second');
  expect((await runs.load('a')).notes.map(({ text }) => text)).toEqual(['first', 'second']);
  await expect(noteRun(ports, 'a', '  ')).rejects.toThrow('needs some text');
});
