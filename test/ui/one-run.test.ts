import { describe, expect, test } from 'vitest';
import { ESC, enter, LARGE, TAB, UP } from './app-screen.tsx';
import { start, steps } from './runs-screen.ts';

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
