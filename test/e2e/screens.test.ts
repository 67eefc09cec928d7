import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { liveSessionSchema } from '../../src/core/session/schema.ts';
import { type PtyRun, runFoil } from './pty.ts';
import { startServer } from './server.ts';

let dir: string;
let server: Awaited<ReturnType<typeof startServer>>;
const running: PtyRun[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foil-e2e-'));
  await mkdir(join(dir, 'sessions'));
  await cp(new URL('../../sessions/sample.jsonl', import.meta.url), join(dir, 'sessions', 'sample.jsonl'));
});
afterEach(async () => {
  for (const run of running.splice(0)) run.kill('SIGKILL');
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

async function start(reply: string, delayMs?: number): Promise<PtyRun> {
  server = await startServer(reply, delayMs);
  await writeFile(
    join(dir, 'foil.yaml'),
    `servers:\n  here: { base_url: "${server.baseURL}" }\nmodels:\n  person: { kind: simulator, server: here, model: m }\n` +
      `  helper: { kind: chatbot, server: here, model: m }\nroles: { simulator: person, chatbot: helper, discriminator: null }\n`,
  );
  return open();
}

function open(...args: string[]): PtyRun {
  const run = runFoil(['--workspace', dir, 'chat', ...args]);
  running.push(run);
  return run;
}

test('a chat in a pty: streams, saves each turn, survives kill -9, goes on from the Sessions screen, leaves with 0', async () => {
  const run = await start('my week was rather long');
  await run.waitFor('you are the chatbot');
  await run.send('Hello there');
  await run.send('\r');
  await run.waitFor('my week was rather long');
  await run.waitFor(/t 1 ┐/);
  run.kill('SIGKILL');
  await run.exited;

  const [file] = await readdir(join(dir, 'sessions', 'live'));
  const saved = liveSessionSchema.parse(JSON.parse(await readFile(join(dir, 'sessions', 'live', file ?? ''), 'utf8')));
  expect(saved.nodes.map((node) => node.content)).toEqual(['Hello there', 'my week was rather long']);

  const again = open();
  await again.waitFor('you are the chatbot');
  await again.send('\u001bOR');
  await again.waitFor('Sessions');
  await again.waitFor(/live\s+live/);
  await again.send('\r');
  await again.waitFor('Hello there');
  await again.send('And then?');
  await again.send('\r');
  await again.waitFor(/t 2 ┐/);
  await again.send('\u0003');
  await again.waitFor('Ctrl+C again');
  await again.send('\u0003');
  expect(await again.exited).toBe(0);
});

test('a server killed in mid-reply: the partial turn is kept on disk, marked, and one key asks again', async () => {
  const run = await start('one two three four five six seven eight nine ten', 150);
  await run.waitFor('you are the chatbot');
  await run.send('Hello');
  await run.send('\r');
  await run.waitFor('one two three');
  await server.close();
  await run.waitFor('cut off');
  const [file] = await readdir(join(dir, 'sessions', 'live'));
  const saved = liveSessionSchema.parse(JSON.parse(await readFile(join(dir, 'sessions', 'live', file ?? ''), 'utf8')));
  expect(saved.nodes.at(-1)).toMatchObject({ partial: true });
  await run.waitFor('R retries');
});

test('a resize in mid-reply and a terminal too small lose nothing', async () => {
  const run = await start('alpha beta gamma delta epsilon zeta eta theta', 60);
  await run.waitFor('you are the chatbot');
  await run.send('Hi');
  await run.send('\r');
  await run.waitFor('alpha');
  run.resize(50, 12);
  await run.waitFor('60x16');
  run.resize(90, 24);
  await run.waitFor('eta theta');
});

test('a wrong foil.yaml says file, line, field and remedy, and leaves with 1', async () => {
  server = await startServer('x');
  await writeFile(join(dir, 'foil.yaml'), 'servers: {}\nalternatves: 8\n');
  const run = open();
  const shown = await run.waitFor('alternatives');
  expect(shown).toMatch(/foil\.yaml:2/);
  expect(shown).not.toMatch(/\bat .*\.js:\d+/);
  expect(await run.exited).toBe(1);
});

test('what is typed before there is anything to work on is not lost', async () => {
  const run = await start('so it was');
  await run.waitFor('your message as the chatbot');
  // right behind the first frame, while configuration and sessions are still being read
  await run.send('early words');
  await run.waitFor('> early words');
});
