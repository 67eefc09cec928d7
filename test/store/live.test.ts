import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { sigmoid } from '../../src/core/reward/reward.ts';
import { addTurn } from '../../src/core/session/tree.ts';
import { makeLive, testFolder } from '../fixtures/sessions.ts';

const live = (dir: string, id: string) => join(dir, 'live', `${id}.json`);

describe('a live session', () => {
  it('is the same after it was saved, and leaves nothing else behind', async () => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    const session = makeLive('s1', ['hi', 'Hello 👋', 'bad day'], [0.5, -1]);
    await store.saveLive(session);
    const at = '2026-01-03T00:00:00.000Z';
    const { session: longer } = addTurn(session, session.head, {
      role: 'assistant',
      content: 'Why?',
      by: { kind: 'human' },
      at,
    });
    await store.saveLive(longer);
    const other = await openSessionStore(dir);
    expect(await other.loadLive('s1')).toEqual(longer);
    expect(await readdir(join(dir, 'live'))).toEqual(['s1.json']);
    await store.close();
    await other.close();
  });

  it('is listed with the scores of its open branch, from its own z_0', async () => {
    const store = await openSessionStore(await testFolder());
    const session = makeLive('s1', ['a', 'b', 'c', 'd', 'e'], [1, 0.25, 2]);
    await store.saveLive(session);
    const { rows } = await store.query({});
    expect(rows).toMatchObject([
      {
        corpus: 'live',
        origin: 'live',
        simulator: 'sim',
        chatbot: 'bot',
        userTurns: 3,
        updated: session.updated,
        discriminator: 'disc',
      },
    ]);
    expect(rows[0]).toMatchObject({ pT: sigmoid(2), lowestR: -0.75 });
    await store.saveLive({ ...session, head: 0 });
    expect((await store.query({})).rows).toMatchObject([{ userTurns: 1, pT: sigmoid(1), lowestR: 0.5 }]);
    await store.saveLive(makeLive('s2', ['a', 'b', 'c', 'd', 'e'], [1, undefined, 2]));
    expect((await store.query({ sort: 'id' })).rows[1]).toMatchObject({ id: 's2', pT: sigmoid(2), lowestR: 0.5 });
    await store.saveLive({ ...makeLive('s3', []), head: null });
    expect((await store.query({ sort: 'id' })).rows[2]).toMatchObject({
      id: 's3',
      userTurns: 0,
      opening: '',
      pT: null,
    });
    await store.close();
  });

  it('reads as a corpus session that says who spoke', async () => {
    const store = await openSessionStore(await testFolder());
    const session = makeLive('s1', ['a', 'b', 'c']);
    await store.saveLive(session);
    expect(await store.read('live', 's1')).toMatchObject({
      origin: { simulator: 'sim', chatbot: 'bot' },
      turns: [{ content: 'a' }, {}, { content: 'c' }],
    });
    await store.saveLive({
      ...session,
      nodes: session.nodes.map((node) => ({ ...node, by: { kind: 'human' as const } })),
    });
    expect(await store.read('live', 's1')).toMatchObject({ origin: { simulator: 'person', chatbot: 'person' } });
    expect((await store.read('live', 's1')).scores).toBeUndefined();
    await store.saveLive(makeLive('s2', ['a', 'b', 'c'], [1, 2]));
    expect((await store.read('live', 's2')).scores).toMatchObject({ disc: { z: [1, 2], logit_p0: 0.5 } });
    await store.saveLive(makeLive('s3', ['a', 'b', 'c'], [1, undefined]));
    expect((await store.read('live', 's3')).scores).toBeUndefined();
    await store.close();
  });

  it('that ends in a turn that was cut off counts and exports only what was said', async () => {
    const store = await openSessionStore(await testFolder());
    const session = makeLive('s', ['a', 'b', 'half'], [1]);
    await store.saveLive({
      ...session,
      nodes: session.nodes.map((node) => (node.content === 'half' ? { ...node, partial: true } : node)),
    });
    expect((await store.query({})).rows).toMatchObject([{ userTurns: 1, pT: sigmoid(1) }]);
    expect((await store.read('live', 's')).turns.map(({ content }) => content)).toEqual(['a', 'b']);
    await store.close();
  });

  it('that could not be read again is refused, and the one on the disk stays', async () => {
    const store = await openSessionStore(await testFolder());
    await store.saveLive(makeLive('s', ['hi'], [1]));
    const error = { code: 'bad-record', where: { field: 'nodes[0].scores.disc.z' } };
    await expect(store.saveLive(makeLive('s', ['hi'], [Number.NaN]))).rejects.toMatchObject(error);
    expect((await store.loadLive('s')).nodes[0]?.scores).toMatchObject({ disc: { z: 1 } });
    await store.close();
  });

  it('that is not there is named, and one with a path for an id is refused', async () => {
    const store = await openSessionStore(await testFolder());
    await expect(store.loadLive('none')).rejects.toMatchObject({ code: 'unknown-session' });
    await expect(store.loadLive('../../etc/passwd')).rejects.toMatchObject({ code: 'bad-name' });
    await expect(store.saveLive(makeLive('../x', ['a']))).rejects.toMatchObject({ code: 'bad-name' });
    await store.close();
  });
});

describe('a damaged live session', () => {
  const nodes = makeLive('bad', ['a', 'b']).nodes;
  const cases: [string, string, { code: string; field?: string }][] = [
    ['is empty', '', { code: 'live-unreadable' }],
    [
      'lacks a field',
      JSON.stringify({ ...makeLive('bad', ['a']), seed: undefined }),
      { code: 'live-unreadable', field: 'seed' },
    ],
    [
      'is of a newer Foil',
      JSON.stringify({ ...makeLive('bad', ['a']), schema: 9 }),
      { code: 'newer-schema', field: 'schema' },
    ],
    [
      'has a turn before itself',
      JSON.stringify({ ...makeLive('bad', ['a']), nodes: [{ ...nodes[0], parent: 1 }, nodes[1]] }),
      { code: 'live-unreadable', field: 'nodes[0].parent' },
    ],
    [
      'is open at no turn',
      JSON.stringify({ ...makeLive('bad', ['a']), head: 5 }),
      { code: 'live-unreadable', field: 'head' },
    ],
    ['is another one', JSON.stringify(makeLive('other', ['a'])), { code: 'live-unreadable', field: 'id' }],
  ];

  it.each(cases)('that %s is reported, never overwritten, and hides no other', async (_, text, { code, field }) => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    await store.saveLive(makeLive('good', ['fine']));
    await writeFile(live(dir, 'bad'), text);
    const error = { code, where: { file: live(dir, 'bad'), ...(field ? { field } : {}) } };
    await expect(store.loadLive('bad')).rejects.toMatchObject(error);
    await expect(store.saveLive(makeLive('bad', ['new']))).rejects.toMatchObject(error);
    expect(await readFile(live(dir, 'bad'), 'utf8')).toBe(text);
    expect((await store.query({})).rows.map((row) => row.id)).toEqual(['good']);
    expect(await store.problems()).toMatchObject([error]);
    await writeFile(live(dir, 'bad'), JSON.stringify(makeLive('bad', ['mended'])));
    expect((await store.query({ sort: 'id' })).rows.map((row) => row.id)).toEqual(['bad', 'good']);
    expect(await store.problems()).toEqual([]);
    await store.close();
  });

  it('that was cut off anywhere is reported', async () => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    await store.saveLive(makeLive('s', ['hi', 'yes']));
    const { length } = await readFile(live(dir, 's'));
    for (const size of [length - 3, length >> 1, 1]) {
      await truncate(live(dir, 's'), size);
      await expect(store.loadLive('s')).rejects.toMatchObject({
        code: 'live-unreadable',
        where: { file: live(dir, 's') },
      });
    }
    await store.close();
  });
});

describe('two foils with one live session', () => {
  it('do not overwrite each other', async () => {
    const dir = await testFolder();
    const [one, two] = [await openSessionStore(dir), await openSessionStore(dir)];
    await one.saveLive(makeLive('s', ['mine']));
    await expect(two.saveLive(makeLive('s', ['theirs, never opened']))).rejects.toMatchObject({ code: 'live-changed' });
    await two.loadLive('s');
    await two.saveLive(makeLive('s', ['theirs']));
    await expect(one.saveLive(makeLive('s', ['mine, older']))).rejects.toMatchObject({ code: 'live-changed' });
    expect((await one.loadLive('s')).nodes[0]?.content).toBe('theirs');
    await one.saveLive(makeLive('s', ['mine, newer']));
    await one.close();
    await two.close();
  });
});
