import { describe, expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { makePair } from '../fixtures/pairs.ts';
import { DOWN, ESC, enter, LARGE, openApp, PAGE_DOWN, pressEsc, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { by, F4, judge, many, start } from './review-sitting.ts';

const END = `${ESC}[F`;

describe('the queue', () => {
  test('f narrows it, o orders it, p begins another pass or reviewer', async () => {
    const { screen } = await start([
      ...many(3),
      makePair('hand', {
        origin: 'manual',
        mined: undefined,
        chosen: { content: 'made by hand', end: false, r: 9, by },
      }),
    ]);
    await screen.waitFor('1 of 4');
    await screen.send('f');
    await screen.waitFor('Which pairs');
    await screen.type('kinds');
    await enter(screen);
    await screen.waitFor('Kinds of turn');
    await screen.type('manual');
    await enter(screen);
    await screen.waitFor('made by hand');
    await screen.waitFor('1 of 1');
    await screen.send('f');
    await screen.waitFor('Which pairs');
    await screen.type('clear');
    await enter(screen);
    await screen.waitFor('of 4');
    await screen.send('o');
    await screen.waitFor('Order');
    await screen.type('margin');
    await enter(screen);
    await screen.waitFor(/by margin/);
    await judge(screen, 'y');
    await screen.send('p');
    await screen.waitFor('Pass and reviewer');
    await screen.type('pass 2');
    await enter(screen);
    const second = await screen.waitFor('anna, pass 2');
    expect(second).toMatch(/1 of 1 /);
    await screen.send('p');
    await screen.type('another');
    await enter(screen);
    await screen.waitFor('Who reviews');
    await screen.type('bo');
    await enter(screen);
    await screen.waitFor(/0 of 4 done/);
    expect(screen.text()).toMatch(/ bo · pending/);
  });

  test('nothing that matches says so, and how to go on', async () => {
    const { screen } = await start(many(1));
    await judge(screen, 'y');
    await screen.send('r');
    const shown = await screen.waitFor('No pair matches');
    expect(shown).toContain('f shows others');
  });

  test('without any pair, says how to get some; pairs that come are read again', async () => {
    const { screen, bench } = await start([]);
    expect(screen.text()).toContain('foil mine');
    expect(screen.text()).toMatch(/Chat, m/);
    await screen.send('y');
    await screen.waitFor('there is no pair here');
    await bench.pairStore.append('later', many(1));
    await screen.send('r');
    await screen.waitFor('my boss again 1');
  });

  test('a set that cannot be read says so, and can be tried again', async () => {
    const bench = fakeBench();
    await bench.pairStore.append('a', many(1));
    const { sets } = bench.pairStore;
    bench.pairStore.sets = async () => {
      throw new FoilError('torn', 'a.jsonl:3 is no pair', { remedy: 'mend the line' });
    };
    const { screen } = await openApp(bench);
    await screen.send(F4);
    expect(await screen.waitFor('a.jsonl:3 is no pair')).toContain('mend the line');
    bench.pairStore.sets = sets;
    await screen.send('r');
    await screen.waitFor('my boss again 1');
  });
});

describe('long and hostile texts', () => {
  test('sides of 5,000 words scroll together, the history by itself', async () => {
    const words = (say: string) => Array.from({ length: 5_000 }, (_, n) => `${say}${n}`).join(' ');
    const long = makePair('p1', {
      chosen: { content: words('a'), end: false, r: 1, by },
      rejected: { content: words('b'), end: false, r: -1, by },
      history: Array.from({ length: 40 }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `turn ${n}`,
      })),
    });
    const { screen } = await start([long], LARGE);
    const shown = await screen.waitFor('rows 1 to');
    expect(shown).toContain('turn 39');
    expect(shown).not.toMatch(/turn 0\b/);
    await screen.send(`${ESC}[H`);
    await screen.waitFor(/turn 0\b/);
    await screen.send(TAB);
    await screen.send(DOWN);
    await screen.waitFor('rows 2 to');
    await screen.send(PAGE_DOWN);
    await screen.send(END);
    expect(await screen.waitFor('a4999')).toContain('b4999');
    await screen.resize(80, 24);
    await screen.waitFor(/rows \d+ to \d+ of 399/);
  });

  test('escapes and bidi marks of texts, notes and names do nothing', async () => {
    const evil = 'hi \u001b[31mred\u0007 \u202Eback\u202C';
    const { screen } = await start([
      makePair('p1', {
        chosen: { content: evil, end: true, r: 1, by: { kind: 'model', name: evil } },
        history: [{ role: 'user', content: evil }],
        context: { ...makePair('x').context, current_summary: evil },
        session: evil,
        simulator: evil,
      }),
    ]);
    const shown = await screen.waitFor('␛[31mred');
    expect(shown).toContain('escapes');
    expect(shown).toContain('(ends the session here)');
    expect(screen.raw()).not.toMatch(/\u202E|\u001b\[31mred|\u0007 /);
  });
});

test('g shows pace, agreement, kappa and all remarks; it closes with g', async () => {
  const { screen } = await start(many(2));
  await judge(screen, 'y');
  await screen.send('g');
  const shown = await screen.waitFor('Statistics');
  expect(shown).toContain('Agreement with the discriminator');
  expect(shown).toMatch(/of pairs with a side +100% \(1 of 1; 95% interval/);
  await screen.send('g');
  await screen.waitFor('my boss again 2');
});

test('another screen and back: the place is kept, what Chat made is there', async () => {
  const { screen, bench } = await start(many(3));
  await judge(screen, 'y');
  await screen.waitFor('my boss again 2');
  await pressEsc(screen);
  await screen.waitFor('Discriminator');
  await bench.pairStore.append('b', [makePair('new')]);
  await screen.send(F4);
  await screen.waitFor(/of 3 done/);
  expect(screen.text()).toContain('my boss again 2');
});
