import { describe, expect, test } from 'vitest';
import { enter, LARGE, pressEsc, SMALL } from './app-screen.tsx';
import { start, steps } from './runs-screen.ts';

describe.each([SMALL, LARGE])('the list at $columns x $rows', (size) => {
  test('shows state as a word, step, loss, time left and age; newest first; a filter by typing', async () => {
    const { screen } = await start((world) => {
      world.add('sft-1', { name: 'older' }, { state: 'done' }, '2026-01-01T00:10:00.000Z');
      world.add('dpo-1', { name: 'newer', stage: 'dpo' }, { state: 'running' }, '2026-01-01T00:55:00.000Z');
      world.add('sft-2', { name: 'gone' }, { state: 'lost', heartbeat: '2026-01-01T00:30:00.000Z' });
      world.events('dpo-1', steps(1, 40));
    }, size);
    const shown = await screen.waitFor('newer');
    expect(shown).toMatch(/● running\s+dpo\s+newer.*local\s+40\/200\s+2\.6\s+1 min 30 s\s+5 min/);
    expect(shown).toMatch(/✓ done\s+sft\s+older/);
    expect(shown).toMatch(/\? lost\s+sft\s+gone/);
    expect(shown.indexOf('newer')).toBeLessThan(shown.indexOf('older'));
    expect(shown).toContain('1 running, 1 of 3');
    await screen.send('G');
    // a lost run says what can be done
    await screen.waitFor(/Resume goes on from its\s+last checkpoint|Resume goes on/);
    await screen.send('/');
    await screen.type('old');
    await screen.waitFor((text) => text.includes('older') && !text.includes('newer'));
    await enter(screen);
    await pressEsc(screen);
    await screen.waitFor('newer');
  });
});

test('an empty list says how to begin', async () => {
  const { screen } = await start(() => {});
  await screen.waitFor('no run yet: n starts one');
});

test('two runs on one plot, with what was asked for differently', async () => {
  const { screen } = await start((world) => {
    world.add('a', { name: 'first', changes: { lr: 1e-4 } }, { state: 'done' }, '2026-01-01T00:50:00.000Z');
    world.add('b', { name: 'second' }, { state: 'done' });
    world.events('a', steps(1, 50));
    world.events('b', steps(1, 30));
  });
  await screen.waitFor('second');
  await screen.send('=');
  await screen.waitFor('mark a run first');
  await screen.send('m');
  await screen.send('j');
  await screen.send('=');
  await screen.waitFor('Loss, train, 1 of');
  const shown = await screen.waitFor('○ second 2.7');
  expect(shown).toContain('─ first 2.5');
  expect(shown).toContain('lr: 0.0001 | preset');
  await screen.send(']');
  await screen.waitFor('Learning rate, 2 of');
  await pressEsc(screen);
  await screen.waitFor('newest first');
});

test('a clone opens the form as the run was asked for; an adopted run is one key from the Chat', async () => {
  const { screen, world } = await start((world) => {
    world.add('sft-1', { name: 'sim-b', changes: { lr: 1e-4 } }, { state: 'done', code: 0 });
  });
  await screen.waitFor('sim-b');
  await screen.send('c');
  await screen.waitFor('cloned from sft-1');
  expect(screen.text()).toContain('1 changed');
  await pressEsc(screen);
  await screen.waitFor('Leave the form?');
  await screen.send('y');
  await screen.waitFor('newest first');
  await screen.send('C');
  await screen.waitFor('it was not adopted yet (a)');
  await screen.send('a');
  await screen.waitFor('adopt as: sim-b');
  await enter(screen);
  await screen.waitFor('sim-b is ready in Chat');
  expect(screen.text()).toContain('exporting the adapter');
  expect(world.trainer.adopted).toEqual(['sft-1 sim-b']);
  await pressEsc(screen);
  await screen.waitFor('C chat with it');
  await screen.send('C');
  await screen.waitFor('sim sim-b');
  await screen.waitFor('you are the chatbot');
});
