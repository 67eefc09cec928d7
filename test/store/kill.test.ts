import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import lockfile from 'proper-lockfile';
import { expect, it } from 'vitest';
import { withLock } from '../../src/backends/store/disk.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';

const CHILD = fileURLToPath(new URL('./append-child.ts', import.meta.url));

/** Runs the writing child until it has said `lines` lines, then kills it a moment later, wherever it is. */
async function runAndKill(dir: string, prefix: string, lines: number, delay: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, dir, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said.split('\n').length <= lines && (said + text).split('\n').length > lines)
      setTimeout(() => child.kill('SIGKILL'), delay);
    said += text;
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return said.split('\n').slice(0, -1);
}

it('kill -9 in the middle of writing loses nothing that was acknowledged', { timeout: 60_000 }, async () => {
  const dir = await testFolder();
  const acknowledged: string[] = [];
  for (const [round, delay] of [0, 3, 7, 11].entries()) {
    acknowledged.push(...(await runAndKill(dir, `run${round}`, 20 + 2 * round, delay)));
  }
  expect(acknowledged.length).toBeGreaterThan(80);
  const store = await openSessionStore(dir);
  const found: string[] = [];
  for await (const session of store.stream('mine')) found.push(session.id);
  expect(new Set(found).size).toBe(found.length);
  const ids = acknowledged.filter((line) => !line.startsWith('live'));
  expect(ids.filter((id) => !found.includes(id))).toEqual([]);
  expect(ids.filter((id) => id.startsWith('run3')).length).toBeGreaterThan(5);
  const lives = new Map(
    acknowledged.filter((line) => line.startsWith('live')).map((line) => line.split(' ').slice(1) as [string, string]),
  );
  expect(lives.size).toBe(4);
  for (const [id, turns] of lives)
    expect((await store.loadLive(id)).nodes.length).toBeGreaterThanOrEqual(Number(turns));
  expect((await store.problems()).filter(({ code }) => code !== 'torn-line')).toEqual([]);
  await store.append('mine', [makeSession('after')]);
  expect((await store.read('mine', 'after')).id).toBe('after');
  await store.close();
});

it('a lock of a live process gives a clear error, and one of a dead process is taken over', {
  timeout: 30_000,
}, async () => {
  const dir = await testFolder();
  const file = join(dir, 'mine.jsonl');
  await writeFile(file, '');
  const release = await lockfile.lock(file, { realpath: false, update: 1000 });
  const store = await openSessionStore(dir);
  await expect(store.append('mine', [makeSession('a')])).rejects.toMatchObject({
    code: 'locked',
    where: { file },
    remedy: [expect.any(String), expect.stringContaining(`${file}.lock`)],
  });
  expect((await store.query({})).total).toBe(0);
  await release();

  await mkdir(`${file}.lock`);
  await utimes(`${file}.lock`, new Date(), new Date(Date.now() - 60_000));
  await store.append('mine', [makeSession('b')]);
  expect([...(await store.ids('mine'))]).toEqual(['b']);
  await store.close();
});

it('writers of one file run one after the other, and one that fails does not stop the next', async () => {
  const file = join(await testFolder(), 'x');
  const log: string[] = [];
  const write = (name: string, fails = false) =>
    withLock(file, async () => {
      log.push(`${name} starts`);
      await new Promise((done) => setTimeout(done, 5));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
    });
  const results = await Promise.allSettled([write('a'), write('b', true), write('c')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});
