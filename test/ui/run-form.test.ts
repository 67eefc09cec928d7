import { describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { enter, LARGE, pressEsc, RIGHT, SMALL } from './app-screen.tsx';
import type { RunsWorld } from './runs-bench.ts';
import { MEMORY, type Opened, start, TRAINED, toField } from './runs-screen.ts';
import type { Screen } from './terminal.ts';

const CTRL_S = '\u0013';

/** Takes the first corpus that is offered for a field of rows. */
async function takeRows(screen: Screen, field: 'training rows' | 'validation rows'): Promise<void> {
  await toField(screen, field);
  await enter(screen);
  await screen.waitFor('type to filter');
  await enter(screen);
  await screen.waitFor(new RegExp(`${field}\\s+talks`, 'u'));
}

describe.each([SMALL, LARGE])('the form at $columns x $rows', (size) => {
  test('marks what is changed, refuses what cannot be, checks before it starts, and starts only then', async () => {
    const { screen, world, control } = await start((world) => {
      world.trainer.preflights = [TRAINED, MEMORY];
    }, size);
    await control.bench.ports.sessions.append('talks', []);
    await screen.send('n');
    await screen.waitFor('Which stage?');
    expect(screen.text()).toContain('Supervised fine-tuning (Eq. 1)');
    await enter(screen);
    await screen.waitFor('New run ─ sft');
    await screen.send('p');
    await screen.waitFor('choose what it is trained on');
    await screen.waitFor(/▌ {2}training rows/);
    await enter(screen);
    await screen.waitFor('type to filter');
    await enter(screen);
    await screen.waitFor(/training rows\s+talks/);
    await takeRows(screen, 'validation rows');

    await toField(screen, 'lr');
    expect(screen.text()).toMatch(/lr: Step of the optimiser/);
    expect(screen.text()).toMatch(/lr\s+0\.001\s+0\.001/);
    await enter(screen);
    await screen.waitFor('lr: 0.001');
    await screen.send('\u0015');
    await screen.type('-3');
    await enter(screen);
    await screen.waitFor('-3 is not above 0');
    await screen.send('\u0015');
    await screen.type('2e-4');
    await enter(screen);
    await screen.waitFor(/lr\s+0\.0002\s+\*\s+0\.001/);
    expect(screen.text()).toContain('1 changed');
    await toField(screen, 'scheduler');
    await screen.send(RIGHT);
    await screen.waitFor(/scheduler\s+constant\s+\*\s+cosine/);
    await screen.send('\u007f');
    await screen.waitFor('1 changed');

    await screen.send(CTRL_S);
    await screen.waitFor('passed: Ctrl+S starts the run');
    const shown = screen.text();
    expect(shown).toContain('100 rows in, 97 used, 3 dropped');
    expect(shown).toContain('tokens p50 400  p95 900  max 1090  cut 2.0%');
    expect(shown).toContain('2 dropped: longer than max_length');
    expect(shown).toContain('about 2.1 GB of 16 GB on cpu, fits');
    expect(shown).toContain('⟦my week was bad⟧');
    expect(world.launcher.jobs).toEqual([]);
    await screen.send(CTRL_S);
    await screen.waitFor('it goes on when Foil is closed');
    expect(world.launcher.jobs).toHaveLength(1);
    expect([...world.store.records.values()][0]?.request).toMatchObject({
      rows: { train: { from: 'corpus', corpus: 'talks' } },
      changes: { lr: 2e-4 },
    });
  });
});

test('a check that finds something wrong says what, and nothing can start', async () => {
  const { screen, world, control } = await start((world) => {
    world.trainer.preflights = [TRAINED];
    world.trainer.fault = new FoilError('bad-rows', 'no row is left', { remedy: 'raise max_length' });
  });
  await control.bench.ports.sessions.append('talks', []);
  await screen.send('n');
  await screen.waitFor('Which stage?');
  await enter(screen);
  await screen.waitFor('New run');
  await takeRows(screen, 'training rows');
  await takeRows(screen, 'validation rows');
  await screen.send('p');
  await screen.waitFor('not passed: no row is left');
  expect(screen.text()).toContain('raise max_length');
  await screen.send(CTRL_S);
  await screen.waitFor('not passed: no row is left');
  expect(world.launcher.jobs).toEqual([]);
  await pressEsc(screen);
  await screen.waitFor('Leave the form?');
  await screen.send('y');
  await screen.waitFor('newest first');
});

/** Opens the form of sft and fills in what it needs. */
async function filled(fill: (world: RunsWorld) => void): Promise<Opened> {
  const opened = await start(fill, LARGE);
  const { screen, control } = opened;
  await control.bench.ports.sessions.append('talks', []);
  await screen.send('n');
  await screen.waitFor('Which stage?');
  await enter(screen);
  await screen.waitFor('New run');
  for (const label of ['training rows', 'validation rows']) {
    await toField(screen, label);
    await enter(screen);
    await screen.waitFor('type to filter');
    await enter(screen);
    await screen.waitFor(new RegExp(`${label}\\s+talks`));
  }
  return opened;
}

test('a corpus that was imported while the form is open can be chosen, and is no name of a file', async () => {
  const { screen, control } = await filled(() => {});
  await control.bench.ports.sessions.append('late', []);
  await toField(screen, 'validation rows');
  await enter(screen);
  await screen.waitFor('type to filter');
  await screen.waitFor(/late\s+0 sessions/);
  await screen.type('late');
  await enter(screen);
  await screen.waitFor(/validation rows\s+late/);
});

test('a form that was changed while it is checked is checked anew: the older check ends and nothing of it stays', async () => {
  const { screen, world } = await filled((world) => {
    world.trainer.preflights = [TRAINED];
    world.trainer.hold = new Promise(() => {});
  });
  await screen.send(CTRL_S);
  await screen.waitFor('100 rows in');
  await screen.send(CTRL_S);
  await screen.waitFor('the run is being checked');
  await screen.send('\t');
  await toField(screen, 'scheduler');
  await screen.send(RIGHT);
  await screen.waitFor('1 changed');
  world.trainer.hold = null;
  await screen.send(CTRL_S);
  await screen.waitFor('passed: Ctrl+S starts the run');
  expect(screen.text()).not.toContain('the check was ended');
  expect(world.trainer.discarded).toHaveLength(1);
  await screen.send(CTRL_S);
  await screen.waitFor('it goes on when Foil is closed');
  expect([...world.store.records.values()].map(({ request }) => request.changes)).toEqual([{ scheduler: 'constant' }]);
});

test('the list does not say how many runs there are before it has read them', async () => {
  const { screen } = await start((world) => {
    world.store.list = () => new Promise(() => {});
  });
  await screen.waitFor(/Runs ═+ reading … ╗/);
  expect(screen.text()).not.toContain('0 running');
});
