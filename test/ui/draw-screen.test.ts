import { expect, test } from 'vitest';
import { drawFields, newDrawForm, setDrawField } from '../../src/ui/state/draw-form.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { simulatedOf } from '../core/turing/sittings.ts';
import { DOWN, ESC, enter, LARGE, openApp, pressEsc, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

const F6 = `${ESC}[17~`;
const CTRL_N = '\u000e';
const CTRL_S = '\u0013';

async function start(size = SMALL) {
  const bench = fakeBench();
  const contexts = ['p1', 'p2', 'p3', 'p4'];
  const people = contexts.map((id) => sessionOf(id, [`we fought over ${id}`, 'and then?', 'he left', 'oh']));
  const made = contexts.map((id) => simulatedOf(`m-${id}`, id, [`I am sad about ${id}`, 'why?', 'that is all', 'oh']));
  await bench.sessionStore.append('people', people);
  await bench.sessionStore.append('made', made);
  const { screen } = await openApp(bench, size);
  await screen.send(F6);
  await screen.waitFor('no evaluation yet', 15_000);
  /** Chooses in the list of the selected field. */
  const choose = async (name: string) => {
    await enter(screen);
    await screen.waitFor(/Enter takes/u);
    await screen.type(name);
    await enter(screen);
  };
  /** Types into the selected field. */
  const write = async (text: string) => {
    await enter(screen);
    await screen.send('\u0015');
    await screen.type(text);
    await enter(screen);
  };
  const down = async (rows: number) => {
    for (let k = 0; k < rows; k += 1) await screen.send(DOWN);
  };
  return { bench, screen, choose, write, down };
}

test.each([SMALL, LARGE])(
  'a sitting is drawn on the screen as the command draws it, at $columns x $rows',
  async (size) => {
    const { bench, screen, choose, write, down } = await start(size);
    await screen.send('t');
    await screen.waitFor('New sitting');
    expect(screen.line(size.rows - 1)).toContain('Ctrl+S draw it');
    await screen.send(CTRL_S);
    await screen.waitFor('real sessions: choose it');
    await choose('people');
    await down(2);
    await choose('made');
    await screen.waitFor(/simulated sessions +made/u);
    await down(1);
    await write('1');
    await screen.waitFor(/>=2/u);
    await screen.send('\u0015');
    await screen.type('9');
    await enter(screen);
    await screen.waitFor(/▌ *sessions +9/u);
    await screen.send(CTRL_S);
    await screen.waitFor('Real or simulated? ─ sitting-1, by anna');
    await screen.waitFor('session 1 / 4 · turn 1 / 2');
    // what the command tells, too
    expect(screen.text()).toMatch(
      /4 sessions with 8 user turns are drawn; the corpora share no more than 4\s+contexts/u,
    );
    const drawn = bench.drawnSittings.get('sitting-1');
    expect(drawn?.head.settings).toEqual({
      ...{ real: 'people', split: null, simulated: ['made'], n: 9, turns: null, sides: 'coin', input: 'user-turns' },
      ...{ context: true, feedback: true, scale: [0.05, 0.2, 0.4, 0.6, 0.8, 0.95], seed: 1 },
    });
    expect(screen.text()).not.toMatch(/people|made/u);
    await screen.send('6');
    await screen.waitFor('turn 2 / 2');
    expect(drawn?.records).toMatchObject([{ type: 'guess', p: 0.95 }]);
    await pressEsc(screen);
    await screen.waitFor('no evaluation yet');
    // there is one now: it is offered, and another can be drawn under the next free name
    await screen.send('t');
    await screen.waitFor('sitting-1');
    expect(screen.line(size.rows - 1)).toContain('Ctrl+N draw a new one');
    await screen.send(CTRL_N);
    await screen.waitFor(/name +sitting-2/u);
  },
);

test('what cannot be drawn is said, and what was filled in stays', async () => {
  const { bench, screen, choose, down } = await start();
  await bench.sessionStore.append('other', [simulatedOf('o1', 'q1', ['hello', 'x'])]);
  await screen.send('t');
  await screen.waitFor('New sitting');
  await down(1);
  await choose('people');
  await down(2);
  await choose('other');
  await screen.send(CTRL_S);
  await screen.waitFor('0 contexts have a real session and one of each simulated corpus');
  expect(screen.text()).toMatch(/simulated sessions +other/u);
  expect(bench.drawnSittings.size).toBe(0);
  await pressEsc(screen);
  await screen.waitFor('Leave the form?');
  await screen.send('y');
  await screen.waitFor('no evaluation yet');
});

test.each([SMALL, LARGE])('a sample is drawn on the screen and labelled, at $columns x $rows', async (size) => {
  const { bench, screen, choose, write, down } = await start(size);
  await screen.send('l');
  await screen.waitFor('New sample');
  await down(1);
  await enter(screen);
  await screen.waitFor('Tab marks');
  await screen.type('people');
  await screen.send('\t');
  await screen.send('\u0015');
  await screen.type('made');
  await screen.send('\t');
  await enter(screen);
  await screen.waitFor(/corpora +people, made/u);
  await down(2);
  await write('4');
  await down(1);
  await choose('rules');
  await screen.waitFor(/strata by +rules/u);
  await screen.send(CTRL_S);
  await screen.waitFor('Label ─ sample-1, by anna');
  const items = bench.drawnSamples.get('sample-1')?.head.items ?? [];
  expect(items.map(({ corpus }) => corpus).sort()).toEqual(['made', 'made', 'people', 'people']);
  expect(new Set(items.map(({ stratum }) => stratum))).toEqual(new Set(['real a', 'real none', 'simulated none']));
  await screen.type('b');
  await screen.waitFor(/✓b B/u);
  await enter(screen);
  await screen.waitFor('2 / 4 · 1 labelled');
});

test('the form takes what the commands take, and refuses the rest with why', () => {
  const choices = { corpora: [], annotators: [], taken: ['sitting-1'] };
  const form = newDrawForm('sitting', choices);
  expect(form.draft['name']).toBe('sitting-2');
  expect(setDrawField(form, 'turns', '3')['turns']).toBe(3);
  expect(setDrawField(form, 'turns', 'all')['turns']).toBeNull();
  expect(setDrawField(form, 'scale', '0.1, 0.9')['scale']).toEqual([0.1, 0.9]);
  expect(() => setDrawField(form, 'scale', '0.9, 0.1')).toThrow('must rise from key to key');
  expect(() => setDrawField(form, 'scale', '0.1, high')).toThrow();
  expect(() => setDrawField(form, 'seed', '-1')).toThrow();
  const taken = { ...form, draft: setDrawField(form, 'name', 'sitting-1') };
  expect(drawFields(taken).find(({ key }) => key === 'name')?.error).toBe('there is such a sitting');
  const sample = newDrawForm('sample', choices);
  expect(() => setDrawField(sample, 'n', '0')).toThrow();
  expect(setDrawField(sample, 'taxonomy', 'mine.yaml')['taxonomy']).toBe('mine.yaml');
  expect(setDrawField(sample, 'by', 'none')['by']).toBeNull();
});
