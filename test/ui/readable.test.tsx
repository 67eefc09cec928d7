import { expect, test } from 'vitest';
import { contextSchema } from '../../src/core/session/schema.ts';
import { helpSections } from '../../src/ui/keys/resolve.ts';
import { factsOf, placeOf } from '../../src/ui/state/keys.ts';
import { F1, openApp, PAGE_DOWN, pressEsc, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

/** The words of a screen, without its lines. */
const words = (text: string) => text.replaceAll(/[│║]/gu, ' ').replaceAll(/\s+/gu, ' ');

test('help at 80 x 24: every key and every word of its help can be read, and G ends at the last row', async () => {
  const { screen, control } = await openApp(fakeBench());
  // the transcript has the most keys, many of which do not work yet
  await screen.send(TAB);
  const sections = helpSections(placeOf(control.state), factsOf(control.state));
  await screen.send(F1);
  let seen = words(await screen.waitFor(/\d+ of \d+ rows · ↑↓ scrolls, Esc closes/u));
  await screen.send('G');
  await screen.waitFor(/ (\d+) of \1 rows/u);
  const end = screen.text();
  await screen.send('g');
  await screen.waitFor((text) => text !== end);
  for (let page = 0; page < 6; page += 1) {
    await screen.send(PAGE_DOWN);
    seen += words(screen.text());
  }
  expect(screen.text()).toBe(end);
  expect(seen).not.toContain('…');
  // what wraps stands in two columns: its words come in order, with those of the keys between
  for (const { help, reason } of sections.flatMap(({ rows }) => rows)) {
    for (const word of `${help} ${reason ?? ''}`.split(' ')) expect(seen).toContain(word);
  }
  await pressEsc(screen);
  await screen.waitFor('you are the chatbot');
});

test('the empty Chat at 80 x 24 says in full how to begin, then the context, which may be long', async () => {
  const bench = fakeBench();
  const { open } = bench;
  if (!open) throw new Error('no session');
  const summary = `${'lost the job and the flat and '.repeat(40)}END`;
  const long = { ...bench, open: { ...open, context: contextSchema.parse({ current_summary: summary }) } };
  const { screen, control } = await openApp(long);
  const pane = () =>
    words(
      screen
        .text()
        .split('\n')
        .map((line) => line.slice(0, 52))
        .join(' '),
    );
  expect(pane()).toContain('Write the first message, or Tab and n lets a model begin.');
  expect(pane()).toContain('Context (c shows all of it): lost the job and the flat and lost');
  expect(pane()).toMatch(/…/u);
  await screen.send(TAB);
  await screen.waitFor('n lets a model begin');
  expect(pane()).not.toContain('Write the first');
  control.stop();
  const short = await openApp({
    ...bench,
    open: {
      ...open,
      context: contextSchema.parse({ current_summary: 'Two flats, and one job that was lost in spring.' }),
    },
  });
  expect(
    words(
      short.screen
        .text()
        .split('\n')
        .map((line) => line.slice(0, 52))
        .join(' '),
    ),
  ).toContain('in spring.');
  expect(short.screen.text()).not.toContain('…');
});
