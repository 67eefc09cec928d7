import { expect, test } from 'vitest';
import type { Why } from '../../src/core/workflows/evaluate/whys.ts';
import { markedParts, markedRows } from '../../src/ui/state/why.ts';
import { DOWN, enter, LARGE, openApp, pressEsc, SMALL, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';

/** The judge of the fake bench counts words: each word that is taken out takes one from z. */
const SAID = 'it was bad. i cried, and then i left';

async function opened(size = SMALL, hold?: Promise<void>) {
  const bench = fakeBench({ simulator: () => SAID });
  const asked: string[] = [];
  const models = Object.create(bench.ports.models) as typeof bench.ports.models;
  models.discriminator = async (name, signal) => {
    const judge = await bench.ports.models.discriminator(name, signal);
    const waiting = Object.create(judge) as typeof judge;
    waiting.score = async (...given) => {
      asked.push(name);
      if (hold && asked.length > 3) await hold;
      return await judge.score(...given);
    };
    return waiting;
  };
  const app = await openApp({ ...bench, ports: { ...bench.ports, models } }, size);
  await app.screen.send(TAB);
  await app.screen.send('n');
  await app.screen.waitFor(/p \.\d\d|p 1\.00/u);
  await app.screen.send(']');
  return app;
}

test.each([SMALL, LARGE])('x asks why a turn looks as it does, at $columns x $rows', async (size) => {
  const { screen } = await opened(size);
  await screen.send('x');
  await screen.waitFor(/Why ─ turn 1, disc-a.*\d+ parts/u);
  const shown = screen.text();
  // nine words: z 6; the longer sentence is six of them
  expect(shown).toContain('z +6.00, p 1.00: looks real');
  expect(shown).toMatch(/\+6\.00 ▲ █+ +sentence +i cried, and then i left/u);
  expect(shown).toMatch(/\[i cried, and then i left\]▲/u);
  await screen.send(DOWN);
  await screen.waitFor(/▌ +\+\d\.00 ▲/u);
  await enter(screen);
  await screen.waitFor('you are the chatbot');
});

test('x asks beside the judging that is under way in Chat', async () => {
  const judging = Promise.withResolvers<void>();
  let holding = true;
  const bench = fakeBench({ simulator: () => SAID });
  const models = Object.create(bench.ports.models) as typeof bench.ports.models;
  models.discriminator = async (name, signal) => {
    const judge = await bench.ports.models.discriminator(name, signal);
    const waiting = Object.create(judge) as typeof judge;
    waiting.score = async (...given) => {
      if (holding) await judging.promise;
      return await judge.score(...given);
    };
    return waiting;
  };
  const { screen, control } = await openApp({ ...bench, ports: { ...bench.ports, models } }, SMALL);
  await screen.send(TAB);
  await screen.send('n');
  await screen.waitFor('i left');
  holding = false;
  await screen.send(']');
  await screen.send('x');
  await screen.waitFor(/Why ─ turn 1, disc-a.*\d+ parts/u);
  expect(control.state.chat.activity).not.toBeNull();
  judging.resolve();
  await pressEsc(screen);
  await screen.waitFor(/p 1\.00/u);
});

test('Ctrl+C stops the asking and keeps what was found; Esc closes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { screen } = await opened(SMALL, promise);
  await screen.send('x');
  await screen.waitFor(/\d+ of \d+ parts taken out/u);
  await screen.send('\u0003');
  await screen.waitFor(/turn 1, disc-a.*stopped/u);
  resolve();
  await pressEsc(screen);
  await screen.waitFor('you are the chatbot');
});

const why = (start: number, end: number, effect: number): Why => ({
  ...{ t: 1, grain: 'word', start, end, effect, text: SAID.slice(start, end) },
});

test('marks are of parts that do not lie in each other, the chosen one among them, and change no word', () => {
  const whys = [why(0, 11, -2), why(3, 6, -1.5), why(12, 19, 1)];
  expect(markedParts(whys, undefined).map(({ start }) => start)).toEqual([0, 12]);
  const parts = markedParts(whys, whys[1]);
  expect(parts.map(({ start }) => start)).toEqual([3, 12]);
  const rows = markedRows(SAID, parts, whys[1], 20);
  const text = rows.map((row) => row.map((one) => one.text).join('')).join('');
  expect(text).toContain('[was]▼');
  expect(text.replaceAll(/[[\]▼▲]/gu, '')).toBe(SAID);
  expect(rows.flat().find(({ tone }) => tone === 'selected')?.text).toBe('[was]▼');
});
