import { expect, test } from 'vitest';
import { FoilError } from '../../src/core/errors.ts';
import { type Session, sessionSchema } from '../../src/core/session/schema.ts';
import { App } from '../../src/ui/app.tsx';
import { Controller } from '../../src/ui/control/controller.ts';
import { openApp, pressEsc, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import { renderScreen } from './terminal.ts';

const OPENED_BY_CHATBOT: Session = sessionSchema.parse({
  ...{ schema: 1, id: 's-1', source: 'test', domain: 'test', origin: 'real', meta: {} },
  context: { current_summary: 'two cats' },
  turns: [{ role: 'assistant', content: 'Welcome.' }],
});

test('before there is a session the header names the models that will be used', async () => {
  const control = new Controller({ ...fakeBench(), open: null }, SMALL);
  const screen = await renderScreen(<App control={control} />, SMALL);
  const shown = await screen.waitFor('you are the chatbot');
  expect(shown).toMatch(/^ foil {2}demo {2}sim sim-a {2}bot bot-a {2}disc disc-a/u);
  expect(shown).not.toContain('off: M chooses one');
  control.stop();
  screen.unmount();
});

test('a new session is opened by the side that opened the session its context is of', async () => {
  const bench = fakeBench({ seats: { user: 'model', assistant: 'model' } });
  await bench.sessionStore.append('corpus-a', [OPENED_BY_CHATBOT]);
  const { screen } = await openApp(bench);
  await screen.send('N');
  await screen.waitFor('two cats');
  await screen.send('n');
  await screen.waitFor('What happened then?');
  expect(screen.text()).not.toContain('my week was rather bad');
});

test('a session without a context says so, and where one comes from', async () => {
  const { screen } = await openApp(fakeBench());
  await pressEsc(screen);
  await screen.send('N');
  await screen.waitFor('The context is empty: c writes one');
});

test('a line of the pairs that is skipped is told at the start, by file and line', async () => {
  const bench = fakeBench();
  let report = (_: FoilError) => {};
  const list = async () => {
    for (const line of [3, 7]) {
      report(new FoilError('torn-line', 'the line breaks off', { where: { file: 'pairs/manual.jsonl', line } }));
    }
    return [];
  };
  const pairs = Object.assign(bench.pairStore, { list });
  const onProblem = (listener: typeof report) => {
    report = listener;
  };
  const { screen } = await openApp({ ...bench, ports: { ...bench.ports, pairs }, onProblem });
  await screen.waitFor(/pairs\/manual.jsonl:7: the line breaks off \(2 such lines: foil doctor lists\s+them\)/u);
});
