import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const FOIL = fileURLToPath(new URL('../../bin/foil.js', import.meta.url));
const run = promisify(execFile);
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foil-session-'));
  await mkdir(join(dir, 'sessions'));
  await cp(new URL('../../sessions/sample.jsonl', import.meta.url), join(dir, 'sessions', 'sample.jsonl'));
});
afterAll(async () => rm(dir, { recursive: true, force: true }));

interface Event {
  event: string;
  node: { id: number; role: string; content: string };
  z: number;
  p: number;
  r: number;
}

/** `foil` as `npm start` runs it without a terminal: the shipped models, one session. Rejects if it does not exit with 0. */
async function play(...args: string[]): Promise<{ said: string[]; scores: Event[]; roles: string[] }> {
  const { stdout } = await run(process.execPath, [FOIL, '--workspace', dir, ...args, '--json'], { timeout: 600_000 });
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const turns = events.filter((event) => event.event === 'turn').map((event) => event.node);
  return {
    said: turns.map((turn) => turn.content),
    roles: turns.map((turn) => turn.role),
    scores: events.filter((event) => event.event === 'scored'),
  };
}

test('one session with the real embedded models: alternating turns, each user turn judged, the same seed says the same', {
  timeout: 1_200_000,
}, async () => {
  const args = ['--seed', '11', '--max-user-turns', '2', '--context', `sample/${await anyContext()}`];
  const first = await play('chat', ...args);
  expect(first.roles.filter((role) => role === 'user').length).toBeGreaterThan(0);
  expect(first.roles.every((role, index) => index === 0 || role !== first.roles[index - 1])).toBe(true);
  expect(first.said.join('')).not.toMatch(/<\|/u);
  let before = 0;
  for (const { z, p, r } of first.scores) {
    expect(p).toBeCloseTo(1 / (1 + Math.exp(-z)), 9);
    expect(r).toBeCloseTo(z - before, 9);
    before = z;
  }
  expect(first.scores.length).toBe(
    first.said.filter((text, index) => first.roles[index] === 'user' && text !== '').length,
  );
  expect(await readdir(join(dir, 'sessions', 'live'))).toHaveLength(1);
  const second = await play('chat', ...args);
  expect(second.said).toEqual(first.said);
  expect(second.scores.map(({ z }) => z)).toEqual(first.scores.map(({ z }) => z));
});

async function anyContext(): Promise<string> {
  const { stdout } = await run(process.execPath, [FOIL, '--workspace', dir, 'sessions', '--limit', '1', '--json']);
  return (JSON.parse(stdout.split('\n')[0] ?? '') as { id: string }).id;
}
