import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { appendRecords } from '../../src/backends/store/disk.ts';
import { openLoopStore } from '../../src/backends/store/loop-store.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';
import { foil } from './run.ts';

async function workspace() {
  const cwd = await testFolder();
  vi.stubEnv('XDG_CACHE_HOME', join(cwd, '.cache'));
  await writeFile(join(cwd, 'foil.yaml'), 'engine: { gguf: nowhere.gguf }\n');
  const store = await openSessionStore(join(cwd, 'sessions'));
  await store.append('t', [makeSession('a'), makeSession('b')]);
  await store.append('v', [makeSession('c')]);
  await store.close();
  const run = async (...args: string[]) => await foil(['loop', ...args, '--json'], { cwd });
  const text = async (...args: string[]) => await foil(['loop', ...args], { cwd });
  return { cwd, run, text, settings: join(cwd, 'loops', 'demo', 'loop.json') };
}

const NEW = ['new', 'demo', '--train', 't', '--valid', 'v'];

test('a loop is made with the settings that were asked for, shown, and not made twice', async () => {
  const { run, text, settings } = await workspace();
  const made = await run(
    ...NEW,
    '--auto-approve',
    '--iterations',
    '1',
    '--set',
    'dpo.changes.lr=5e-5',
    '--set',
    'mine.n=4',
  );
  expect(made.stderr).toBe('');
  expect(made.code).toBe(0);
  expect(JSON.parse(await readFile(settings, 'utf8'))).toMatchObject({
    ...{ name: 'demo', iterations: 1, simulator: 'simulator-it0', chatbots: ['supporter'], per_context: 2 },
    ...{
      limits: { train: 800, valid: 200 },
      review: { by: 'rule' },
      mine: { n: 4 },
      dpo: { changes: { lr: 5e-5 }, floor: 50 },
    },
  });
  expect((await run(...NEW)).events.at(-1)).toMatchObject({ code: 'name-taken' });

  expect((await run('show')).events).toEqual([
    { event: 'loop', name: 'demo', next: { iteration: 0, stage: 'simulate', state: 'ready' } },
  ]);
  const shown = await text('show', 'demo');
  expect(shown.stdout.split('\n').slice(0, 4)).toEqual([
    ...['iteration 0: simulator-it0', '  simulate      ready', '  discriminator todo', '  score         todo'],
  ]);
  expect(shown.stdout).toContain('next: simulate of iteration 0');
  const { events } = await run('alarms', 'demo', '--strict');
  expect(events.map(({ code, verdict }) => `${code} ${verdict}`)).toContain('length unknown');
});

test.each([
  [['--set', 'dpo.foor=1'], 'usage', 'foor'],
  [['--set', 'dpo.changes.rate=1'], 'usage', 'rate'],
  [['--set', 'floor'], 'usage', 'path=value'],
  [['--iterations', '0'], 'usage', 'whole number'],
  [['--test', 'nowhere'], 'unknown-corpus', 'nowhere'],
  [['--simulator', 'nobody'], 'unknown-model', 'nobody'],
  [['--launcher', 'cluster'], 'no-launcher', 'cluster'],
])('%j is refused before there is a loop', async (more, code, said) => {
  const { run } = await workspace();
  const refused = await run(...NEW, ...more);
  expect(refused.events.at(-1)).toMatchObject({ code, message: expect.stringContaining(said) });
  expect(refused.code).toBe(code === 'usage' ? 2 : 1);
  expect((await run('show')).events).toEqual([]);
});

test('settings that were spoilt by hand say where; a torn line of the journal is told and passed over', async () => {
  const { cwd, run, settings } = await workspace();
  await run(...NEW);
  const good = await readFile(settings, 'utf8');
  await writeFile(settings, good.replace('"iterations": 3', '"iterations": "many"'));
  expect((await run('show', 'demo')).events.at(-1)).toMatchObject({
    code: 'bad-record',
    where: { file: settings, field: 'iterations' },
  });
  await writeFile(settings, good);
  await writeFile(join(cwd, 'loops', 'demo', 'journal.jsonl'), '{"schema": 1, "type": "beg');
  const shown = await run('show', 'demo');
  expect(shown.code).toBe(0);
  expect(shown.events.find(({ event }) => event === 'problem')).toMatchObject({ code: 'torn-line' });
});

test('a stage that fails says why, and is failed until it is run again; no gate waits', async () => {
  const { run } = await workspace();
  await run(...NEW);
  const failed = await run('run', 'demo');
  expect(failed.code).toBe(1);
  expect(failed.events.filter(({ event }) => event === 'begin' || event === 'failed')).toMatchObject([
    { event: 'begin', stage: 'simulate', again: false },
    { event: 'failed', stage: 'simulate' },
  ]);
  expect((await run('show')).events[0]).toMatchObject({ next: { stage: 'simulate', state: 'failed' } });
  expect((await run('open', 'demo')).events.at(-1)).toMatchObject({ code: 'not-waiting' });
  expect((await run('run', 'dem')).events.at(-1)).toMatchObject({
    code: 'unknown-loop',
    remedy: ['did you mean "demo"?', 'known: demo'],
  });
});

test('a journal has one writer; a record that was cut off does not join the next one', async () => {
  const { cwd, run } = await workspace();
  await run(...NEW);
  const store = openLoopStore(join(cwd, 'loops'));
  const journal = await store.hold('demo');
  expect(await store.held('demo')).toBe(true);
  await expect(store.hold('demo')).rejects.toMatchObject({ code: 'locked' });
  const record = { schema: 1, at: '2026-01-01T00:00:00Z', iteration: 0, stage: 'simulate', hash: 'h' } as const;
  await journal.append({ ...record, type: 'begin', revision: 1 });
  await journal.close();
  expect(await store.held('demo')).toBe(false);
  const file = join(cwd, 'loops', 'demo', 'journal.jsonl');
  await writeFile(file, `${await readFile(file, 'utf8')}{"schema": 1, "ty`);
  const next = await store.hold('demo');
  expect(next.records).toHaveLength(1);
  await next.append({ ...record, type: 'run', run: 'r' });
  expect(next.records.map(({ type }) => type)).toEqual(['begin', 'run']);
  await next.close();
  expect((await store.read('demo')).map(({ type }) => type)).toEqual(['begin', 'run']);
  await appendRecords(file, [{ ...record, type: 'begin', revision: 0 }]);
  await expect(store.read('demo')).rejects.toMatchObject({ where: { file, line: 4, field: 'revision' } });
});
