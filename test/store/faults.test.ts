import { appendFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replaceFile } from '../../src/backends/store/disk.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import type { Session } from '../../src/core/session/schema.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';

const json = (value: unknown) => `${JSON.stringify(value)}\n`;
const good = (id: string) => json(makeSession(id));

/** A store over a corpus `mine` of these bytes. */
async function storeOver(...parts: (string | Buffer)[]) {
  const dir = await testFolder();
  const file = join(dir, 'mine.jsonl');
  await writeFile(file, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return { store: await openSessionStore(dir), dir, file };
}

async function ids(sessions: AsyncIterable<Session>): Promise<string[]> {
  const list: string[] = [];
  for await (const session of sessions) list.push(session.id);
  return list;
}

describe('a torn line', () => {
  const torn = good('torn').slice(0, 60);

  it('at the end is skipped and reported with its place, and the next append starts on a new line', async () => {
    const { store, file } = await storeOver(good('a'), torn);
    const places: unknown[] = [];
    expect(await ids(store.stream('mine', (place) => places.push(place)))).toEqual(['a']);
    expect(places).toEqual([{ file, line: 2 }]);
    expect(await store.problems()).toMatchObject([{ code: 'torn-line', where: { file, line: 2 } }]);

    await store.append('mine', [makeSession('b')]);
    expect(await readFile(file, 'utf8')).toBe(`${good('a')}${torn}\n${good('b')}`);
    places.length = 0;
    expect(await ids(store.stream('mine', (place) => places.push(place)))).toEqual(['a', 'b']);
    expect(places).toEqual([{ file, line: 2 }]);
    expect((await store.read('mine', 'b')).id).toBe('b');
    expect(await store.problems()).toMatchObject([{ code: 'torn-line', where: { file, line: 2 } }]);
    await store.close();
  });

  it('cut within a character is torn, not bad UTF-8', async () => {
    const bytes = Buffer.from(good('ü').trim());
    const { store } = await storeOver(good('a'), bytes.subarray(0, bytes.indexOf('ü') + 1));
    expect(await ids(store.stream('mine'))).toEqual(['a']);
    await store.close();
  });

  it('that another process was still writing is read when it is whole', async () => {
    const { store, file } = await storeOver(good('a'), torn);
    expect([...(await store.ids('mine'))]).toEqual(['a']);
    await appendFile(file, good('torn').slice(60));
    expect([...(await store.ids('mine'))]).toEqual(['a', 'torn']);
    expect(await store.problems()).toEqual([]);
    await store.close();
  });
});

describe('a bad line', () => {
  const turns = [
    { role: 'user', content: 'a' },
    { role: 'user', content: 'b' },
  ];
  const cases: [string, string | Buffer, { code: string; message: RegExp; field?: string }][] = [
    [
      'of a newer Foil',
      json({ ...makeSession('x'), schema: 2 }),
      { code: 'newer-schema', message: /written by a newer Foil/, field: 'schema' },
    ],
    [
      'of an unknown schema',
      json({ ...makeSession('x'), schema: 'one' }),
      { code: 'bad-record', message: /not a version that this Foil/, field: 'schema' },
    ],
    [
      'with a bad role order',
      json({ ...makeSession('x'), turns }),
      { code: 'bad-record', message: /must alternate/, field: 'turns[1].role' },
    ],
    [
      'with an unknown role',
      json({ ...makeSession('x'), turns: [{ role: 'bot', content: 'a' }] }),
      { code: 'bad-record', message: /./, field: 'turns[0].role' },
    ],
    [
      'with an empty turn',
      json(makeSession('x', ['a', ' \n'])),
      { code: 'bad-record', message: /must not be empty/, field: 'turns[1].content' },
    ],
    ['without turns', json({ ...makeSession('x'), turns: [] }), { code: 'bad-record', message: /./, field: 'turns' }],
    [
      'of invalid UTF-8',
      Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}\n')]),
      { code: 'bad-utf8', message: /UTF-8/ },
    ],
    ['of no JSON', 'hello\n', { code: 'bad-json', message: /JSON/ }],
    ['of another kind', '[1]\n', { code: 'bad-record', message: /./ }],
  ];

  it.each(cases)(
    '%s stops a reader with file, line, field and remedy; the list goes on without it',
    async (_, line, { code, message, field }) => {
      const { store, file } = await storeOver(good('a'), line, good('b'));
      const error = {
        code,
        message: expect.stringMatching(message),
        where: { file, line: 2, ...(field ? { field } : {}) },
      };
      await expect(ids(store.stream('mine'))).rejects.toMatchObject(error);
      expect((await store.query({ sort: 'id' })).rows.map((row) => row.id)).toEqual(['a', 'b']);
      const problems = await store.problems();
      expect(problems).toMatchObject([error]);
      expect(problems[0]?.remedy.join()).not.toBe('');
      expect((await store.read('mine', 'b')).id).toBe('b');
      await store.close();
    },
  );

  it('that repeats an id is reported, and the first one stays', async () => {
    const { store } = await storeOver(good('a'), json(makeSession('a', ['second'])));
    expect((await store.read('mine', 'a')).turns).toHaveLength(3);
    expect(await store.problems()).toMatchObject([{ code: 'duplicate-session', where: { line: 2, field: 'id' } }]);
    await store.close();
  });

  it('is named when somebody asks for a session that may stand there', async () => {
    const { store } = await storeOver(good('a'), 'hello\n');
    await expect(store.read('mine', 'x')).rejects.toMatchObject({
      code: 'unknown-session',
      remedy: [expect.any(String), expect.stringContaining('line 2 could not be read')],
    });
    await store.close();
  });

  it('is not written: an invalid session never reaches the file', async () => {
    const { store, file } = await storeOver(good('a'));
    await expect(store.append('mine', [makeSession('b', ['a', ''])])).rejects.toMatchObject({ code: 'bad-record' });
    expect(await readFile(file, 'utf8')).toBe(good('a'));
    await store.close();
  });
});

describe('a corpus that cannot be read at all', () => {
  it('hides no other, is named with its file, and is read once it can be', async () => {
    const { store, dir } = await storeOver(good('a'));
    const file = join(dir, 'other.jsonl');
    await mkdir(file);
    expect((await store.query({})).rows.map(({ id }) => id)).toEqual(['a']);
    expect(await store.corpora()).toMatchObject([
      { name: 'mine', sessions: 1 },
      { name: 'other', sessions: 0 },
    ]);
    expect(await store.problems()).toMatchObject([{ code: 'is-folder', where: { file } }]);
    await expect(ids(store.stream('other'))).rejects.toMatchObject({ code: 'is-folder', where: { file } });
    await rm(file, { recursive: true });
    await writeFile(file, good('b'));
    expect((await store.query({})).rows.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await store.problems()).toEqual([]);
    await store.close();
  });
});

describe('replaceFile', () => {
  it('leaves what was there when it fails half-way, and writes through what is no file', async () => {
    const file = join(await testFolder(), 'rows.jsonl');
    await replaceFile(file, ['one\n', 'two\n']);
    const parts = function* () {
      yield 'three\n';
      throw new Error('cut off');
    };
    await expect(replaceFile(file, parts())).rejects.toThrow('cut off');
    expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
    expect(await readdir(dirname(file))).toEqual(['rows.jsonl']);
    await replaceFile('/dev/null', ['x']);
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(replaceFile(join(file, 'x'), [])).rejects.toMatchObject({ code: 'no-folder' });
  });
});

describe('a session of a 5 MB message', () => {
  it('is kept and found like any other', async () => {
    const store = await openSessionStore(await testFolder());
    const big = makeSession('big', ['wörd '.repeat(1_000_000), 'ok']);
    await store.append('mine', [makeSession('a'), big, makeSession('z')]);
    expect((await store.read('mine', 'big')).turns[0]?.content).toBe(big.turns[0]?.content);
    const { rows } = await store.query({ text: 'wörd' });
    expect(rows).toMatchObject([{ id: 'big', words: 1_000_001 }]);
    expect(rows[0]?.opening.length).toBeLessThan(200);
    await store.close();
  });
});
