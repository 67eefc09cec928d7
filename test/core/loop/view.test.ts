import { expect, test } from 'vitest';
import { runLoop } from '../../../src/core/workflows/loop/loop.ts';
import { readLoop } from '../../../src/core/workflows/loop/read.ts';
import { type LoopView, openView, reduceView, simulatorOf, yieldOf } from '../../../src/core/workflows/loop/view.ts';
import { Disk, processOn } from './world.ts';

const { signal } = new AbortController();

test('a view follows a loop: what is done now, what each stage came to, and where it waits', async () => {
  const disk = await Disk.make({ review: { by: 'person' } });
  const { ports } = processOn(disk);
  const { grid, alarms } = await readLoop(ports, 'demo');
  const views: LoopView[] = [openView(grid, alarms)];
  for await (const event of runLoop(ports, 'demo', 'all', signal)) views.push(reduceView(views.at(-1)!, event));
  const doing = [...new Set(views.flatMap((view) => (view.doing ? [view.doing.stage] : [])))];
  expect(doing).toEqual(['simulate', 'discriminator', 'score', 'mine']);
  expect(views.find((view) => view.doing?.run)?.doing).toMatchObject({
    stage: 'discriminator',
    run: 'discriminator-1',
  });
  const last = views.at(-1)!;
  expect(last).toMatchObject({ doing: null, outcome: 'waiting', waiting: { set: 'demo-p0' }, failed: null });
  expect(last.grid.rows[0]?.cells.map((cell) => `${cell.stage} ${cell.state} ${yieldOf(cell)}`.trim())).toEqual([
    'simulate done 5 sessions',
    'discriminator done accuracy 0.70',
    'score done 5 sessions',
    expect.stringMatching(/^mine done \d pairs of 6 turns$/u),
    'review waiting',
    'dpo todo',
    'check todo',
  ]);
  expect(simulatorOf(last.grid, 0, 'it0')).toBe('it0');
  expect(simulatorOf(last.grid, 1, 'it0')).toBeNull();
});

test('a view keeps what failed until something begins again', async () => {
  const disk = await Disk.make();
  disk.failing.add('demo-d0');
  const { ports } = processOn(disk);
  const { grid, alarms } = await readLoop(ports, 'demo');
  let view = openView(grid, alarms);
  const play = async () => {
    for await (const event of runLoop(ports, 'demo', 'stage', signal)) view = reduceView(view, event);
  };
  await play();
  await expect(play()).rejects.toThrow('discriminator-1 is failed');
  expect(view).toMatchObject({ doing: null, failed: { stage: 'discriminator' } });
  disk.failing.clear();
  await play();
  expect(view).toMatchObject({ failed: null, outcome: 'reached' });
});
