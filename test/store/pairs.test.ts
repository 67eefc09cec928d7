import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type OpenPairStore, openPairStore } from '../../src/backends/store/pair-store.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';
import { testFolder } from '../fixtures/sessions.ts';

const CHILD = fileURLToPath(new URL('./label-child.ts', import.meta.url));
const json = (value: unknown) => `${JSON.stringify(value)}\n`;

function open(dir: string): OpenPairStore {
  const store = openPairStore(dir);
  onTestFinished(() => store.close());
  return store;
}

async function set(ids: readonly string[]) {
  const dir = await testFolder();
  const store = open(dir);
  await store.append(
    'a',
    ids.map((id) => makePair(id)),
  );
  return { dir, store, file: join(dir, 'a.jsonl'), journal: join(dir, 'a.decisions.jsonl') };
}

const stands = async (store: OpenPairStore) => (await store.list('a')).map(({ id, decision }) => [id, decision]);

describe('sets of pairs', () => {
  it('keep pairs and their decisions apart; a second process sees both', async () => {
    const { dir, store, file } = await set(['p1', 'p2']);
    const before = await readFile(file, 'utf8');
    await store.append('b', [makePair('p1', { origin: 'manual', decision: 'approved' })]);
    await store.decide('a', makeDecision('p1', 'approve'));
    await store.decide('a', makeDecision('p2', 'reject'));
    expect(await readFile(file, 'utf8')).toBe(before);
    for (const other of [store, open(dir)]) {
      expect(await stands(other)).toEqual([
        ['p1', 'approved'],
        ['p2', 'rejected'],
      ]);
      expect((await other.list()).map(({ set: name, id }) => `${name}/${id}`)).toEqual(['a/p1', 'a/p2', 'b/p1']);
      expect(await other.sets()).toEqual([
        { name: 'a', pairs: 2, approved: 1, rejected: 1, pending: 0, reviewers: ['anna'] },
        { name: 'b', pairs: 1, approved: 1, rejected: 0, pending: 0, reviewers: [] },
      ]);
      expect((await other.list('a', [])).map(({ decision }) => decision)).toEqual(['pending', 'pending']);
      expect(other.problems()).toEqual([]);
    }
  });

  it('two that are open follow each other, and an undo is one of a record that the other wrote', async () => {
    const { dir, store } = await set(['p1']);
    const other = open(dir);
    expect(await stands(other)).toEqual([['p1', 'pending']]);
    await store.append('a', [makePair('p2')]);
    await store.decide('a', makeDecision('p2', 'approve'));
    expect(await stands(other)).toEqual([
      ['p1', 'pending'],
      ['p2', 'approved'],
    ]);
    await other.decide('a', makeDecision('p2', 'undo'));
    await store.decide('a', makeDecision('p1', 'skip'));
    expect(await stands(store)).toEqual([
      ['p1', 'pending'],
      ['p2', 'pending'],
    ]);
    expect((await store.decisions('a')).map(({ pair, decision }) => [pair, decision])).toEqual([['p1', 'skip']]);
    await expect(store.decide('a', makeDecision('p2', 'undo'))).rejects.toMatchObject({ code: 'nothing-to-undo' });
  });

  it('a label adds one line to the journal and rewrites nothing', async () => {
    const { store, journal } = await set(['p1', 'p2']);
    await store.decide('a', makeDecision('p1', 'approve', { note: 'good' }));
    const { ino, size } = await stat(journal);
    const text = await readFile(journal, 'utf8');
    await store.decide('a', makeDecision('p2', 'approve'));
    const after = await stat(journal);
    expect(after.ino).toBe(ino);
    expect((await readFile(journal, 'utf8')).slice(0, size)).toBe(text);
    expect((await readFile(journal, 'utf8')).split('\n')).toHaveLength(3);
  });
});

describe('faults', () => {
  it('torn lines are skipped and reported once, and what follows stands on a line of its own', async () => {
    const { dir, store, file, journal } = await set(['p1', 'p2']);
    await store.decide('a', makeDecision('p1', 'approve'));
    await appendFile(file, '{"schema":1,"id":"p');
    await appendFile(journal, '{"schema":1,"pa');
    await store.decide('a', makeDecision('p2', 'reject'));
    await store.append('a', [makePair('p3')]);
    for (const one of [store, open(dir)]) {
      expect(await stands(one)).toEqual([
        ['p1', 'approved'],
        ['p2', 'rejected'],
        ['p3', 'pending'],
      ]);
      await one.list('a');
      expect(
        one
          .problems()
          .map(({ code, where }) => [code, where?.file, where?.line])
          .sort(),
      ).toEqual([
        ['torn-line', journal, 2],
        ['torn-line', file, 3],
      ]);
    }
  });

  it('a record that is whole but has no line end yet counts', async () => {
    const { store, journal } = await set(['p1', 'p2']);
    await writeFile(journal, json(makeDecision('p1', 'approve')).trimEnd());
    expect(await stands(store)).toEqual([
      ['p1', 'approved'],
      ['p2', 'pending'],
    ]);
    await store.decide('a', makeDecision('p2', 'approve'));
    await store.decide('a', makeDecision('p1', 'undo'));
    expect(await stands(store)).toEqual([
      ['p1', 'pending'],
      ['p2', 'approved'],
    ]);
    expect((await readFile(journal, 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('an id that stands twice, a decision about no pair and an undo of nothing are skipped and reported', async () => {
    const { dir, file, journal } = await set(['p1']);
    await appendFile(file, json(makePair('p1', { t: 9 })));
    await appendFile(journal, json(makeDecision('gone', 'approve')) + json(makeDecision('p1', 'undo')));
    const store = open(dir);
    expect((await store.list('a')).map(({ id, t }) => [id, t])).toEqual([['p1', 2]]);
    await store.list('a');
    expect(store.problems()).toMatchObject([
      { code: 'duplicate-pair', where: { file, line: 2 } },
      { code: 'nothing-to-undo', where: { file: journal, line: 2 } },
      { code: 'unknown-pair', where: { file: journal, line: 1 } },
    ]);
  });

  it.each([
    ['a newer schema', { ...makePair('x'), schema: 2 }, { code: 'newer-schema', where: { line: 2, field: 'schema' } }],
    ['a bad field', { ...makePair('x'), t: 0 }, { code: 'bad-record', where: { line: 2, field: 't' } }],
  ])('%s is an error with its place', async (_, record, error) => {
    const { dir, store, file } = await set(['p1']);
    await appendFile(file, json(record));
    await expect(store.list('a')).rejects.toMatchObject(error);
    await expect(open(dir).list('a')).rejects.toMatchObject(error);
  });

  it('writes of what cannot be are refused, and nothing is written', async () => {
    const { store, file, journal } = await set(['p1']);
    const size = (await stat(file)).size;
    await expect(store.append('a', [makePair('p2'), makePair('p1')])).rejects.toMatchObject({ code: 'duplicate-pair' });
    await expect(store.append('a', [makePair('p2'), makePair('p2')])).rejects.toMatchObject({ code: 'duplicate-pair' });
    await expect(store.decide('a', makeDecision('p3', 'approve'))).rejects.toMatchObject({ code: 'unknown-pair' });
    await expect(store.decide('a', makeDecision('p1', 'undo'))).rejects.toMatchObject({ code: 'nothing-to-undo' });
    await expect(store.decide('b', makeDecision('p1', 'skip'))).rejects.toMatchObject({ code: 'unknown-set' });
    await expect(store.list('A')).rejects.toMatchObject({ remedy: ['did you mean "a"?', 'known: a'] });
    await expect(store.append('../x', [])).rejects.toMatchObject({ code: 'bad-name' });
    await expect(store.append('a.decisions', [])).rejects.toMatchObject({ code: 'bad-name' });
    await expect(store.decide('a', { ...makeDecision('p1', 'skip'), ms: -1 })).rejects.toMatchObject({
      code: 'bad-record',
      where: { field: 'ms' },
    });
    expect((await stat(file)).size).toBe(size);
    expect(await readFile(journal, 'utf8').catch(() => '')).toBe('');
  });

  it('pairs of before, of Chat, open as they were', async () => {
    const dir = await testFolder();
    const { corpus: _, mined: __, ...old } = makePair('p1', { origin: 'manual', decision: 'approved' });
    await writeFile(join(dir, 'manual.jsonl'), json(old));
    expect(await open(dir).list('manual')).toMatchObject([{ ...old, set: 'manual' }]);
  });
});

it('kill -9 at any moment loses no label that was acknowledged', { timeout: 60_000 }, async () => {
  const { dir } = await set(Array.from({ length: 400 }, (_, index) => `p${index}`));
  const acknowledged: string[] = [];
  for (const [round, delay] of [0, 2, 5, 9, 14].entries()) {
    const child = spawn(process.execPath, [CHILD, dir, String(round * 80)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), delay);
      said += text;
    });
    await once(child, 'close');
    acknowledged.push(...said.split('\n').slice(0, -1));
  }
  expect(acknowledged.length).toBeGreaterThan(4);
  const store = open(dir);
  const approved = new Set(
    (await store.list('a')).filter(({ decision }) => decision === 'approved').map(({ id }) => id),
  );
  expect(acknowledged.filter((id) => !approved.has(id))).toEqual([]);
  expect(store.problems().filter(({ code }) => code !== 'torn-line')).toEqual([]);
});
