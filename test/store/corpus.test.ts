import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { sigmoid } from '../../src/core/reward/reward.ts';
import type { Session } from '../../src/core/session/schema.ts';
import { makeLive, makeSession, testFolder } from '../fixtures/sessions.ts';

const score = (session: string, z: number[], more = {}) => ({
  ...{ session, discriminator: 'disc', z, logitP0: 0, template: 't1', engine: 'e' },
  ...more,
});

async function all(sessions: AsyncIterable<Session>): Promise<Session[]> {
  const list: Session[] = [];
  for await (const session of sessions) list.push(session);
  return list;
}

describe('a corpus', () => {
  it('gives back what was appended, in order and by id, with text of any script', async () => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    const texts = ['schöne Grüße 👩‍👩‍👧', '你好吗', 'line one\nline two', '\u2028 "quoted" \\ \u0000'];
    const sessions = texts.map((text, index) => makeSession(`s${index}`, [text, 'ok', 'bye']));
    await store.append('mine', sessions.slice(0, 2));
    await store.append('mine', sessions.slice(2));
    expect(await all(store.stream('mine'))).toEqual(sessions);
    for (const session of sessions) expect(await store.read('mine', session.id)).toEqual(session);
    expect(await store.corpora()).toMatchObject([{ name: 'mine', sessions: 4 }]);
    expect(await store.ids('mine')).toEqual(new Set(['s0', 's1', 's2', 's3']));
    expect(await store.problems()).toEqual([]);
    await store.close();
  });

  it('refuses an id twice, in one batch or later, and then writes nothing', async () => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    await store.append('mine', [makeSession('a')]);
    const before = await readFile(join(dir, 'mine.jsonl'), 'utf8');
    await expect(store.append('mine', [makeSession('b'), makeSession('a')])).rejects.toMatchObject({
      code: 'duplicate-session',
    });
    await expect(store.append('mine', [makeSession('c'), makeSession('c')])).rejects.toMatchObject({
      code: 'duplicate-session',
    });
    expect(await readFile(join(dir, 'mine.jsonl'), 'utf8')).toBe(before);
    await store.close();
  });

  it('takes appends from several callers and stores at once', async () => {
    const dir = await testFolder();
    const [one, two] = [await openSessionStore(dir), await openSessionStore(dir)];
    const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
    await Promise.all(ids.map((id, index) => (index % 2 === 0 ? one : two).append('mine', [makeSession(id)])));
    expect([...(await one.ids('mine'))].sort()).toEqual([...ids].sort());
    expect(await two.ids('mine')).toEqual(await one.ids('mine'));
    await one.close();
    await two.close();
  });

  it('refuses names that are paths, and its own', async () => {
    const store = await openSessionStore(await testFolder());
    for (const name of ['../up', '', '.hidden', 'a/b', 'live', 'x.scores', 'nul\0']) {
      await expect(store.append(name, [makeSession('a')]), name).rejects.toMatchObject({ code: 'bad-name' });
    }
    await store.close();
  });

  it('says which corpora and sessions there are when one is not', async () => {
    const store = await openSessionStore(await testFolder());
    await store.append('esconv', [makeSession('a')]);
    await expect(store.read('esconf', 'a')).rejects.toMatchObject({
      code: 'unknown-corpus',
      remedy: ['did you mean "esconv"?', 'known: esconv'],
    });
    await expect(store.read('esconv', 'b')).rejects.toMatchObject({ code: 'unknown-session' });
    await expect(all(store.stream('none'))).rejects.toMatchObject({ code: 'unknown-corpus' });
    await store.close();
  });
});

describe('scores', () => {
  it('of the journal join the session; the last one counts, over the one in its line', async () => {
    const store = await openSessionStore(await testFolder());
    const own = { disc: { z: [9, 9], logit_p0: 0, template: 't0', engine: 'e' } };
    await store.append('mine', [makeSession('a', undefined, { scores: own }), makeSession('b')]);
    expect((await store.read('mine', 'a')).scores).toEqual(own);
    await store.appendScores('mine', [score('a', [1, -0.5]), score('b', [2, 3])]);
    await store.appendScores('mine', [score('a', [0.5, -1], { template: 't2', logitP0: 0.25 })]);
    expect((await store.read('mine', 'a')).scores).toEqual({
      disc: { z: [0.5, -1], logit_p0: 0.25, template: 't2', engine: 'e' },
    });
    const { rows } = await store.query({ sort: 'lowest_r' });
    expect(rows.map(({ id, pT, lowestR, discriminator }) => ({ id, pT, lowestR, discriminator }))).toEqual([
      { id: 'a', pT: sigmoid(-1), lowestR: -1.5, discriminator: 'disc' },
      { id: 'b', pT: sigmoid(3), lowestR: 1, discriminator: 'disc' },
    ]);
    expect((await all(store.stream('mine'))).map((session) => session.scores?.['disc']?.z)).toEqual([
      [0.5, -1],
      [2, 3],
    ]);
    await store.close();
  });

  it('are those of the discriminator asked for, and of none if several could be meant', async () => {
    const store = await openSessionStore(await testFolder());
    await store.append('mine', [makeSession('a'), makeSession('b')]);
    await store.appendScores('mine', [score('a', [1]), score('a', [2], { discriminator: 'other' }), score('b', [3])]);
    const pT = async (discriminator?: string) =>
      (await store.query({ ...(discriminator ? { discriminator } : {}), sort: 'id' })).rows.map((row) => row.pT);
    expect(await pT('disc')).toEqual([sigmoid(1), sigmoid(3)]);
    expect(await pT('other')).toEqual([sigmoid(2), null]);
    expect(await pT()).toEqual([null, null]);
    await store.close();
  });
});

describe('query', () => {
  async function filled() {
    const store = await openSessionStore(await testFolder());
    await store.append('real', [
      makeSession('r1', ['My boss shouted at me', 'Oh no', 'yes', 'And then?', 'left'], {
        meta: { assistant_kind: 'human' },
      }),
      makeSession('r2', ['我今天很难过', 'Why?', 'don’t know, the café closed']),
      makeSession('r3', ['I keep thinking about suicide', 'I am here']),
      makeSession('r4', ['about suicide prevention week', 'Yes?'], { meta: { flags: { risk_language: false } } }),
    ]);
    await store.append('sim', [
      makeSession('x_1', ['boss', 'ok'], { origin: { simulator: 'it0', chatbot: 'supporter' } }),
    ]);
    await store.appendScores('real', [score('r1', [1, 0, 2]), score('r2', [-1, 1])]);
    await store.saveLive(makeLive('live-1', ['boss again', 'tell me', 'no'], [1, 0]));
    return store;
  }

  it('filters by corpus, origin, length, risk and words', async () => {
    const store = await filled();
    const ids = async (query: Parameters<typeof store.query>[0]) =>
      (await store.query({ sort: 'id', ...query })).rows.map((row) => row.id);
    expect(await ids({})).toEqual(['live-1', 'r1', 'r2', 'r3', 'r4', 'x_1']);
    expect(await ids({ corpus: 'real' })).toEqual(['r1', 'r2', 'r3', 'r4']);
    expect(await ids({ corpus: 'live' })).toEqual(['live-1']);
    expect(await ids({ origin: 'simulated' })).toEqual(['x_1']);
    expect(await ids({ origin: 'live' })).toEqual(['live-1']);
    expect(await ids({ minTurns: 2, maxTurns: 2 })).toEqual(['live-1', 'r2']);
    expect(await ids({ corpus: 'real', hideRisk: true })).toEqual(['r1', 'r2', 'r4']);
    expect(await ids({ text: 'BOSS' })).toEqual(['live-1', 'r1', 'x_1']);
    expect(await ids({ text: 'boss shout' })).toEqual(['r1']);
    expect(await ids({ text: 'boss x_1' })).toEqual(['x_1']);
    expect(await ids({ text: 'x%1' })).toEqual([]);
    expect(await ids({ text: '难过' })).toEqual(['r2']);
    expect(await ids({ text: "don't cafe" })).toEqual(['r2']);
    expect(await ids({ text: 'don’t cafe' })).toEqual(['r2']);
    expect(await ids({ text: '"boss" OR * NEAR(' })).toEqual([]);
    await store.close();
  });

  it('sorts in both directions, what has no value last, and pages', async () => {
    const store = await filled();
    const ids = async (query: Parameters<typeof store.query>[0]) =>
      (await store.query({ discriminator: 'disc', ...query })).rows.map((row) => row.id);
    expect((await ids({ sort: 'p_T' })).slice(0, 3)).toEqual(['live-1', 'r2', 'r1']);
    expect((await ids({ sort: 'p_T', descending: true })).slice(0, 3)).toEqual(['r1', 'r2', 'live-1']);
    expect((await ids({ sort: 'lowest_r' })).slice(0, 3)).toEqual(['live-1', 'r1', 'r2']);
    expect((await ids({ sort: 'user_turns', descending: true }))[0]).toBe('r1');
    expect((await ids({ sort: 'updated' }))[0]).toBe('live-1');
    expect(await store.query({ sort: 'id', offset: 2, limit: 2 })).toMatchObject({
      total: 6,
      rows: [{ id: 'r2' }, { id: 'r3' }],
    });
    await store.close();
  });

  it('shows what a list needs', async () => {
    const store = await filled();
    expect((await store.query({ corpus: 'real', limit: 1 })).rows).toEqual([
      {
        ...{ corpus: 'real', id: 'r1', origin: 'real', simulator: null, chatbot: 'human', userTurns: 3, words: 11 },
        ...{
          opening: 'My boss shouted at me',
          summary: null,
          risk: false,
          updated: null,
          pT: sigmoid(2),
          lowestR: -1,
          discriminator: 'disc',
        },
      },
    ]);
    expect((await store.query({ corpus: 'sim' })).rows).toMatchObject([
      { origin: 'simulated', simulator: 'it0', chatbot: 'supporter' },
    ]);
    await store.close();
  });
});

describe('a change from outside', () => {
  it('is seen by a store that is open: lines added by another program, a file put there, a file taken away', async () => {
    const dir = await testFolder();
    const store = await openSessionStore(dir);
    await store.append('mine', [makeSession('a')]);
    expect((await store.query({})).total).toBe(1);
    await appendFile(join(dir, 'mine.jsonl'), `${JSON.stringify(makeSession('b'))}\n`);
    await writeFile(join(dir, 'other.jsonl'), `${JSON.stringify(makeSession('c'))}`);
    expect([...(await store.ids('mine')), ...(await store.ids('other'))]).toEqual(['a', 'b', 'c']);
    await store.append('other', [makeSession('d')]);
    expect([...(await store.ids('other'))]).toEqual(['c', 'd']);
    expect((await all(store.stream('other'))).map(({ id }) => id)).toEqual(['c', 'd']);
    await store.close();
  });
});
