import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeRecord } from '../../src/backends/fake/runs.ts';
import { openRunStore, writeRecord } from '../../src/backends/store/run-store.ts';
import { logPage } from '../../src/core/workflows/runs/log.ts';
import { request } from '../core/run-request.ts';
import { testFolder } from '../fixtures/sessions.ts';

async function storeWith(...ids: string[]) {
  const dir = await testFolder();
  for (const [index, id] of ids.entries()) {
    await mkdir(join(dir, id));
    await writeRecord(join(dir, id), fakeRecord(id, request(), `2026-01-0${index + 1}T00:00:00.000Z`));
  }
  return { dir, store: openRunStore(dir) };
}

test('a workspace without runs has none', async () => {
  expect(await openRunStore(join(await testFolder(), 'runs')).list()).toEqual({ runs: [], skipped: [] });
});

test('runs come newest first; what is no run, or none that can be read, is left out with the reason', async () => {
  const { dir, store } = await storeWith('a', 'b', 'damaged', 'newer', 'moved');
  await mkdir(join(dir, 'notes'));
  await mkdir(join(dir, '.plans', 'x'), { recursive: true });
  await writeFile(join(dir, 'readme.txt'), '');
  await writeFile(join(dir, 'damaged', 'run.json'), '{"schema": 1, "id"');
  await writeFile(join(dir, 'newer', 'run.json'), '{"schema": 2}');
  await writeFile(join(dir, 'moved', 'run.json'), await readFile(join(dir, 'a', 'run.json')));
  const { runs, skipped } = await store.list();
  expect(runs.map(({ id }) => id)).toEqual(['b', 'a']);
  const reasons = Object.fromEntries(skipped.map(({ folder, reason }) => [folder.slice(dir.length + 1), reason]));
  expect(reasons).toEqual({
    notes: expect.stringContaining('no run.json'),
    damaged: expect.stringContaining('cut off or damaged'),
    newer: expect.stringContaining('newer Foil'),
    moved: expect.stringContaining('another name'),
  });
  await expect(store.load('newer')).rejects.toMatchObject({ where: { file: join(dir, 'newer', 'run.json') } });
});

test('changes of one record that come together all count', async () => {
  const { dir, store } = await storeWith('a');
  const other = openRunStore(dir);
  const note = (text: string) => ({ at: '2026-01-01T00:00:00.000Z', text });
  await Promise.all(
    Array.from({ length: 8 }, (_, k) =>
      (k % 2 ? store : other).update('a', (now) => ({ ...now, notes: [...now.notes, note(`${k}`)] })),
    ),
  );
  const { notes } = await store.load('a');
  expect(notes.map(({ text }) => text).toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
});

test('an unknown run is an error and creates nothing; a name is no path', async () => {
  const { store } = await storeWith('a');
  await expect(store.update('ghost', (now) => now)).rejects.toMatchObject({ code: 'unknown-run' });
  await expect(store.load('../a')).rejects.toMatchObject({ code: 'bad-name' });
  expect((await store.list()).skipped).toEqual([]);
});

test('a file is read in pieces while it grows; one that is not there yet has no bytes', async () => {
  const { dir, store } = await storeWith('a');
  expect(await store.read('a', 'log.txt', 0, 10)).toMatchObject({ next: 0, size: 0 });
  await writeFile(join(dir, 'a', 'log.txt'), 'hello\n');
  const first = await store.read('a', 'log.txt', 0, 4);
  expect([Buffer.from(first.bytes).toString(), first.next, first.size]).toEqual(['hell', 4, 6]);
  await appendFile(join(dir, 'a', 'log.txt'), 'more\n');
  expect(Buffer.from((await store.read('a', 'log.txt', first.next, 99)).bytes).toString()).toBe('o\nmore\n');
  expect(await store.read('a', 'log.txt', 99, 5)).toMatchObject({ next: 99, size: 11 });
  const page = await logPage({ runs: store } as never, 'a', 'end', 1, new AbortController().signal);
  expect(page.lines).toEqual([{ at: 6, text: 'more' }]);
});
