import { spawnSync } from 'node:child_process';
import { chmod, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { IndexDb } from '../../src/backends/store/index-db.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { syncIndex } from '../../src/backends/store/sync.ts';
import { makeLive, makeSession, testFolder } from '../fixtures/sessions.ts';

async function filled() {
  const dir = await testFolder();
  const store = await openSessionStore(dir);
  await store.append('mine', [makeSession('a', ['one']), makeSession('b', ['two'])]);
  await store.appendScores('mine', [
    { session: 'a', discriminator: 'd', z: [1], logitP0: 0, template: 't', engine: 'e' },
  ]);
  await store.saveLive(makeLive('l', ['three']));
  const expected = await store.query({ sort: 'id' });
  expect(expected.total).toBe(3);
  await store.close();
  return { dir, expected, index: join(dir, '.index.sqlite') };
}

async function queryAgain(dir: string) {
  const store = await openSessionStore(dir);
  const result = await store.query({ sort: 'id' });
  await store.close();
  return result;
}

describe('the index', () => {
  it('is built again when it was deleted', async () => {
    const { dir, expected, index } = await filled();
    await rm(index);
    expect(await queryAgain(dir)).toEqual(expected);
    expect((await stat(index)).size).toBeGreaterThan(0);
  });

  it.each([
    ['garbage', Buffer.from('this is not a database, and never was one'.repeat(100))],
    ['empty', Buffer.alloc(0)],
  ])('is built again when it is %s', async (_, bytes) => {
    const { dir, expected, index } = await filled();
    await writeFile(index, bytes);
    expect(await queryAgain(dir)).toEqual(expected);
  });

  it('is built again when it is cut off, or damaged behind its first page', async () => {
    const { dir, expected, index } = await filled();
    await truncate(index, 8192);
    expect(await queryAgain(dir)).toEqual(expected);
    const bytes = await readFile(index);
    bytes.fill(0xa5, 4096);
    await writeFile(index, bytes);
    expect(await queryAgain(dir)).toEqual(expected);
  });

  it('is built again when another version of Foil made it, or something else', async () => {
    const { dir, expected, index } = await filled();
    const db = new DatabaseSync(index);
    db.exec('UPDATE meta SET version = 999; DROP TABLE session');
    db.close();
    expect(await queryAgain(dir)).toEqual(expected);
    await rm(index);
    const other = new DatabaseSync(index);
    other.exec('CREATE TABLE meta (x); INSERT INTO meta VALUES (1)');
    other.close();
    expect(await queryAgain(dir)).toEqual(expected);
  });

  it('heals while a store is open', async () => {
    const { dir, expected, index } = await filled();
    const store = await openSessionStore(dir);
    await store.query({});
    const db = new DatabaseSync(index);
    db.exec('DROP TABLE score');
    db.close();
    expect(await store.query({ sort: 'id' })).toEqual(expected);
    await store.close();
  });

  it('reads only what was added to a file that has grown', async () => {
    const { dir, index } = await filled();
    const db = new DatabaseSync(index);
    db.exec("UPDATE session SET opening = 'from the index' WHERE id = 'a'");
    db.close();
    const store = await openSessionStore(dir);
    await store.append('mine', [makeSession('c', ['four'])]);
    const openings = (await store.query({ corpus: 'mine', sort: 'id' })).rows.map((row) => row.opening);
    expect(openings).toEqual(['from the index', 'two', 'four']);
    await store.close();
  });

  it('starts over when a file has shrunk or was rewritten, with or without the same length', async () => {
    const { dir } = await filled();
    const file = join(dir, 'mine.jsonl');
    const lines = (await readFile(file, 'utf8')).split('\n');
    const store = await openSessionStore(dir);
    const openings = async () =>
      (await store.query({ corpus: 'mine', sort: 'id' })).rows.map(
        (row) => `${row.id} ${row.opening} ${row.pT !== null}`,
      );
    expect(await openings()).toEqual(['a one true', 'b two false']);
    await writeFile(file, `${lines[1]}\n`);
    expect(await openings()).toEqual(['b two false']);
    await writeFile(file, `${lines[1]?.replace('two', 'TWO')}\n`);
    expect(await openings()).toEqual(['b TWO false']);
    await writeFile(file, `${lines[0]}\n${lines[1]}\n${JSON.stringify(makeSession('c', ['long '.repeat(50)]))}\n`);
    expect(await openings()).toHaveLength(3);
    expect((await openings())[0]).toBe('a one true');
    await rm(file);
    expect(await openings()).toEqual([]);
    await store.close();
  });

  it('indexes a big corpus in batches, each line once', async () => {
    const dir = await testFolder();
    const sessions = Array.from({ length: 1234 }, (_, index) => makeSession(`s${index}`, [`word${index} ünïcode`]));
    await writeFile(join(dir, 'big.jsonl'), sessions.map((session) => `${JSON.stringify(session)}\n`).join(''));
    const store = await openSessionStore(dir);
    expect((await store.query({ limit: 1 })).total).toBe(1234);
    expect((await store.query({ text: 'word1233' })).rows).toMatchObject([{ id: 's1233' }]);
    expect((await store.read('big', 's777')).turns[0]?.content).toBe('word777 ünïcode');
    expect(await store.problems()).toEqual([]);
    await store.close();
  });

  it('lives in memory where nothing may be written', async () => {
    const { dir, expected, index } = await filled();
    await rm(index);
    await chmod(dir, 0o555);
    try {
      // root writes everywhere: a folder in the place of the file stops it too
      if (process.getuid?.() === 0) await blockIndex(dir, index);
      expect(await queryAgain(dir)).toEqual(expected);
    } finally {
      await chmod(dir, 0o755);
    }
  });

  it('goes on in memory where the disk is full', async () => {
    const { dir, index } = await filled();
    const db = await IndexDb.open(index);
    const [before] = db.all<{ n: number }>('SELECT count(*) AS n FROM session');
    expect(before?.n).toBe(3);
    let tries = 0;
    const after = await db.healing(async () => {
      tries += 1;
      if (tries === 1) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      await syncIndex(db, dir);
      return db.all<{ id: string }>('SELECT id FROM session ORDER BY id').map(({ id }) => id);
    });
    expect([tries, after]).toEqual([2, ['a', 'b', 'l']]);
    db.close();
    expect((await stat(index)).size).toBeGreaterThan(0);
  });

  it('prints no warning when it is opened', () => {
    const code =
      "import('./src/backends/store/session-store.ts').then(async (m) => (await m.openSessionStore(process.argv[1])).close())";
    const { stderr, status } = spawnSync(process.execPath, ['-e', code, join(process.cwd(), 'sessions')], {
      encoding: 'utf8',
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});

async function blockIndex(dir: string, index: string): Promise<void> {
  await chmod(dir, 0o755);
  spawnSync('mkdir', [index]);
}
