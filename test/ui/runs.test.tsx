import { afterEach, describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { App } from '../../src/ui/app.tsx';
import { Controller } from '../../src/ui/control/controller.ts';
import { fakeBench } from './bench.ts';
import type { RunsWorld } from './runs-bench.ts';
import { renderScreen, type Screen } from './terminal.ts';

const open: { screen: Screen; control: Controller }[] = [];
afterEach(() => {
  for (const { screen, control } of open.splice(0)) {
    control.stop();
    screen.unmount();
  }
});

const ESC = '\u001b';
const F5 = `${ESC}[15~`;
const UP = `${ESC}[A`;
const DOWN = `${ESC}[B`;
const RIGHT = `${ESC}[C`;
const TAB = '\t';
const CTRL_S = '\u0013';

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 160, rows: 50 };

interface Opened {
  readonly screen: Screen;
  readonly world: RunsWorld;
  readonly control: Controller;
}

/** The Runs screen over a world that `fill` has filled. */
async function start(fill: (world: RunsWorld) => void, size = SMALL): Promise<Opened> {
  const bench = fakeBench();
  fill(bench.world);
  const control = new Controller(bench, size);
  const screen = await renderScreen(<App control={control} />, size);
  open.push({ screen, control });
  await control.start();
  await screen.waitFor('● engine');
  await screen.send(F5);
  await screen.waitFor('newest first');
  return { screen, world: bench.world, control };
}

async function enter(screen: Screen): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 45));
  await screen.send('\r');
}

async function esc(screen: Screen): Promise<void> {
  await screen.send(ESC);
  await new Promise((resolve) => setTimeout(resolve, 120));
}

/** Goes down to the field of a form that has this label. */
async function toField(screen: Screen, label: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    if (
      screen
        .text()
        .split('\n')
        .some((line) => line.includes('▌') && line.includes(`  ${label} `))
    )
      return;
    await screen.send(DOWN);
  }
  throw new Error(`no field ${label}:\n${screen.text()}`);
}

const steps = (from: number, to: number, more: (step: number) => object = () => ({})) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    event: 'step',
    step: from + index,
    steps: 200,
    eta: 90,
    loss: 3 - (from + index) / 100,
    learning_rate: 1e-3,
    tokens_per_s: 250,
    ...more(from + index),
  }));

const TRAINED = {
  type: 'event' as const,
  event: {
    ...{ event: 'preflight' as const, t: 1, split: 'train', rows: 100, used: 97, dropped: 3 },
    why: [
      { id: 'a', reason: 'longer than max_length' },
      { id: 'b', reason: 'longer than max_length' },
      { id: 'c', reason: 'no user turn' },
    ],
    ...{ tokens: { p50: 400, p95: 900, max: 1090 }, cut: 0.02, trained_tokens: 12_000 },
    ...{ example: '<|im_start|>assistant\n⟦my week was bad⟧', template_sha256: 'f'.repeat(64) },
  },
};
const MEMORY = {
  type: 'event' as const,
  event: { event: 'memory' as const, t: 1, estimate_bytes: 2.1e9, available_bytes: 16e9, device: 'cpu' },
};

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
    await esc(screen);
    await screen.waitFor('newer');
  });
});

test('an empty list says how to begin', async () => {
  const { screen } = await start(() => {});
  await screen.waitFor('no run yet: n starts one');
});

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
    await toField(screen, 'validation rows');
    await enter(screen);
    await screen.waitFor('type to filter');
    await enter(screen);
    await screen.waitFor(/validation rows\s+talks/);

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
  await toField(screen, 'training rows');
  await enter(screen);
  await screen.waitFor('type to filter');
  await enter(screen);
  await screen.waitFor(/training rows\s+talks/);
  await toField(screen, 'validation rows');
  await enter(screen);
  await screen.waitFor('type to filter');
  await enter(screen);
  await screen.waitFor(/validation rows\s+talks/);
  await screen.send('p');
  await screen.waitFor('not passed: no row is left');
  expect(screen.text()).toContain('raise max_length');
  await screen.send(CTRL_S);
  await screen.waitFor('not passed: no row is left');
  expect(world.launcher.jobs).toEqual([]);
  await esc(screen);
  await screen.waitFor('Leave the form?');
  await screen.send('y');
  await screen.waitFor('newest first');
});

describe('one run', () => {
  const dpo = (step: number) => ({
    'rewards/margins': step / 50,
    'rewards/accuracies': 0.9,
    'logps/chosen': -120,
    'logps/rejected': -150,
  });

  test('draws loss with validation, margins and more, and goes on live; resumes, notes, details', async () => {
    const { screen, world } = await start((world) => {
      world.add('dpo-1', { name: 'sim-it1', stage: 'dpo' }, { state: 'running' });
      world.events('dpo-1', [...steps(1, 60, dpo), { event: 'valid', step: 60, loss: 2.5, margins: 1.1 }]);
      world.launcher.readings = [
        {
          index: 0,
          name: 'H100',
          utilization: 87,
          memoryUsedMb: 2048,
          memoryTotalMb: 4096,
          powerW: null,
          temperatureC: null,
        },
      ];
    });
    await screen.waitFor('sim-it1');
    await enter(screen);
    await screen.waitFor('step 60/200');
    const shown = await screen.waitFor('GPU 0 87%');
    expect(shown).toContain('1 min 30 s left');
    expect(shown).toContain('◆ validation 2.5');
    expect(shown).toContain('Margin of the rewards');
    expect(shown).toMatch(/[⠁-⣿]{4}/u);
    world.events('dpo-1', steps(61, 70, dpo));
    await screen.waitFor('step 70/200');
    await screen.send(']');
    await screen.waitFor('Learning rate');
    await screen.send('w');
    await screen.type('looks good');
    await enter(screen);
    await screen.send(TAB);
    await screen.send(TAB);
    await screen.waitFor('looks good');
    expect(screen.text()).toContain('87% busy, 2.0 of 4.0 GiB');
    await screen.send('x');
    await screen.waitFor('Cancel sim-it1');
    await screen.send('n');
    expect(world.launcher.cancelled).toEqual([]);
    await screen.send('x');
    await screen.waitFor('Cancel sim-it1');
    await screen.send('y');
    await screen.waitFor('sim-it1 is cancelled; R resumes it');
    await screen.send('R');
    await screen.waitFor('goes on from its last checkpoint');
    expect(world.launcher.jobs.at(-1)).toMatchObject({ attempt: 2 });
  });

  test('a wide screen shows plots, details and log at once; p(real) as a histogram; a failure with its remedy', async () => {
    const { screen } = await start((world) => {
      world.add('d-1', { name: 'disc', stage: 'discriminator', kind: 'discriminator' }, { state: 'failed', code: 1 });
      const histogram = { real: [0, 0, 0, 0, 0, 1, 2, 3, 4, 30], simulated: [25, 5, 0, 0, 0, 0, 0, 0, 0, 0] };
      world.events('d-1', [
        ...steps(1, 9),
        { event: 'valid', step: 9, loss: 0.2, accuracy: 0.95, histogram },
        { event: 'failed', kind: 'disk-full', message: 'the disk is full', remedy: 'free 2 GB, then resume' },
      ]);
      world.log('d-1', 'first line\nlast line\n');
    }, LARGE);
    await screen.waitFor('disc');
    await enter(screen);
    const shown = await screen.waitFor('last line');
    expect(shown).toContain('p(real), step 9');
    expect(shown).toMatch(/0\.\d-1\.0 █+/);
    expect(shown).toContain('free 2 GB, then resume');
    expect(shown).toContain('following the end');
    expect(shown).toContain('Details');
  });

  test('the log follows, stops when one scrolls up and says so, finds, and G follows again', async () => {
    const { screen, world } = await start((world) => {
      world.add('sft-1', { name: 'sim' }, { state: 'running' });
      world.log(
        'sft-1',
        Array.from({ length: 5000 }, (_, k) => `line ${k}${k % 1000 === 7 ? ' needle' : ''}\n`).join(''),
      );
    });
    await screen.waitFor('sim ');
    await enter(screen);
    await screen.send(TAB);
    await screen.waitFor('line 4999');
    expect(screen.text()).toContain('following the end');
    world.log('sft-1', 'one more\n');
    await screen.waitFor('one more');
    await screen.send(UP);
    await screen.waitFor('scrolling stopped');
    world.log('sft-1', `${'unseen\n'.repeat(50)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(screen.text()).not.toContain('unseen');
    await screen.send('g');
    await screen.waitFor(/line 0\b/);
    await screen.send('/');
    await screen.type('NEEDLE');
    await enter(screen);
    await screen.waitFor('line 7 needle');
    await screen.send('n');
    await screen.waitFor('line 1007 needle');
    await screen.send('n');
    await screen.waitFor('line 2007 needle');
    await screen.send('N');
    await screen.waitFor('line 1007 needle');
    await screen.send('N');
    await screen.waitFor('line 7 needle');
    await screen.send('N');
    await screen.waitFor('line 4007 needle');
    expect(screen.text()).toContain('from the end again');
    await screen.send('G');
    await screen.waitFor('unseen');
    expect(screen.text()).toContain('following the end');
    // pages join: far up from the end, no line is missing or twice
    for (let page = 0; page < 40; page += 1) await screen.send(`${ESC}[5~`);
    const numbers = [...screen.text().matchAll(/line (\d+)\b/gu)].map((match) => Number(match[1]));
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  });

  test('a hostile log reaches no terminal', async () => {
    const { screen } = await start((world) => {
      world.add('sft-1', { name: 'sim' }, { state: 'running', reason: `${ESC}]52;c;aGk=\u0007` });
      world.log('sft-1', `${ESC}]52;c;aGk=\u0007 fine ${ESC}[2J\u202Eevil\u009b31m\nbar 1%\rbar 99%\n`);
      world.events('sft-1', [{ event: 'failed', kind: 'error', message: `${ESC}[2J bad`, remedy: `\u202Egood` }]);
    });
    await screen.waitFor('sim ');
    await enter(screen);
    await screen.send(TAB);
    await screen.waitFor('bar 99%');
    expect(screen.text()).not.toContain('bar 1%');
    await screen.send(TAB);
    await screen.waitFor('Lineage');
    for (const bad of [`${ESC}]52`, '\u202E', '\u009b']) expect(screen.raw()).not.toContain(bad);
    expect(screen.text()).toContain('Details');
  });
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
  await esc(screen);
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
  await esc(screen);
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
  await esc(screen);
  await screen.waitFor('C chat with it');
  await screen.send('C');
  await screen.waitFor('sim sim-b');
  await screen.waitFor('you are the chatbot');
});
