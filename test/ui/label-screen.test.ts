import { expect, test } from 'vitest';
import { drawSample } from '../../src/core/workflows/evaluate/label-sample.ts';
import type { LabelRecord } from '../../src/core/workflows/evaluate/label-types.ts';
import { sessionOf, smallTaxonomy } from '../core/evaluate/annotated.ts';
import { ESC, enter, LARGE, openApp, pressEsc, SMALL, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

const F6 = `${ESC}[17~`;

async function start(size = SMALL) {
  const bench = fakeBench();
  const sessions = ['p1', 'p2', 'p3'].map((id) => sessionOf(id, [`we fought over ${id}`, 'and then?'], {}));
  await bench.sessionStore.append('people', sessions);
  const taxonomy = smallTaxonomy('actions');
  const sample = drawSample([{ corpus: 'people', sessions }], taxonomy, { n: 3, seed: 1, at: '2026-01-01T00:00:00Z' });
  const file = { head: sample, records: [] as LabelRecord[], closed: 0 };
  bench.drawnSamples.set('mine', file);
  const { screen } = await openApp(bench, size);
  await screen.send(F6);
  await screen.waitFor('no evaluation yet', 15_000);
  await screen.send('l');
  await screen.waitFor('Label by hand');
  await enter(screen);
  await screen.waitFor('Label ─ mine, by anna');
  return { bench, screen, records: file.records, sample, closed: () => file.closed };
}

test.each([SMALL, LARGE])('a sample is labelled by one key a category, at $columns x $rows', async (size) => {
  const { screen, records, sample, closed } = await start(size);
  await screen.waitFor('1 / 3 · 0 labelled');
  expect(screen.text()).toMatch(/▶ user +we fought over p\d/u);
  await screen.type('ac');
  await screen.waitFor(/✓a A.*✓c C/u);
  expect(records).toEqual([]);
  await enter(screen);
  await screen.waitFor('2 / 3 · 1 labelled');
  expect(records[0]).toMatchObject({
    type: 'label',
    item: sample.items[0]?.id,
    labeller: 'anna',
    categories: ['a', 'c'],
  });
  await screen.send('z');
  await screen.waitFor('no category has the key z');
  await screen.send(TAB);
  await screen.waitFor('3 / 3 · 1 labelled');
  expect(records[1]).toMatchObject({ type: 'skip', item: sample.items[1]?.id });
  await screen.send(`${ESC}[Z`);
  await screen.waitFor('2 / 3 · 1 labelled');
  expect(records[2]).toMatchObject({ type: 'undo', item: sample.items[1]?.id });
  await pressEsc(screen);
  await screen.waitFor('no evaluation yet');
  expect(closed()).toBe(1);
});

test('what is pasted labels nothing', async () => {
  const { screen, records } = await start();
  await screen.paste('abc');
  await screen.settle();
  expect(screen.text()).not.toContain('✓');
  expect(records).toEqual([]);
});

const CTRL_G = '\u0007';

test.each([SMALL, LARGE])(
  'the agreement shows while one labels, leads to sessions and back, and is kept, at $columns x $rows',
  async (size) => {
    const { bench, screen, records } = await start(size);
    await screen.waitFor('1 / 3 · 0 labelled');
    await screen.send(CTRL_G);
    await screen.waitFor('no message has both a label by anna and an answer of scripted');
    // the annotator finds `a` in each message: the first is labelled so, the second not
    await screen.type('a');
    await enter(screen);
    await screen.waitFor('2 / 3');
    await screen.type('c');
    await enter(screen);
    await screen.waitFor('3 / 3 · 2 labelled');
    await screen.send(CTRL_G);
    await screen.waitFor('scripted against labels by anna (mine)');
    const last = screen.line(size.rows - 1);
    expect(last).toContain('Enter its sessions');
    expect(last).toContain('b by another');
    // of six pairs of message and category: both yes 1, only found 1, only labelled 1, neither 3; kappa (24 - 20) / (36 - 20)
    expect(screen.text()).toMatch(/all pooled +0\.25 .*2 +2/u);
    expect(screen.text()).toMatch(/Good[\s\S]+A +0\.00 .*1 +2[\s\S]+Bad[\s\S]+C +0\.00 .*1 +0/u);
    await screen.send(TAB);
    await screen.waitFor(/Notes .*scripted against/u);
    await screen.waitFor("Cohen's kappa");
    await screen.send(TAB);
    await screen.waitFor('all pooled');
    await screen.send('s');
    await screen.waitFor('kept: it stands beside');
    expect(bench.keptAgreements).toMatchObject([
      { annotator: 'scripted', against: 'labels by anna (mine)', pooled: { n: 2, positives: 2, found: 2 } },
    ]);
    await screen.send('b');
    await screen.waitFor('Measure');
    await screen.type('bot-a');
    await enter(screen);
    await screen.waitFor(/C +0\.00 .*1 +2/u);
    // the last row is C: the session where both say so, and that where only the annotator does
    await screen.send('G');
    await enter(screen);
    await screen.waitFor('behind c of scripted against');
    expect(screen.text()).toMatch(/Sessions .*1 of 2/u);
    await pressEsc(screen);
    await screen.waitFor(/C +0\.00 .*1 +2/u);
    await pressEsc(screen);
    await screen.waitFor('3 / 3 · 2 labelled');
    // the sitting goes on
    await enter(screen);
    await screen.waitFor('All of the sample is labelled');
    expect(records).toHaveLength(3);
  },
);

test('tables that are asked for do not lay themselves over a message that one has gone on to', async () => {
  const { bench, screen, records } = await start();
  await screen.type('a');
  await enter(screen);
  await screen.waitFor('2 / 3');
  let read = () => {};
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  const { stream } = bench.sessionStore;
  bench.sessionStore.stream = async function* (corpus: string) {
    await reading;
    yield* stream.call(bench.sessionStore, corpus);
  };
  await screen.send(CTRL_G);
  await screen.waitFor('counting');
  await screen.type('b');
  await enter(screen);
  await screen.waitFor('3 / 3');
  read();
  await screen.waitFor('you went on meanwhile');
  await screen.waitFor('3 / 3 · 2 labelled');
  expect(records).toHaveLength(2);
});
