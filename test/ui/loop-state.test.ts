import { describe, expect, test } from 'vitest';
import { cellWidth } from '../../src/core/text/wrap.ts';
import type { Alarm } from '../../src/core/workflows/loop/alarms.ts';
import { runLoop } from '../../src/core/workflows/loop/loop.ts';
import { cellAt } from '../../src/core/workflows/loop/plan.ts';
import { readLoop } from '../../src/core/workflows/loop/read.ts';
import type { LoopEvent } from '../../src/core/workflows/loop/types.ts';
import { yieldsOf } from '../../src/core/workflows/loop/view.ts';
import {
  moveCursor,
  NO_LOOPS,
  type OpenLoop,
  type RunningLoop,
  shownAlarm,
  shownLoop,
} from '../../src/ui/state/loop.ts';
import { jumpOf, stageRows } from '../../src/ui/state/loop-detail.ts';
import { alarmCells, alarmSeries, alarmsHeader, alarmText } from '../../src/ui/state/loop-figures.ts';
import { gridRows, gridTop, shortTime } from '../../src/ui/state/loop-grid.ts';
import {
  alarmsText,
  endText,
  lineOf,
  measured,
  meterText,
  reduceLoop,
  reduceOpen,
  secondsLeft,
  stoppedText,
  viewOf,
} from '../../src/ui/state/loop-run.ts';
import { Disk, processOn } from '../core/loop/world.ts';

const { signal } = new AbortController();
const text = (rows: readonly (readonly { text: string }[])[]) =>
  rows.map((row) => row.map((segment) => segment.text).join('')).join('\n');

async function opened(disk: Disk): Promise<OpenLoop> {
  const { settings, grid } = await readLoop(processOn(disk).ports, 'demo');
  return { settings, view: viewOf(settings, grid), holder: null, gate: null, meter: null };
}

async function running(disk: Disk): Promise<RunningLoop> {
  const { settings, view } = await opened(disk);
  return { name: 'demo', extent: 'all', settings, view, meter: null, stopping: false, line: '' };
}

describe('the meter', () => {
  const mark = (done: number, at: number, of: number | null = 48) => ({ done, of, at });

  test('gives rate and time left of what was done since one looks, not of what was there before', () => {
    const begun = measured(null, 'a', mark(8, 1000));
    expect(meterText(begun)).toBe('8 of 48');
    const later = measured(begun, 'a', mark(18, 61_000));
    expect(secondsLeft(later)).toBeCloseTo(180);
    expect(meterText(later)).toBe('18 of 48 · 10 a minute · 3 min 00 s left');
    // no count to reach: no time left
    expect(meterText(measured(measured(null, 'a', mark(0, 0, null)), 'a', mark(3, 60_000, null)))).toBe(
      '3 · 3.0 a minute',
    );
  });

  test('begins anew with another count, and where a count falls', () => {
    const meter = measured(measured(null, 'a', mark(8, 1000)), 'a', mark(18, 61_000));
    expect(meterText(measured(meter, 'b', mark(19, 62_000)))).toBe('19 of 48');
    expect(meterText(measured(meter, 'a', mark(2, 62_000)))).toBe('2 of 48');
  });
});

test('events of a run become its line, its meter and its alarms in their order', async () => {
  const disk = await Disk.make({ review: { by: 'person' } });
  let state = await running(disk);
  expect(lineOf(state)).toBe('● demo: looking at what there is …');
  const at = { iteration: 0, stage: 'simulate' as const };
  const play = (event: LoopEvent, now: number) => {
    state = reduceLoop(state, event, now);
    return state.line;
  };
  expect(play({ type: 'begin', ...at, again: false }, 0)).toBe('● demo k = 0, simulate: …');
  expect(play({ type: 'progress', ...at, text: 'demo-s0-train, 2 turns', done: 0, of: 4 }, 1000)).toBe(
    '● demo k = 0, simulate: 0 of 4 · demo-s0-train, 2 turns',
  );
  expect(play({ type: 'progress', ...at, text: 'demo-s0-train, 40 turns', done: 2, of: 4 }, 61_000)).toBe(
    '● demo k = 0, simulate: 2 of 4 · 2.0 a minute · 1 min 00 s left',
  );
  play({ type: 'run', ...at, run: 'r-1' }, 61_000);
  expect(state.meter?.now.done).toBe(2);
  expect(stoppedText(state)).toContain('its training run goes on (F5)');
  play({ type: 'end', ...at, counts: { sessions: 4 }, seconds: 61 }, 62_000);
  expect(state.meter).toBeNull();
  expect(stoppedText(state)).toBe('demo is stopped: s, i or a goes on where it was');
  const codes = state.view.alarms.map(({ code }) => code);
  const fired = { ...(state.view.alarms[2] as Alarm), verdict: 'alarm' as const };
  play({ type: 'alarm', alarm: fired }, 63_000);
  expect(state.view.alarms.map(({ code }) => code)).toEqual(codes);
  expect(state.view.alarms[2]?.verdict).toBe('alarm');
  for (let said = 0; said < 120; said += 1) play({ type: 'notice', ...at, text: `n${said}` }, 64_000);
  expect(state.view.notices).toHaveLength(50);
  expect(state.view.notices.at(-1)).toBe('n119');
});

test('alarms follow the grid while it is run', async () => {
  const disk = await Disk.make();
  let state = await running(disk);
  expect(state.view.alarms[0]?.verdict).toBe('unknown');
  for await (const event of runLoop(processOn(disk).ports, 'demo', 'all', signal)) state = reduceLoop(state, event, 0);
  expect(state.view.alarms[0]).toMatchObject({ code: 'pairs', verdict: 'ok' });
});

describe('the cursor', () => {
  test('stays on cells that there are, and finds what is next', async () => {
    const { view } = await opened(await Disk.make({ judge_last: true }));
    const at = { iteration: 0, stage: 'check' } as const;
    expect(moveCursor(view, at, 'right')).toEqual(at);
    expect(moveCursor(view, at, 'up')).toEqual(at);
    // the last row only judges: it has two stages
    expect(moveCursor(view, at, 'down')).toEqual({ iteration: 1, stage: 'discriminator' });
    expect(moveCursor(view, at, 'left')).toEqual({ iteration: 0, stage: 'dpo' });
    expect(moveCursor(view, at, 'next')).toEqual({ iteration: 0, stage: 'simulate' });
  });
});

describe('the grid', () => {
  test('cells fit their columns at every width, and the cursor shows without colour', async () => {
    const disk = await Disk.make({ judge_last: true, iterations: 3 });
    for await (const _ of runLoop(processOn(disk).ports, 'demo', 'iteration', signal));
    const loop = await opened(disk);
    for (const width of [78, 98, 158]) {
      const rows = gridRows(loop, { iteration: 0, stage: 'mine' }, width);
      expect(rows).toHaveLength(8);
      for (const row of rows) expect(cellWidth(text([row]))).toBeLessThanOrEqual(width);
      expect(text(rows).match(/▸/gu)).toHaveLength(1);
      expect(text(rows)).toMatch(/▸✓ \d/u);
      expect(text(rows)).toContain('10 min');
    }
  });

  test('says what runs, by a sign, a word and a count', async () => {
    const loop = await opened(await Disk.make());
    const doing = { iteration: 0, stage: 'simulate' as const, text: '', done: 3, of: 5, run: null };
    const meter = measured(measured(null, 'x', { done: 1, of: 5, at: 0 }), 'x', { done: 3, of: 5, at: 60_000 });
    const shown = text(gridRows({ ...loop, view: { ...loop.view, doing }, meter }, doing, 158));
    expect(shown).toMatch(/▸● 3 of 5/u);
    expect(shown).toContain('1 min left');
  });

  test.each([
    [12, '12 s'],
    [59.6, '1 min'],
    [1234, '21 min'],
    [7200, '2.0 h'],
  ])('%d seconds are %s', (seconds, shown) => expect(shortTime(seconds)).toBe(shown));

  test('scrolls by whole iterations, with that of the cursor in view', () => {
    expect(gridTop(20, 0, 8)).toBe(0);
    expect(gridTop(20, 10, 8)).toBe(6);
    expect(gridTop(20, 18, 8)).toBe(12);
    expect(gridTop(6, 4, 8)).toBe(0);
  });

  test('a yield comes in fewer and fewer words', async () => {
    const cell = cellAt((await opened(await Disk.make())).view.grid, 0, 'review');
    expect(cell && yieldsOf({ ...cell, counts: { approved: 20, rejected: 3 } })).toEqual([
      ...['20 approved, 3 rejected', '20 yes, 3 no', '20+ 3-', '20'],
    ]);
  });
});

describe('a stage', () => {
  test('says what it reads and makes, what it waits for, and where Enter goes', async () => {
    const disk = await Disk.make({ review: { by: 'person' } });
    for await (const _ of runLoop(processOn(disk).ports, 'demo', 'all', signal));
    const gate = { iteration: 0, set: 'demo-p0', approved: 0, rejected: 1, pending: 3 };
    const loop = { ...(await opened(disk)), gate };
    const of = (stage: 'simulate' | 'discriminator' | 'score' | 'mine' | 'review' | 'dpo' | 'check') =>
      [text(stageRows(loop, { iteration: 0, stage }, 100)), jumpOf(loop, { iteration: 0, stage })] as const;
    const [simulated, toSessions] = of('simulate');
    expect(simulated).toMatch(/made +sessions demo-s0-train, demo-s0-valid/u);
    expect(toSessions).toEqual({ kind: 'sessions', corpus: 'demo-s0-train' });
    const [trained, toRun] = of('discriminator');
    expect(trained).toContain('accuracy over all turns .70 [.60 .80]; beside it: bag of words (user) .80 [.70 .90]');
    expect(toRun).toEqual({ kind: 'run', id: 'discriminator-1' });
    const [waits, toPairs] = of('review');
    expect(waits).toContain('0 approved (DPO needs 1), 1 rejected, 3 pending');
    expect(toPairs).toEqual({ kind: 'review', set: 'demo-p0' });
    disk.touched.set('train', 'another');
    const stale = await opened(disk);
    expect(cellAt(stale.view.grid, 0, 'simulate')?.state).toBe('stale');
    expect(jumpOf(stale, { iteration: 0, stage: 'simulate' })).toEqual({ kind: 'sessions', corpus: 'demo-s0-train' });
    expect(of('score')[1]).toEqual({ kind: 'sessions', corpus: 'demo-s0-train' });
    const [later, nowhere] = of('dpo');
    expect(later).toMatch(/makes +model demo-it1/u);
    expect(later).toContain('an earlier stage comes first');
    expect(nowhere).toMatchObject({ kind: 'none', why: 'dpo of iteration 0 has no training run' });
  });
});

test('a stage that was cut off is gone on with by its key; at its end it says that its time is not all of it', async () => {
  const disk = await Disk.make();
  for await (const event of runLoop(processOn(disk).ports, 'demo', 'stage', signal)) {
    if (event.type === 'begin') break;
  }
  const at = { iteration: 0, stage: 'simulate' } as const;
  const cut = await opened(disk);
  expect(text(stageRows(cut, at, 100))).toMatch(/next +s goes on with it, i this iteration, a all/u);
  for await (const _ of runLoop(processOn(disk).ports, 'demo', 'iteration', signal));
  const loop = await opened(disk);
  expect(text(stageRows(loop, at, 100))).toMatch(/done, > 1 min \d+ s \(since it was last begun; .* not known\)/u);
  expect(text(stageRows(loop, { ...at, stage: 'mine' }, 100))).toMatch(/done, \d+ s\n/u);
  expect(text(gridRows(loop, at, 158)).match(/> 1 min/gu)).toHaveLength(1);
});

test('a loop that was read again and has not changed is the same object; one that has is another', async () => {
  const disk = await Disk.make();
  const before = reduceOpen({ ...NO_LOOPS, loading: false }, await opened(disk));
  expect(reduceOpen(before, await opened(disk))).toBe(before);
  for await (const _ of runLoop(processOn(disk).ports, 'demo', 'stage', signal));
  expect(reduceOpen(before, await opened(disk)).open).not.toBe(before.open);
});

test('what is run here shows before what is on the disk; another loop that is run here does not', async () => {
  const disk = await Disk.make();
  const open = await opened(disk);
  const cursor = { iteration: 0, stage: 'simulate', pane: 'stage', alarm: 0, top: 0 } as const;
  const state = { ...NO_LOOPS, open, view: { kind: 'loop' as const, name: 'demo', ...cursor } };
  expect(shownLoop(state)).toMatchObject({ here: false });
  const here = await running(disk);
  expect(shownLoop({ ...state, running: here })).toMatchObject({ here: true, view: here.view });
  expect(shownLoop({ ...state, running: { ...here, name: 'other' } })).toMatchObject({ here: false });
});

describe('an alarm', () => {
  const point = (iteration: number, value: number | null) => ({
    ...{ iteration, value, low: value === null ? null : value - 0.1, high: value === null ? null : value + 0.1 },
    ...{ verdict: 'alarm' as const, text: '' },
  });
  const alarm: Alarm = {
    ...{ code: 'length', about: 'words a turn', from: 0.8, to: 1.25, verdict: 'alarm', text: 'too long' },
    points: [point(0, 1), point(1, 1.7), point(2, null)],
  };

  test('that fires is the one that shows, until another one is chosen', async () => {
    const { view } = await opened(await Disk.make());
    expect(shownAlarm(view, null)).toBe(0);
    const fires = { ...view, alarms: view.alarms.map((one) => (one.code === 'length' ? alarm : one)) };
    expect(shownAlarm(fires, null)).toBe(2);
    expect(shownAlarm(fires, 0)).toBe(0);
    expect(shownAlarm(fires, 99)).toBe(6);
    const watched = { ...alarm, code: 'reward' as const, verdict: 'watch' as const };
    const both = fires.alarms.map((one) => (one.code === 'reward' ? watched : one));
    expect(shownAlarm({ ...view, alarms: both }, null)).toBe(2);
    expect(
      shownAlarm({ ...view, alarms: view.alarms.map((one) => (one.code === 'reward' ? watched : one)) }, null),
    ).toBe(5);
    expect(alarmsText(both)).toBe('1 fire, 1 watched');
    expect(alarmsText([watched])).toBe('none fires, 1 watched');
    expect(alarmsText([])).toBe('none fires');
    const ended = { ...(await running(await Disk.make())), view: { ...view, alarms: both, outcome: 'done' as const } };
    expect(endText(ended).text).toMatch(/; alarms: length; watched: reward \(Tab\)$/u);
  });

  test('is drawn with its bounds and its interval', () => {
    const series = alarmSeries(alarm);
    expect(series.map(({ name }) => name)).toEqual(['at least', 'at most', 'from', 'to', 'length']);
    expect(series.at(-1)?.points).toEqual([
      { x: 0, y: 1 },
      { x: 1, y: 1.7 },
    ]);
    expect(series[1]?.points).toEqual([
      { x: 0, y: 1.25 },
      { x: 2, y: 1.25 },
    ]);
  });

  test('stands below the titles of its columns', () => {
    const [head, row] = [text([alarmsHeader(alarm, 78)]), ` ${text([alarmCells(alarm, 78)])}`];
    expect(row.indexOf('length')).toBe(head.indexOf('alarm'));
    expect(row.indexOf('0.8 to')).toBe(head.indexOf('well'));
    expect(row.indexOf('1.7')).toBe(head.indexOf('k = 1'));
  });

  test('says its newest value with the interval, and its verdict in a word', () => {
    expect(alarmText(alarm)).toBe('words a turn, iteration 1: 1.7 [1.6, 1.8]. ALARM: too long');
  });
});
