import { expect, test } from 'vitest';
import type { Session } from '../../src/core/session/schema.ts';
import type { TuringRecord } from '../../src/core/workflows/turing/types.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { simulatedOf, smallSitting } from '../core/turing/sittings.ts';
import { ESC, enter, LARGE, openApp, pressEsc, SMALL, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

const F6 = `${ESC}[17~`;

async function start(size = SMALL, first: Partial<Session> = {}) {
  const bench = fakeBench();
  const scores = { judge: { z: [2, -2], logit_p0: 0, template: 't', engine: 'e' } };
  await bench.sessionStore.append('people', [
    { ...sessionOf('p1', ['we fought again', 'a hidden reply', 'so I left', 'bye'], first), scores },
    sessionOf('p2', ['x', 'y', 'z']),
  ]);
  await bench.sessionStore.append('made', [simulatedOf('m2', 'p2', ['I feel low', 'and?', 'thank you'])]);
  const file = { head: smallSitting(), records: [] as TuringRecord[], closed: 0 };
  bench.drawnSittings.set('blind', file);
  const { screen } = await openApp(bench, size);
  await screen.send(F6);
  await screen.waitFor('no evaluation yet', 15_000);
  await screen.send('t');
  await screen.waitFor('Real or simulated?');
  await enter(screen);
  await screen.waitFor('Real or simulated? ─ blind, by anna');
  return { bench, screen, records: file.records, closed: () => file.closed };
}

test.each([SMALL, LARGE])(
  'a session is guessed by a key a turn, and named only then, at $columns x $rows',
  async (size) => {
    const { screen, records, closed } = await start(size);
    await screen.waitFor('session 1 / 2 · turn 1 / 2');
    expect(screen.text()).toMatch(/▶ user +we fought again/u);
    expect(screen.text()).not.toMatch(/so I left|people|p1/u);
    await screen.send('6');
    await screen.waitFor('session 1 / 2 · turn 2 / 2');
    expect(records).toMatchObject([{ type: 'guess', item: 1, t: 1, level: 6, p: 0.95, by: 'anna' }]);
    expect(records[0]?.type === 'guess' ? records[0].ms : null).toBeGreaterThanOrEqual(0);
    expect(screen.text()).toMatch(/bot +\.\.\./u);
    await screen.send('2');
    await screen.waitFor('All its turns are guessed');
    expect(screen.text()).not.toMatch(/hidden reply|bye|people|p1/u);
    await screen.send(`${ESC}[Z`);
    await screen.waitFor('session 1 / 2 · turn 2 / 2');
    await screen.waitFor('surely');
    await screen.send('5');
    await screen.waitFor('All its turns are guessed');
    await enter(screen);
    await screen.waitFor('It was a real person.');
    expect(screen.text()).toMatch(/you +\.95✓ +\.80✓/u);
    expect(screen.text()).toMatch(/judge +\.88✓ +\.12✗/u);
    expect(records.at(-1)).toMatchObject({ type: 'truth', item: 1 });
    await enter(screen);
    await screen.waitFor('session 2 / 2 · turn 1 / 2');
    await screen.send(TAB);
    await screen.waitFor('1 of 2 sessions are judged, 1 skipped');
    await pressEsc(screen);
    await screen.waitFor('no evaluation yet');
    expect(closed()).toBe(1);
  },
);

test('what is pasted guesses nothing, a key beyond the scale neither, and what a session says stays harmless', async () => {
  const turns: Session['turns'] = [{ role: 'user', content: 'red \u001b[31malert\u001b[0m \u202egnp' }];
  const { screen, records } = await start(SMALL, { turns: [...turns, { role: 'assistant', content: 'r' }, ...turns] });
  await screen.waitFor('turn 1 / 2');
  expect(screen.text()).toContain('red');
  expect(screen.text()).not.toContain('\u202e');
  await screen.paste('5');
  await screen.send('9');
  await screen.waitFor('the keys of the scale are 1 to 6');
  expect(records).toEqual([]);
});

test('a note is kept with its session', async () => {
  const { screen, records } = await start();
  await screen.waitFor('turn 1 / 2');
  await screen.send('\u000e');
  await screen.waitFor('Note on this session');
  await screen.type('odd');
  await enter(screen);
  await screen.waitFor('note: odd');
  expect(records).toMatchObject([{ type: 'note', item: 1, text: 'odd' }]);
  await screen.send('1');
  await screen.waitFor('turn 2 / 2');
});

test('figures are of the sessions that one has judged oneself: nothing tells what is still to be judged', async () => {
  const { bench, screen } = await start();
  const said = { schema: 1, item: 2, by: 'ben', at: '', ms: null } as const;
  bench.drawnSittings
    .get('blind')
    ?.records.push(...[1, 2].map((t): TuringRecord => ({ ...said, type: 'guess', t, level: 1, p: 0.05 })), {
      schema: 1,
      item: 2,
      by: 'ben',
      at: '',
      type: 'truth',
    });
  await screen.waitFor('turn 1 / 2');
  await screen.send('\u0007');
  await screen.waitFor('no session of blind is judged to its end');
  for (const key of ['6', '5']) {
    await screen.send(key);
    await screen.waitFor(key === '6' ? 'turn 2 / 2' : 'All its turns are guessed');
  }
  await enter(screen);
  await screen.waitFor('It was a real person.');
  await screen.send('\u0007');
  await screen.waitFor('Real or simulated: a person and the discriminators');
  expect(screen.text()).toMatch(/anna/u);
  expect(screen.line(23)).not.toContain('keep');
  for (const title of ['How sure they are', 'The person against each', 'The sessions that were judged']) {
    await screen.send(']');
    await screen.waitFor(title);
    expect(screen.text()).not.toMatch(/\bben\b|m2/u);
  }
  expect(screen.text()).toMatch(/p1/u);
  await pressEsc(screen);
  await screen.waitFor('It was a real person.');
});
