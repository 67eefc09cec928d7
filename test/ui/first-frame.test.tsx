import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, expect, test, vi } from 'vitest';
import { bundleOptions } from '../../scripts/bundle.mjs';
import { App } from '../../src/ui/app.tsx';
import { Controller } from '../../src/ui/control/controller.ts';
import { fakeBench } from './bench.ts';
import { renderScreen, type Screen } from './terminal.ts';

const chunk = vi.hoisted(() => {
  let arrive = () => {};
  const here = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return { here, arrive };
});
vi.mock('../../src/ui/more.tsx', async (original) => {
  await chunk.here;
  return await original();
});

const F2 = '\u001bOQ';
const F3 = '\u001bOR';
const size = { columns: 80, rows: 24 };
let screen: Screen | null = null;
afterEach(() => screen?.unmount());

test('a screen that is still being loaded has its frame and says so; keys act meanwhile', async () => {
  const control = new Controller(fakeBench(), size);
  screen = await renderScreen(<App control={control} />, size);
  await control.start();
  await screen.send(F3);
  const waiting = await screen.waitFor('opening…');
  expect(waiting).toMatch(/╔ Sessions ═/u);
  expect(waiting).toMatch(/^ foil {2}demo .*\n╔[\s\S]*╝\n/u);
  expect(waiting).not.toContain('you are the chatbot');
  await screen.send(F2);
  await screen.waitFor('you are the chatbot');
  await screen.send(F3);
  chunk.arrive();
  await screen.waitFor('no session matches');
  expect(screen.text()).not.toContain('opening…');
  control.stop();
});

test('what loads before the first frame is Chat and what it draws with', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const entry = 'src/ui/app.tsx';
  const options = { ...bundleOptions(root), entryPoints: [entry], outdir: 'dist', metafile: true, write: false };
  const { metafile } = await build(options);
  const outputs = metafile?.outputs ?? {};
  const chunks = new Set(Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === entry));
  for (const file of chunks) {
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') chunks.add(path);
  }
  const inputs = [...chunks].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
  expect(inputs).toContain('src/ui/screens/Chat.tsx');
  const late =
    /^src\/(?:ui\/(?:overlays|screens\/runs|screens\/Sessions)|core\/workflows)|node_modules\/(?:zod|ink-table)/;
  expect(inputs.filter((file) => late.test(file))).toEqual([]);
});
