import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { expect, test } from 'vitest';
import { openLoopStore } from '../../src/backends/store/loop-store.ts';
import { settings } from '../core/loop/world.ts';
import { testFolder } from '../fixtures/sessions.ts';

test('who holds a loop is told while it holds it; a process that was killed holds nothing', async () => {
  const dir = await testFolder();
  const store = openLoopStore(dir);
  await store.create(settings());
  expect(await store.holder('demo')).toBeNull();
  const journal = await store.hold('demo');
  expect(await store.holder('demo')).toBe(`process ${process.pid} on ${hostname()}`);
  expect(await store.held('demo')).toBe(true);
  await journal.close();
  expect(await store.holder('demo')).toBeNull();
  expect(await store.held('demo')).toBe(false);

  // what kill -9 leaves: a lock that is not stale yet, and a process that is no more
  const file = join(dir, 'demo', 'journal.jsonl');
  const release = await lockfile.lock(file, { realpath: false });
  const of = (pid: number, host: string) =>
    writeFile(join(dir, 'demo', 'holder.json'), JSON.stringify({ pid, host, since: '2026-01-01T00:00:00Z' }));
  await of(2 ** 22 + 1, hostname());
  expect(await store.holder('demo')).toBeNull();
  // of another machine it cannot be known
  await of(2 ** 22 + 1, 'elsewhere');
  expect(await store.holder('demo')).toBe(`process ${2 ** 22 + 1} on elsewhere`);
  await writeFile(join(dir, 'demo', 'holder.json'), 'torn {');
  expect(await store.holder('demo')).toBe('another process');
  await release();
  expect(await store.holder('demo')).toBeNull();
});
