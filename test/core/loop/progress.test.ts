import { expect, test } from 'vitest';
import { runLoop } from '../../../src/core/workflows/loop/loop.ts';
import { cellAt } from '../../../src/core/workflows/loop/plan.ts';
import type { LoopEvent } from '../../../src/core/workflows/loop/types.ts';
import { Disk, go, kinds, look, processOn } from './world.ts';

/** Scores that are on the disk, of any corpus. */
const scored = (disk: Disk) => [...disk.sessions.scores.values()].flat();

type Progress = Extract<LoopEvent, { type: 'progress' }>;

/** Progress of a stage, beside how many scores were on the disk when it was told. */
async function follow(disk: Disk, enough: (progress: Progress) => boolean = () => false) {
  const { ports } = processOn(disk);
  const at = async (name: string) => Object.assign(await ports.models.discriminator(name, signal), { atOnce: 4 });
  const models = { ...ports.models, chatModel: ports.models.chatModel.bind(ports.models), discriminator: at };
  const told: (Progress & { stored: number })[] = [];
  const { signal } = new AbortController();
  for await (const event of runLoop({ ...ports, models }, 'demo', 'stage', signal)) {
    if (event.type !== 'progress') continue;
    told.push({ ...event, stored: scored(disk).length });
    // as kill -9 does: nobody says that the stage has ended
    if (enough(event)) break;
  }
  return told;
}

test('simulating counts the sessions of all splits, so that the time left is that of the stage', async () => {
  const told = await follow(await Disk.make());
  expect(new Set(told.map(({ of }) => of))).toEqual(new Set([5]));
  const counts = told.map(({ done }) => done);
  expect(counts).toEqual(counts.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  expect(counts.at(-1)).toBe(5);
});

test('scoring counts what is on the disk, of all corpora; cut off, it tells at once what is there, and scores it not again', async () => {
  const disk = await Disk.make();
  await go(disk, 'stage');
  await go(disk, 'stage');
  // three sessions of one corpus and two of another, four at once: what is on its way does not count
  const first = await follow(disk, ({ done }) => done === 4);
  expect(first.map(({ done, of }) => [done, of])).toEqual([0, 1, 2, 3, 3, 4].map((done) => [done, 5]));
  expect(first.every(({ done, stored }) => done === stored)).toBe(true);
  const rest = await follow(disk);
  expect(rest[0]).toMatchObject({ done: 4, of: 5, stored: 4 });
  expect(rest.at(-1)).toMatchObject({ done: 5, of: 5, stored: 5 });
  const ids = scored(disk).map(({ session }) => session);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a stage that was cut off says that it took longer than is known', async () => {
  const disk = await Disk.make();
  await go(disk, 'stage');
  await go(disk, 'stage');
  await follow(disk, ({ done }) => done === 2);
  expect(kinds((await go(disk)).events)[0]).toBe('begin score');
  const { grid } = await look(disk);
  const resumed = grid.rows.flatMap(({ cells }) => cells).filter((cell) => cell.resumed);
  expect(resumed.map(({ stage }) => stage)).toEqual(['score']);
  // made anew with other inputs, and not cut off
  disk.touched.set('demo-d0', 'another');
  expect(cellAt((await look(disk)).grid, 0, 'score')).toMatchObject({ state: 'stale', resumed: true });
  expect((await go(disk, 'stage')).error).toBeNull();
  expect(cellAt((await look(disk)).grid, 0, 'score')).toMatchObject({ state: 'done', resumed: false });
});
