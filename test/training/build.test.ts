import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeLauncher } from '../../src/backends/fake/runs.ts';
import { FakePairStore, FakeSessionStore } from '../../src/backends/fake/stores.ts';
import { openRunStore } from '../../src/backends/store/run-store.ts';
import { accelerateSettings, stageCommand } from '../../src/backends/training/command.ts';
import { digestOf } from '../../src/backends/training/inputs.ts';
import { LocalTrainer } from '../../src/backends/training/trainer.ts';
import type { PreferencePair } from '../../src/core/preference/schema.ts';
import type { RunRecord, RunRequest } from '../../src/core/stage/run.ts';
import { request } from '../core/run-request.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';

const { signal } = new AbortController();

async function setUp() {
  const workspace = await testFolder();
  const sessions = new FakeSessionStore();
  const pairs = new FakePairStore();
  const runs = openRunStore(join(workspace, 'runs'));
  const meta = { license: 'CC0-1.0' };
  await sessions.append('a', [makeSession('r1', ['hi', 'Hello!', 'bad day'], { meta }), makeSession('r2')]);
  await sessions.append('b', [makeSession('r3')]);
  const simulated = (of: string) =>
    makeSession(`s-${of}`, ['hello', 'Hi!', 'well'], {
      origin: { simulator: 'sim', chatbot: 'bot', seed: 1 },
      meta: { context_of: of },
    });
  await sessions.append('sim', ['r1', 'r2', 'r3', 'r9'].map(simulated));
  const parent = join(workspace, 'parent');
  await mkdir(parent);
  const sha = 'a'.repeat(64);
  const card = {
    schema: 1,
    name: 'sim-it0',
    kind: 'simulator',
    base: { name: 'base', gguf_sha256: sha },
    adapter: { rank: 8, alpha: 16, gguf_sha256: sha },
    template: { file: 'template.jinja', sha256: sha },
    stop: { turn: '<|im_end|>', session: '<|endoftext|>' },
    licence: 'CC BY-NC 4.0',
    ...{ data: null, recipe: null, validation: null, search: [] },
  };
  await writeFile(join(parent, 'card.json'), JSON.stringify(card));
  for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'template.jinja'])
    await writeFile(join(parent, name), `the parent's ${name}`);
  const trainer = new LocalTrainer({
    workspace,
    runs,
    stores: { sessions: async () => sessions, pairs: async () => pairs },
    launchers: new FakeLauncher(),
    models: { list: async () => [], card: async () => null },
    async *baseWeights() {
      yield { type: 'line', text: 'there' };
      return '/base.gguf';
    },
  });
  const build = async (id: string, changes: Partial<RunRequest>, notices: string[] = []): Promise<RunRecord> => {
    const events = trainer.build(id, request(changes), signal);
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      if (next.value.type === 'notice') notices.push(next.value.text);
    }
  };
  const plan = (id: string) => join(workspace, 'runs', '.plans', id);
  const spec = async (id: string) => JSON.parse(await readFile(join(plan(id), 'spec.json'), 'utf8'));
  const rows = async (id: string, file: string) =>
    (await readFile(join(plan(id), file), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { workspace, trainer, runs, pairs, parent, build, plan, spec, rows };
}

test('a run holds all that it reads, with its sha256: rows, template, code; every hyper-parameter stands in its spec', async () => {
  const { build, plan, spec, rows, trainer, runs, workspace } = await setUp();
  const record = await build('x1', { changes: { max_sessions: 2 } });
  const written = await spec('x1');
  expect(written).toMatchObject({
    ...{
      stage: 'sft',
      base: '/base.gguf',
      template: 'inputs/template.jinja',
      name: 'sim-it1',
      kind: 'simulator',
      seed: 3,
    },
    rows: { train: 'inputs/train.jsonl', valid: 'inputs/valid.jsonl' },
    hyper: { lr: 0.001, max_sessions: 2, rank: 8, threads: 1 },
  });
  const [row] = await rows('x1', 'inputs/train.jsonl');
  expect(row.messages.map(({ role }: { role: string }) => role)).toEqual(['system', 'assistant', 'user', 'assistant']);
  expect(row.messages.at(-1).end).toBe(true);
  expect(record.inputs['train']).toEqual({
    file: 'inputs/train.jsonl',
    sha256: (await digestOf(join(plan('x1'), 'inputs/train.jsonl'))).sha256,
    source: 'corpus a',
    rows: 2,
    licences: ['CC0-1.0'],
  });
  expect(Object.keys(record.inputs)).toEqual(['train', 'valid', 'template', 'code']);
  const code = await readdir(join(plan('x1'), 'inputs/foil_train'));
  expect(code).toEqual(expect.arrayContaining(['__main__.py', 'stages.json']));
  expect(code).not.toContain('__pycache__');

  expect((await runs.list()).runs).toEqual([]);
  await trainer.publish('x1');
  expect((await runs.list()).runs.map(({ id }) => id)).toEqual(['x1']);
  await expect(trainer.publish('x1')).rejects.toMatchObject({ code: 'no-plan' });
  expect(await readdir(join(workspace, 'runs', '.plans'))).toEqual([]);
});

test('a discriminator gets pairs of one context a side, and the view of the chatbot beside', async () => {
  const { build, rows, spec } = await setUp();
  const base = request().rows;
  await build('d1', { stage: 'discriminator', kind: 'discriminator', rows: { ...base, simulated: ['sim'] } });
  expect((await spec('d1')).rows).toEqual({
    train: 'inputs/train.jsonl',
    train_all: 'inputs/train_all.jsonl',
    valid: 'inputs/valid.jsonl',
    valid_all: 'inputs/valid_all.jsonl',
  });
  const train = await rows('d1', 'inputs/train.jsonl');
  expect(train.map(({ id, label }) => [id, label])).toEqual([
    ['r1', 1],
    ['s-r1', 0],
    ['r2', 1],
    ['s-r2', 0],
  ]);
  expect(JSON.stringify(train)).not.toContain('Hello!');
  expect(JSON.stringify(await rows('d1', 'inputs/train_all.jsonl'))).toContain('Hello!');
  // What D reads is a hyper-parameter, and its rows are made by it.
  const all = { stage: 'discriminator', kind: 'discriminator', changes: { input: 'all' } } as const;
  await build('d2', { ...all, rows: { ...base, simulated: ['sim'] } });
  expect(JSON.stringify(await rows('d2', 'inputs/train.jsonl'))).toContain('Hello!');
});

test('DPO takes approved pairs and the adapter of the previous simulator, with its own template', async () => {
  const { build, pairs, parent, plan, rows, spec } = await setUp();
  await pairs.append(
    'it1',
    ['approved', 'pending', 'rejected'].map((id) => makePair(id, { session: id })),
  );
  await pairs.decide('it1', makeDecision('approved', 'approve'));
  await pairs.decide('it1', makeDecision('rejected', 'reject'));
  const dpo = { stage: 'dpo', rows: { ...request().rows, train: { from: 'pairs' }, valid: null } } as const;
  const record = await build('p1', { ...dpo, adapter: parent });
  const written = await rows('p1', 'inputs/train.jsonl');
  expect(written).toMatchObject([{ id: 'approved', chosen: 'eh my boss again', r_chosen: 0.4, by: 'discriminator' }]);
  expect((await spec('p1')).adapter).toBe('inputs/adapter');
  expect(await readFile(join(plan('p1'), 'inputs/template.jinja'), 'utf8')).toBe("the parent's template.jinja");
  expect(record.inputs['adapter']).toMatchObject({ source: 'sim-it0', licences: ['CC BY-NC 4.0'] });
  await expect(build('p2', dpo)).rejects.toThrow('previous simulator');
  await expect(build('p3', { ...dpo, adapter: 'nobody' })).rejects.toThrow('neither an adapter');
});

test('DPO learns from real sessions beside the pairs where real_weight is above 0, and not without them', async () => {
  const { build, pairs, parent, rows, spec } = await setUp();
  await pairs.append('it1', [makePair('p', { session: 'p', decision: 'approved', origin: 'manual' })]);
  const dpo = { stage: 'dpo', adapter: parent, changes: { real_weight: 5 } } as const;
  const of = { ...request().rows, train: { from: 'pairs' }, valid: null } as const;
  await expect(build('p1', { ...dpo, rows: of })).rejects.toThrow('real_weight');
  await expect(build('p2', { ...dpo, rows: { ...of, real: { from: 'pairs' } } })).rejects.toThrow('sessions');
  const record = await build('p3', { ...dpo, rows: { ...of, real: { from: 'corpus', corpus: 'a' } } });
  expect((await spec('p3')).rows).toEqual({ train: 'inputs/train.jsonl', real: 'inputs/real.jsonl' });
  expect((await rows('p3', 'inputs/real.jsonl')).map(({ id }) => id)).toEqual(['r1', 'r2']);
  expect(record.inputs['real']).toMatchObject({ source: 'corpus a', licences: ['CC0-1.0'] });
});

test("DPO takes a person's order before D's, and without one only what D orders", async () => {
  const { build, pairs, parent, rows } = await setUp();
  const side = (content: string, r: number | null) => ({ content, end: false, r, by: { kind: 'human' as const } });
  const unscored = { chosen: side('a', null), rejected: side('b', null) };
  const reversed = { chosen: side('c', -1), rejected: side('d', 1) };
  const pair = (id: string, more: Partial<PreferencePair> = {}) => makePair(id, { session: id, ...more });
  await pairs.append('manual', [
    pair('by-hand', { ...unscored, origin: 'manual', decision: 'approved' }),
    pair('imported', { ...reversed, origin: 'manual' }),
  ]);
  await pairs.decide('manual', makeDecision('imported', 'approve', { reviewer: 'rule:all' }));
  await pairs.append('it1', [
    pair('swapped'),
    pair('rule-unscored', unscored),
    pair('rule-reversed', reversed),
    pair('judged', reversed),
    pair('undone'),
  ]);
  const blind = { left: 'chosen', picked: 'right' } as const;
  await pairs.decide('it1', makeDecision('swapped', 'approve', { blind, swap: true }));
  await pairs.decide('it1', makeDecision('judged', 'approve'));
  for (const id of ['swapped', 'rule-unscored', 'rule-reversed', 'undone'])
    await pairs.decide('it1', makeDecision(id, 'approve', { reviewer: 'rule:all', n: 2 }));
  await pairs.decide('it1', makeDecision('undone', 'approve', { swap: true, n: 3 }));
  await pairs.decide('it1', makeDecision('undone', 'undo', { n: 4 }));
  // the same turn again, as D orders it
  await pairs.append('other', [pair('swapped-not', { session: 'swapped' })]);
  await pairs.decide('other', makeDecision('swapped-not', 'approve', { reviewer: 'rule:all' }));

  const notices: string[] = [];
  const dpo = { stage: 'dpo', rows: { ...request().rows, train: { from: 'pairs' }, valid: null } } as const;
  await build('p1', { ...dpo, adapter: parent }, notices);
  const written = await rows('p1', 'inputs/train.jsonl');
  expect(written.map(({ id, chosen, r_chosen, by }) => [id, chosen, r_chosen, by])).toEqual([
    ['by-hand', 'a', null, 'person'],
    ['swapped', 'I appreciate your support.', -1, 'person'],
    ['judged', 'c', -1, 'person'],
    ['undone', 'eh my boss again', 0.4, 'discriminator'],
  ]);
  expect(notices).toEqual([
    '1 approved pairs stand in several sets, and are taken once',
    expect.stringContaining('3 of 8 approved pairs are left out: no person judged them'),
    expect.stringContaining("in 3 of 4 pairs a person's verdict goes before D"),
  ]);
});

test('a clone has the very rows of its run, unless other ones are asked for; changed ones are refused', async () => {
  const { build, plan, trainer, runs, rows } = await setUp();
  await build('x1', {});
  await trainer.publish('x1');
  const first = join(runs.folder('x1'), 'inputs/train.jsonl');
  await build('x2', { from: 'x1', changes: { lr: 0.01 } });
  expect((await stat(join(plan('x2'), 'inputs/train.jsonl'))).ino).toBe((await stat(first)).ino);
  const other = { ...request().rows, train: { from: 'corpus', corpus: 'b' } as const };
  await expect(build('x3', { from: 'x1', rows: { ...other, valid: null } })).rejects.toThrow('validation');
  await build('x4', { from: 'x1', rows: other });
  expect((await rows('x4', 'inputs/train.jsonl')).map(({ id }) => id)).toEqual(['r3']);
  await appendFile(first, '{}\n');
  await expect(build('x5', { from: 'x1' })).rejects.toMatchObject({ code: 'inputs-changed' });
});

test.each([
  ['an empty corpus', { train: { from: 'corpus', corpus: 'none' } }, {}, 'gives no rows for train'],
  ['a missing file', { train: { from: 'file', file: '/nowhere.jsonl' } }, {}, 'is not there'],
  ['pairs for sft', { train: { from: 'pairs' } }, {}, 'pairs are for DPO'],
  ['no rows', { train: null }, {}, 'needs training rows'],
  ['a chatbot without a system text', {}, { kind: 'chatbot' }, 'system text'],
  ['a value out of range', {}, { changes: { rank: 0 } }, 'rank: 0 is below 1'],
  ['a name that is a path', {}, { name: '../x' }, 'cannot be the name of a model'],
] as [string, Partial<RunRequest['rows']>, Partial<RunRequest>, string][])(
  '%s is refused',
  async (_, rows, changes, text) => {
    const { build } = await setUp();
    await expect(build('x', { ...changes, rows: { ...request().rows, ...rows } })).rejects.toThrow(text);
  },
);

test('more than one GPU runs under FSDP2, with settings of the run alone', async () => {
  const resources = { gpus: 8, cpus: null, memoryGb: null, hours: null };
  expect(stageCommand('py', { stage: 'dpo', resources }, { resume: true }).join(' ')).toBe(
    'py -m accelerate.commands.launch --config_file inputs/accelerate.json -m foil_train dpo --spec spec.json --out output --events events.jsonl --resume',
  );
  expect(accelerateSettings(8)).toMatchObject({
    num_processes: 8,
    mixed_precision: 'bf16',
    fsdp_config: { fsdp_version: 2 },
  });
  const { build, plan } = await setUp();
  await build('big', { resources, preset: 'paper' });
  expect(existsSync(join(plan('big'), 'inputs/accelerate.json'))).toBe(true);
});
