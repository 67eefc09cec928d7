import { expect, test } from 'vitest';
import { runLoop } from '../../src/core/workflows/loop/loop.ts';
import { Disk, processOn, settings } from '../core/loop/world.ts';
import { makeSession } from '../fixtures/sessions.ts';
import { DOWN, enter, openApp, pressEsc, RIGHT, SMALL, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { F7, loopBench } from './loop-screen.ts';
import { toField } from './runs-screen.ts';
import type { Screen } from './terminal.ts';

const CTRL_S = '\u0013';
const CTRL_U = '\u0015';

async function withCorpora(size = SMALL) {
  const bench = fakeBench();
  await bench.sessionStore.append('real-train', [makeSession('a'), makeSession('b')]);
  await bench.sessionStore.append('real-valid', [makeSession('c')]);
  const { screen, control } = await openApp(bench, size);
  await screen.send(F7);
  await screen.waitFor('no loop yet: n makes one');
  return { screen, control, ports: await bench.loops() };
}

/** Enter on a field of text, and another text in it. */
async function write(screen: Screen, label: string, text: string): Promise<void> {
  await toField(screen, label);
  await enter(screen);
  await screen.send(CTRL_U);
  await screen.type(text);
  await enter(screen);
}

test.each([SMALL, { columns: 160, rows: 50 }])('a loop is made from the form at $columns x $rows', async (size) => {
  const { screen, ports } = await withCorpora(size);
  await screen.send('n');
  await screen.waitFor('New loop ─ loop-1');
  expect(screen.text()).toMatch(/training contexts +real-train/u);
  await write(screen, 'name', 'small');
  await screen.waitFor('New loop ─ small');
  await write(screen, 'iterations', 'none');
  await screen.waitFor('✗ "none" is no number');
  await screen.send(CTRL_U);
  await screen.type('2');
  await enter(screen);
  await screen.waitFor(/iterations +2 \*/u);
  await toField(screen, 'chatbots');
  await enter(screen);
  await screen.waitFor('[x] bot-a');
  await screen.send(TAB);
  await screen.waitFor('[ ] bot-a');
  await screen.type('kin');
  await screen.send(TAB);
  await screen.waitFor('[x] kind');
  await enter(screen);
  await screen.waitFor(/chatbots +kind/u);
  await toField(screen, 'who opens the gate');
  await screen.send(RIGHT);
  await screen.waitFor(/who opens the gate +rule/u);
  await write(screen, 'pairs at least', '5');
  await screen.send(CTRL_S);
  await screen.waitFor('small is made, and nothing is started');
  await screen.waitFor('Loop ─ small');
  expect(await ports.loops.load('small')).toMatchObject({
    ...{ iterations: 2, chatbots: ['kind'], review: { by: 'rule' }, dpo: { floor: 5 }, simulator: 'sim-a' },
    ...{ contexts: { train: 'real-train', valid: 'real-valid' }, max_user_turns: 3, per_context: 2 },
  });
});

test('a form that cannot be taken goes to the field that is wrong, and makes nothing', async () => {
  const { screen, ports } = await withCorpora();
  await screen.send('n');
  await toField(screen, 'held-out contexts');
  await screen.send(RIGHT);
  await screen.send(CTRL_S);
  await screen.waitFor('it must be another corpus than the training contexts');
  expect(await ports.loops.list()).toEqual([]);
  // what was filled in is not thrown away by one key
  await pressEsc(screen);
  await screen.waitFor('Leave the form?');
  await screen.send('n');
  await screen.waitFor('New loop');
  await pressEsc(screen);
  await screen.send('y');
  await screen.waitFor('no loop yet');
});

test('several loops are a list with what comes next; one is opened, and left for the list', async () => {
  const disk = await Disk.make({ review: { by: 'person' } });
  await disk.loops.create(settings({ name: 'other', iterations: 3 }));
  const { bench } = loopBench(disk);
  const { screen } = await openApp(bench, SMALL);
  await screen.send(F7);
  const list = await screen.waitFor('1 of 2');
  expect(list).toMatch(/demo +1 +simulate of iteration 0: ready/u);
  expect(list).toMatch(/other +3 +simulate of iteration 0: ready/u);
  await screen.send(DOWN);
  await enter(screen);
  await screen.waitFor('Loop ─ other');
  await screen.waitFor('k = 2');
  await pressEsc(screen);
  await screen.waitFor('2 of 2');
});

test('at first the loop that something was done in last opens, so that to go on is one key', async () => {
  const disk = await Disk.make({ review: { by: 'person' } });
  await disk.loops.create(settings({ name: 'another' }));
  for await (const _ of runLoop(processOn(disk).ports, 'demo', 'stage', new AbortController().signal));
  const { bench } = loopBench(disk);
  const { screen } = await openApp(bench, SMALL);
  await screen.send(F7);
  await screen.waitFor('next: discriminator of iteration 0');
  await screen.send('a');
  await screen.waitFor('demo waits for a person');
  await screen.send('L');
  await screen.waitFor(/another +1 +simulate of iteration 0: ready/u);
  expect(screen.text()).toMatch(/demo +1 +review of iteration 0: waiting/u);
});

test('a loop whose file is wrong says where and what, and is read again once it is mended', async () => {
  const disk = await Disk.make();
  const { bench, ports } = loopBench(disk);
  const { FoilError } = await import('../../src/core/errors.ts');
  const { load } = ports.loops;
  let broken = true;
  ports.loops.load = async (name) => {
    if (broken) throw new FoilError('bad-json', 'loop.json is not JSON', { remedy: 'mend it' });
    return await load(name);
  };
  const { screen } = await openApp(bench, SMALL);
  await screen.send(F7);
  await screen.waitFor('loop.json is not JSON');
  expect(screen.text()).toContain('mend it');
  broken = false;
  await screen.send('r');
  await screen.waitFor(/next: simulate|simulate of iteration 0/u);
});
