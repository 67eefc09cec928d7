import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { testFolder } from '../fixtures/sessions.ts';
import { fakePython } from './fake-python.ts';
import { foil } from './run.ts';

async function workspace(rows = '{"id": "r1", "group": "g", "messages": []}\n') {
  const cwd = await testFolder();
  await fakePython(join(cwd, '.cache'));
  await writeFile(join(cwd, 'rows.jsonl'), rows);
  await writeFile(join(cwd, 'base.gguf'), 'GGUF');
  // No engine here: what is adopted cannot be loaded, and says so.
  await writeFile(join(cwd, 'foil.yaml'), 'engine: { gguf: nowhere.gguf }\n');
  const train = ['train', 'sft', '--train', './rows.jsonl', '--valid', './rows.jsonl', '--base', 'base.gguf'];
  const run = (...args: string[]) => foil([...args, '--json'], { cwd });
  const go = (id: string) => writeFile(join(cwd, 'runs', id, 'go'), '');
  const start = async (...more: string[]) => {
    const { events, stderr } = await run(...train, ...more);
    const started = events.find(({ event }) => event === 'started');
    if (!started) throw new Error(stderr);
    return String(started['run']);
  };
  const record = async (id: string) => JSON.parse(await readFile(join(cwd, 'runs', id, 'run.json'), 'utf8'));
  return { cwd, train, run, go, start, record };
}

test('a dry run checks and starts nothing; what the stage refuses is told with its remedy', async () => {
  const { train, run, cwd } = await workspace();
  const dry = await run(...train, '--dry-run');
  expect(dry.code).toBe(0);
  expect(dry.events.find(({ event }) => event === 'preflight')).toMatchObject({ used: 1, dropped: 1 });
  expect((await run('runs')).events).toEqual([]);
  const text = await foil([...train, '--dry-run'], { cwd });
  expect(text.stdout).toContain('train: 1 of 2 rows used');
  expect(text.stdout).toContain('left out: r2: too long');

  await writeFile(join(cwd, 'rows.jsonl'), '{"id": "bad"}\n');
  const bad = await run(...train);
  expect(bad.code).toBe(1);
  expect(bad.events.at(-1)).toMatchObject({
    code: 'bad-input',
    message: 'no row can be used',
    remedy: ['Mend the rows.'],
  });
  expect((await run('runs')).events).toEqual([]);
}, 90_000);

test.each([
  [['--set', 'lr=fast'], 'lr: "fast" is no number'],
  [['--set', 'learning_rate=1'], 'has no hyper-parameter'],
  [['--set', 'lr'], 'takes key=value'],
  [['--preset', 'tiny'], 'tiny'],
  [['--gpus', '-1'], 'whole number'],
])('%j is wrong use', async (args, message) => {
  const { train, run } = await workspace();
  const { code, events } = await run(...train, ...args);
  expect(code).toBe(2);
  expect(events.at(-1)).toMatchObject({ code: 'usage', message: expect.stringContaining(message) });
});

test('a run goes on when nobody watches, is watched again, compared, noted, and becomes a model', async () => {
  const { cwd, train, run, go, record } = await workspace();
  const stop = new AbortController();
  const watching = foil([...train, '--name', 'm1', '--set', 'lr=0.5', '--follow', '--json'], {
    cwd,
    signal: stop.signal,
  });
  const id = await vi.waitFor(
    async () => {
      const [line] = (await run('runs')).events;
      expect(line).toMatchObject({ report: { state: 'running' }, step: 1, loss: 3.25, actions: ['cancel', 'clone'] });
      return String((line as { record: { id: string } }).record.id);
    },
    { timeout: 60_000, interval: 500 },
  );
  stop.abort();
  const left = await watching;
  expect(left.code).toBe(130);
  expect(left.stderr).toContain(`foil runs follow ${id}`);
  expect(left.events.at(-1)).toMatchObject({ event: 'detached', run: id });

  expect((await run('runs', 'adopt', id)).events.at(-1)).toMatchObject({ code: 'not-now' });
  await go(id);
  const followed = await foil(['runs', 'follow', 'last'], { cwd });
  expect(followed).toMatchObject({ code: 0, stdout: expect.stringContaining(`foil runs adopt ${id}`) });
  expect((await foil(['runs', 'log', id, '--search', 'LOADING'], { cwd })).stdout).toContain(
    'loading on thread 1, resume=',
  );
  await run('runs', 'note', id, 'it', 'falls');
  expect((await foil(['runs'], { cwd })).stdout).toMatch(/done +sft-.* sft m1 .*step 2 of 2, loss 2.500, 1 notes/u);

  const adopted = await run('runs', 'adopt', id);
  expect(adopted.events.at(-1)).toMatchObject({
    event: 'adopted',
    name: 'm1',
    notLoaded: expect.stringContaining('nowhere'),
  });
  const [model] = (await run('models', 'show', 'm1')).events;
  expect(model).toMatchObject({
    kind: 'simulator',
    card: { lineage: { run: id, stage: 'sft', inputs: { train: {} } } },
  });
  const spec = JSON.parse(await readFile(join(cwd, 'runs', id, 'export.json'), 'utf8'));
  expect(spec.card.notes).toEqual(expect.arrayContaining([`Trained by run ${id}.`, 'it falls']));
  // The same run may be exported again; another one must not take its name.
  expect((await run('runs', 'adopt', id)).code).toBe(0);
  const other = await run('runs', 'clone', id, '--set', 'rank=4');
  const second = String(other.events.find(({ event }) => event === 'started')?.['run']);
  await go(second);
  expect((await run('runs', 'follow', second)).code).toBe(0);
  expect(await record(second)).toMatchObject({ from: id, changed: { lr: 0.5, rank: 4 } });
  expect((await run('runs', 'adopt', second)).events.at(-1)).toMatchObject({ code: 'name-taken' });
  expect((await run('runs', 'adopt', second, '--as', 'simulator-it0')).events.at(-1)).toMatchObject({
    code: 'name-taken',
  });
  expect((await run('runs', 'adopt', second, '--as', 'm2')).events.at(-1)).toMatchObject({
    event: 'adopted',
    name: 'm2',
  });

  const table = (await foil(['runs', 'compare', id, second], { cwd })).stdout;
  expect(table).toMatch(/rank +8 +4/u);
  expect(table).toMatch(/loss at 2 +2.5000 +2.5000/u);
  expect(table).not.toContain('alpha');
}, 180_000);

test('a run is cancelled with all of its processes, and goes on where it stood', async () => {
  const { run, go, start, record } = await workspace();
  const id = await start('--name', 'm1');
  await vi.waitFor(async () => expect((await run('runs', 'show', id)).events[0]).toMatchObject({ step: 1 }), {
    timeout: 30_000,
    interval: 300,
  });
  expect((await run('runs', 'cancel', id.slice(0, -2))).events.at(-1)).toMatchObject({
    report: { state: 'cancelled' },
  });
  expect((await run('runs', 'follow', id)).code).toBe(130);
  await go(id);
  const resumed = await run('runs', 'resume', id, '--follow');
  expect(resumed.code).toBe(0);
  expect(await record(id)).toMatchObject({ handle: { attempt: 2 }, cancelled: null, ended: { state: 'done' } });
  const log = await run('runs', 'log', id);
  expect(JSON.stringify(log.events)).toContain('resume=1');
  expect((await run('runs', 'show', 'nothing')).events.at(-1)).toMatchObject({ code: 'unknown-run' });
}, 120_000);
