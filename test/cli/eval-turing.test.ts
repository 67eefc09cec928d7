import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { simulatedOf } from '../core/turing/sittings.ts';
import { foil } from './run.ts';

const CHILD = fileURLToPath(new URL('./turing-child.ts', import.meta.url));

/** Six contexts of two user turns, real and simulated, some with scores. */
async function workspace(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foil-turing-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const store = await openSessionStore(join(dir, 'sessions'));
  const at = [0, 1, 2, 3, 4, 5];
  await store.append(
    'people',
    at.map((k) => sessionOf(`p${k}`, [`we fought ${k}`, 'a', `so I left ${k}`, 'b'])),
  );
  await store.append(
    'made',
    at.map((k) => simulatedOf(`m${k}`, `p${k}`, [`I am sad ${k}`, 'c', `thank you ${k}`, 'd', 'bye'], 'sim')),
  );
  const score = (session: string, z: number[]) => ({
    ...{ session, discriminator: 'judge', z, logitP0: 0, template: 't', engine: 'e' },
  });
  await store.appendScores(
    'people',
    at.map((k) => score(`p${k}`, [1, 2])),
  );
  await store.appendScores(
    'made',
    at.map((k) => score(`m${k}`, [-1, -2, -3])),
  );
  await store.close();
  return dir;
}

const START = ['--real', 'people', '--simulated', 'made', '--n', '4', '--seed', '2', '--sides', 'half'];

test('a sitting is drawn, guessed, told and counted by commands, and nothing tells the source before', async () => {
  const cwd = await workspace();
  const turing = (...args: string[]) => foil(['eval', 'turing', ...args, '--json'], { cwd });
  const started = await turing('start', 'blind', ...START);
  expect(started.events).toMatchObject([{ event: 'sitting', sessions: 4, guesses: 8 }]);
  expect((await turing('start', 'blind', ...START)).events).toMatchObject([{ code: 'name-taken' }]);
  for (let session = 1; session <= 4; session += 1) {
    for (let t = 1; t <= 2; t += 1) {
      const { events, stdout } = await turing('next', 'blind', '--by', 'ann');
      expect(events).toMatchObject([{ event: 'item', at: `${session}/${t}`, standing: { session, t, turns: 2 } }]);
      expect(stdout).not.toMatch(/people|made|"sim"|p\d"|m\d"|judge"|real|202\d-/u);
      const [item] = events as { text: { turns: { content: string }[] } }[];
      const isReal = item?.text.turns[0]?.content.startsWith('we fought');
      const told = await turing('guess', 'blind', isReal ? '5' : '2', '--by', 'ann', '--at', `${session}/${t}`);
      expect(told.events).toMatchObject([{ event: 'written', record: { item: session, t, p: isReal ? 0.8 : 0.2 } }]);
      expect(told.stdout).not.toMatch(/people|made|"sim"/u);
    }
    // the same command again judges nothing that was not read
    const again = await turing('guess', 'blind', '5', '--by', 'ann', '--at', `${session}/2`);
    expect(again).toMatchObject({ code: 1, events: [{ code: 'refused' }] });
    expect((await turing('truth', 'blind', '--by', 'ann')).events).toMatchObject([
      { event: 'written', record: { type: 'truth' } },
      { event: 'truth', truth: { judges: [{ name: 'judge' }] } },
    ]);
  }
  expect((await turing('next', 'blind', '--by', 'ann')).events).toMatchObject([{ event: 'end', judged: 4, at: 'end' }]);
  const { events } = await turing('show', 'blind');
  const tables = events.map(({ exhibit }) => exhibit as { id: string; rows: { cells: Record<string, unknown> }[] });
  expect(tables.map(({ id }) => id)).toEqual([
    ...['turing-accuracy', 'turing-confidence', 'turing-agreement', 'turing-sessions'],
  ]);
  expect(tables[0]?.rows).toMatchObject([
    { key: 'blind: ann on sim, ann', cells: { sessions: 4, all: { value: 1, n: 8 } } },
    { key: 'blind: ann on sim, judge', cells: { sessions: 4, all: { value: 1, n: 8 } } },
  ]);
  // and the same beside the discriminators of an evaluation
  const run = ['eval', '--name', 'it0', '--real', 'people', '--simulated', 'made', '--no-score'];
  const asked = await foil(
    [...run, '--metrics', 'turing', '--turing', 'blind', '--discriminators', 'judge', '--json'],
    { cwd },
  );
  const found = asked.events.flatMap(({ event, exhibit }) => (event === 'exhibit' ? [exhibit as { id: string }] : []));
  expect(found).toEqual(tables);
  const without = await foil([...run, '--metrics', 'turing', '--turing', 'other', '--json'], { cwd });
  expect(without.events).toContainEqual(
    expect.objectContaining({ event: 'missing', reason: 'the spec names no sitting that can be read' }),
  );
});

test('without a screen it can be read, undone, noted and skipped; figures wait for the end where nothing is told', async () => {
  const cwd = await workspace();
  const turing = (...args: string[]) => foil(['eval', 'turing', ...args], { cwd });
  await turing('start', 'quiet', ...START, '--no-feedback', '--turns', '1', '--scale', '0.1,0.9');
  expect((await turing('next', 'quiet')).stdout).toMatch(/session 1 of 4, user turn 1 of 1[\s\S]+1: 0.1 {2}2: 0.9/u);
  expect((await turing('guess', 'quiet', '3')).stderr).toContain('the keys of the scale are 1 to 2');
  expect((await turing('guess', 'quiet', '2')).stdout).toContain('session 1, turn 1: p(real) 0.9');
  expect((await turing('show', 'quiet')).stderr).toContain('no session of quiet is judged to its end');
  expect((await turing('undo', 'quiet')).stdout).toContain('taken back');
  expect((await turing('undo', 'quiet')).stderr).toContain('has nothing to undo');
  await turing('note', 'quiet', 'odd');
  for (let k = 0; k < 3; k += 1) await turing('guess', 'quiet', '2');
  expect((await turing('skip', 'quiet')).stdout).toContain('skip');
  const shown = await turing('show', 'quiet');
  expect(shown.stdout).toMatch(/3 sessions, \d of them real; 1 were skipped/u);
  expect(shown.stdout).toContain('odd');
  expect((await turing('start', 'x', ...START, '--scale', '0.9,0.1')).stderr).toContain('must rise from key to key');
});

test('kill -9 loses no guess that was acknowledged, and what it cut short is no guess', async () => {
  const cwd = await workspace();
  await foil(['eval', 'turing', 'start', 'blind', ...START, '--no-feedback'], { cwd });
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, cwd], { stdio: ['ignore', 'pipe', 'inherit'] });
  let acknowledged = 0;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString().split('\n').length - 1;
      if (acknowledged >= 3) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  const file = await readFile(join(cwd, 'turing', 'blind.jsonl'), 'utf8');
  const kept = file.trim().split('\n').length - 1;
  expect(acknowledged).toBeGreaterThanOrEqual(3);
  expect(kept).toBeGreaterThanOrEqual(acknowledged);
  const { events } = await foil(['eval', 'turing', 'next', 'blind', '--by', 'ann', '--json'], { cwd });
  expect(events[0]).toMatchObject({ event: 'item', at: `${Math.floor(kept / 2) + 1}/${(kept % 2) + 1}` });
}, 60_000);
