import { describe, expect, test } from 'vitest';
import { Disk } from '../core/loop/world.ts';
import { DOWN, ESC, enter, LARGE, pressEsc, RIGHT, SMALL, TAB } from './app-screen.tsx';
import { LEFT, startLoop } from './loop-screen.ts';

const CTRL_C = '\u0003';
const F2 = `${ESC}OQ`;
const F7 = `${ESC}[18~`;

describe.each([SMALL, { columns: 100, rows: 30 }, LARGE])('a loop at $columns x $rows', (size) => {
  test('is run to its gate, reviewed, and on to its end; each cell says state, yield and time', async () => {
    const { screen, disk } = await startLoop({ iterations: 2 }, { size });
    expect(screen.text()).toMatch(/k = 0 +▸○/u);
    expect(screen.text()).toMatch(/s runs it, i this iteration, a all/u);
    await screen.send('a');
    await screen.waitFor('demo waits for a person');
    const shown = await screen.waitFor(/0 approved \(DPO needs 1\), 0 rejected, \d pending/u);
    expect(shown).toMatch(/✓ 5.*✓ .*0\.70.*✓ 5.*✓ \d of 6 *▸◆/u);
    expect(shown).toMatch(/it0 .*10 min.*wait/u);
    // the frame never leaves the terminal
    expect(shown.split('\n')[size.rows - 1]).toMatch(/\? help/u);
    await screen.send('a');
    await screen.waitFor('a person opens the gate first');
    for (const { id } of disk.pairs.pairs) await disk.pairs.decide('demo-p0', approve(id));
    await screen.send('o');
    const asked = (await screen.waitFor('Open the gate of iteration 0?')).replace(/[│║]\s+[│║]/gu, '');
    expect(asked).toMatch(/[1-6] pairs of demo-p0 are approved/u);
    await screen.send('y');
    await screen.waitFor('is open: s, i or a goes on');
    await screen.send('i');
    await screen.waitFor('what was asked for is done');
    expect(await screen.waitFor(/k = 1 +▸○/u)).toContain('demo-it1');
    expect(disk.models).toEqual(['demo-d0', 'demo-it1']);
  });
});

function approve(pair: string) {
  return {
    ...{ schema: 1 as const, pair, reviewer: 'anna', decision: 'approve' as const, at: '2026-01-01T00:00:00Z' },
    ...{ ms: 1, pass: 1, blind: null },
  };
}

test('one stage at a time: s stops after it, and the cursor is on what comes next', async () => {
  const { screen, disk } = await startLoop();
  await screen.send('s');
  await screen.waitFor('next: discriminator of iteration 0');
  expect(disk.models).toEqual([]);
  await screen.waitFor(/▸○/u);
});

test('what runs goes on behind other screens, with progress in the status line; x stops it, and it is gone on with', async () => {
  const { screen, control, disk, holds } = await startLoop({}, { train: true });
  await screen.send('a');
  await screen.waitFor(/▸● /u);
  await screen.waitFor(/● demo k = 0, discriminator: running/u);
  await screen.send(F2);
  await screen.waitFor('you are the chatbot');
  expect(screen.text()).toContain('● demo k = 0, discriminator');
  disk.runs.disk.append(
    'discriminator-1/events.jsonl',
    [10, 20].map((step) => `${JSON.stringify({ t: 1, event: 'step', step, steps: 60, loss: 1 })}\n`).join(''),
  );
  await screen.waitFor(/discriminator: 20 of 60/u);
  await screen.send(F7);
  await screen.waitFor('● runs here: all');
  await screen.waitFor(/● 20\/60/u);
  await screen.send('s');
  await screen.waitFor(/is\s+being\s+run\s+here:\s+x\s+stops\s+it/u);
  await screen.send('x');
  await screen.waitFor('its training run goes on (F5)');
  expect(control.state.loop.running).toBeNull();
  expect(disk.loops.journals.held.size).toBe(0);
  await screen.waitFor(/▸○/u);
  await screen.waitFor('begun');
  holds.train = true;
  await screen.send('s');
  await screen.waitFor(/✓ 0\.70/u);
  // the run that was found again, not another one
  expect(disk.launcher.jobs.map(({ id }) => id)).toEqual(['discriminator-1']);
});

test('Ctrl+C stops the loop before it leaves', async () => {
  const { screen, control } = await startLoop({}, { simulate: true });
  let left = false;
  control.quit = () => {
    left = true;
  };
  await screen.send('s');
  await screen.waitFor(/● demo k = 0, simulate/u);
  await screen.send(CTRL_C);
  await screen.waitFor('demo is stopped: s, i or a goes on');
  expect(left).toBe(false);
  expect(control.state.loop.running).toBeNull();
});

test('Enter goes from a cell to its sessions, its training run and its pairs', async () => {
  const { screen } = await startLoop();
  await screen.send('a');
  await screen.waitFor('waits for a person');
  await enter(screen);
  await screen.waitFor(/of \d+ done/u);
  expect(screen.text()).toContain('demo-p0');
  await screen.send(F7);
  await screen.waitFor('Loop ─ demo');
  for (const key of [LEFT, LEFT, LEFT]) await screen.send(key);
  await screen.waitFor('discriminator ─ iteration 0');
  await screen.waitFor('Enter opens the training run discriminator-1');
  await enter(screen);
  await screen.waitFor('demo-d0 ─ discriminator');
  await screen.send(F7);
  await screen.send(LEFT);
  await screen.waitFor('simulate ─ iteration 0');
  await enter(screen);
  await screen.waitFor('demo-s0-train');
  expect(screen.text()).toMatch(/Sessions .* of 3/u);
  await screen.send(F7);
  for (let step = 0; step < 6; step += 1) await screen.send(RIGHT);
  await screen.waitFor('check ─ iteration 0');
  await enter(screen);
  await screen.waitFor('check of iteration 0 has no sessions yet');
  // the sitting is open now: it goes to the set again
  for (const key of [LEFT, LEFT]) await screen.send(key);
  await screen.waitFor('review ─ iteration 0');
  await enter(screen);
  await screen.waitFor(/of \d+ done/u);
  expect(screen.text()).toContain('demo-p0');
});

test('a stage that failed says why and what to do, and is tried again', async () => {
  const disk = await Disk.make({ review: { by: 'person' } });
  disk.failing.add('demo-d0');
  const { screen } = await startLoop({}, { disk });
  await screen.send('a');
  await screen.waitFor('discriminator-1 is failed');
  await screen.waitFor(/▸✗/u);
  expect(screen.text()).toContain('what to do  foil runs log discriminator-1');
  disk.failing.clear();
  await screen.send('a');
  await screen.waitFor('waits for a person');
});

test('what a loop reads and has changed makes stages stale, with why', async () => {
  const disk = await Disk.make();
  const { screen } = await startLoop({}, { disk });
  await screen.send('a');
  await screen.waitFor('demo is done');
  await screen.waitFor('✓ done');
  disk.touched.set('train', 'another');
  await screen.send('r');
  await screen.waitFor(/~ 5/u);
  expect(screen.text()).toContain('stale');
  await screen.send('g');
  await screen.waitFor('~ stale: its inputs or settings have changed');
});

test('a loop that another process runs is shown live, says who runs it, and cannot be run here', async () => {
  const disk = await Disk.make();
  const { screen, ports } = await startLoop({}, { disk });
  const journal = await disk.loops.hold('demo');
  const { hash } = (
    await import('../../src/core/workflows/loop/read.ts').then(({ readLoop }) => readLoop(ports, 'demo'))
  ).grid.next as { hash: string };
  await journal.append({
    ...{ schema: 1, type: 'begin', iteration: 0, stage: 'simulate', hash, at: '2026-01-01T00:00:00.000Z', revision: 1 },
  });
  // found by looking from time to time
  await screen.waitFor('● process 4242 on elsewhere runs it', 8000);
  expect(screen.text()).toMatch(/▸● /u);
  await screen.send('s');
  await screen.waitFor('here one can only look');
  await journal.close();
  await screen.send('r');
  await screen.waitFor('begun, and goes on where it was');
  await screen.send('a');
  await screen.waitFor('demo is done');
});

test('alarms and figures: verdict in words, value per iteration, bounds, a plot, D beside shortcuts', async () => {
  const disk = await Disk.make({ iterations: 2 });
  const { screen } = await startLoop({}, { disk });
  await screen.send('a');
  await screen.waitFor('demo is done');
  await screen.send(TAB);
  await screen.waitFor('╔ Alarms');
  await screen.send('g');
  const alarms = await screen.waitFor('◆ pairs');
  expect(alarms).toMatch(/✓ ok +pairs +at least 1 +✓ \d +✓ \d/u);
  expect(alarms).toMatch(/approved pairs, iteration 1: \d/u);
  expect(alarms).toMatch(/k 0 +1/u);
  for (const key of [DOWN, DOWN]) await screen.send(key);
  await screen.waitFor(/words a turn \/ those of real users, iteration 1/u);
  await screen.send(TAB);
  const figures = await screen.waitFor('Figures ─ demo');
  expect(figures).toMatch(/demo-d0 +- +- +- +\.70 \[\.60 \.80\]/u);
  expect(figures).toMatch(/bag of words \(user\) +- +- +- +\.80/u);
  await screen.send('G');
  const spoken = await screen.waitFor('real users');
  expect(spoken).toMatch(/demo-it2 \(after\)|demo-it1 \(after\)/u);
  await pressEsc(screen);
  await screen.waitFor('╔ Loop ─ demo');
});

test('nothing is written to the terminal while nothing happens', async () => {
  const { screen } = await startLoop();
  await screen.settle();
  const before = screen.bytes();
  await new Promise((resolve) => setTimeout(resolve, 4500));
  expect(screen.bytes()).toBe(before);
});
