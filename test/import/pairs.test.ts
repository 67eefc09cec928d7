import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { importPairs } from '../../src/backends/import/pairs.ts';
import { openPairStore } from '../../src/backends/store/pair-store.ts';
import { systemClock } from '../../src/backends/system.ts';
import { EXCHANGE_FORMATS, exportPair } from '../../src/core/preference/exchange.ts';
import type { PreferencePair } from '../../src/core/preference/schema.ts';
import { foil } from '../cli/run.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';
import { testFolder } from '../fixtures/sessions.ts';

const { signal } = new AbortController();

async function read(rows: readonly unknown[], pii: 'keep' | 'remove' = 'keep') {
  const dir = await testFolder();
  const file = join(dir, 'rows.jsonl');
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const store = openPairStore(join(dir, 'pairs'));
  onTestFinished(() => store.close());
  const again = () => importPairs({ store, set: 'a', paths: [file], pii, clock: systemClock, signal });
  return {
    report: await again(),
    again,
    pairs: async () => (await store.list('a')).map(({ set: _, review: __, ...pair }) => pair),
  };
}

const ended = makePair('p2', { chosen: { ...makePair('x').chosen, content: 'thats it, bye', end: true } });
const manual = makePair('p3', {
  origin: 'manual',
  decision: 'approved',
  mined: undefined,
  corpus: undefined,
  discriminator: null,
});

describe.each(EXCHANGE_FORMATS)('%s', (format) => {
  it('gives back the very pairs that were written', async () => {
    const all: PreferencePair[] = [makePair('p1'), ended, manual].map(
      (pair) => JSON.parse(JSON.stringify(pair)) as PreferencePair,
    );
    const { report, pairs, again } = await read(all.map((pair) => exportPair(pair, format)));
    expect(await pairs()).toEqual(all);
    expect(report).toEqual({ read: 3, added: 3, duplicates: 0, redacted: 0 });
    expect(await again()).toMatchObject({ added: 0, duplicates: 3 });
  });

  it('a side that was changed on the way is a person’s, and has no reward', async () => {
    const row = JSON.parse(
      JSON.stringify(exportPair(makePair('p1'), format)).replaceAll('"eh my boss again"', '"my boss, again"'),
    ) as Record<string, unknown>;
    const { pairs } = await read([row]);
    expect((await pairs())[0]).toMatchObject({
      chosen: { content: 'my boss, again', r: null, by: { kind: 'human' } },
      rejected: { r: -1 },
    });
  });

  it('personal data is replaced unless it is to be kept', async () => {
    const leaky = makePair('p1', { rejected: { ...makePair('x').rejected, content: 'mail me: kim@example.org' } });
    const { report, pairs } = await read([exportPair(leaky, format)], 'remove');
    expect(report.redacted).toBe(1);
    expect((await pairs())[0]?.rejected.content).toBe('mail me: [email]');
  });
});

it('TRL rows: the prompt of the chat with roles flipped, one turn a side, plain columns', () => {
  expect(exportPair(ended, 'trl')).toMatchObject({
    id: 'p2',
    prompt: [
      { role: 'system', content: expect.stringContaining('Why you came: lost a job') },
      { role: 'assistant', content: 'hi' },
      { role: 'user', content: 'What brings you here?' },
    ],
    chosen: [{ role: 'assistant', content: 'thats it, bye', end: true }],
    rejected: [{ role: 'assistant', content: 'I appreciate your support.', end: false }],
    ...{ r_chosen: 0.4, r_rejected: -1, chosen_by: 'model it0', rejected_by: 'model it0' },
  });
});

describe('foreign rows', () => {
  const prompt = [
    { role: 'system', content: 'You are Kim.' },
    { role: 'user', content: 'Hello!' },
  ];
  const said = (content: string) => [{ role: 'assistant', content }];
  const wanted = {
    context: { instruction: 'You are Kim.' },
    history: [{ role: 'assistant', content: 'Hello!' }],
    chosen: { content: 'hey', r: null },
    rejected: { content: 'Greetings.', r: null },
    ...{ t: 1, decision: 'pending', discriminator: null },
  };

  it.each([
    ['TRL', { prompt, chosen: said('hey'), rejected: said('Greetings.') }],
    [
      'TRL, the prompt within both sides',
      { chosen: [...prompt, ...said('hey')], rejected: [...prompt, ...said('Greetings.')] },
    ],
    [
      'ShareGPT',
      {
        system: 'You are Kim.',
        conversations: [{ from: 'human', value: 'Hello!' }],
        chosen: { from: 'gpt', value: 'hey' },
        rejected: { from: 'gpt', value: 'Greetings.' },
      },
    ],
    [
      'ShareGPT, the system text first',
      {
        conversations: [
          { from: 'system', value: 'You are Kim.' },
          { from: 'human', value: 'Hello!' },
        ],
        chosen: { from: 'gpt', value: 'hey' },
        rejected: { from: 'gpt', value: 'Greetings.' },
      },
    ],
  ])('%s', async (_, row) => {
    const { pairs, again } = await read([row]);
    expect(await pairs()).toMatchObject([wanted]);
    expect(await again()).toMatchObject({ added: 0, duplicates: 1 });
  });

  it.each([
    [
      'text instead of messages',
      { prompt: 'Hello', chosen: 'a', rejected: 'b' },
      { code: 'bad-record', where: { line: 1 } },
    ],
    [
      'a side of the other role',
      { prompt, chosen: [{ role: 'user', content: 'a' }], rejected: said('b') },
      { code: 'bad-record', where: { line: 1, field: 'chosen' } },
    ],
    ['no sides', { messages: [] }, { code: 'unknown-format', where: { line: 1 } }],
    [
      'an unknown speaker',
      {
        conversations: [{ from: 'tool', value: 'x' }],
        chosen: { from: 'gpt', value: 'a' },
        rejected: { from: 'gpt', value: 'b' },
      },
      { where: { field: 'conversations[0].from' } },
    ],
  ])('%s is an error with its place, and nothing is added', async (_, row, error) => {
    await expect(read([row])).rejects.toMatchObject(error);
  });
});

it('the commands: export what is approved, preview with the tokens of the template, import, decide, lint, review', async () => {
  const cwd = await testFolder();
  const store = openPairStore(join(cwd, 'pairs'));
  await store.append('it1', [makePair('p1'), ended]);
  await store.decide('it1', makeDecision('p2', 'approve'));
  await store.close();
  const run = async (...args: string[]) =>
    await foil([...args, '--json'], { cwd, env: { ...process.env, USER: 'anna' } });

  expect((await run('export', 'pairs', 'it1', 'out.jsonl')).events.at(-1)).toMatchObject({ rows: 1, of: 2 });
  expect(JSON.parse(await readFile(join(cwd, 'out.jsonl'), 'utf8'))).toMatchObject({
    id: 'p2',
    chosen: [{ end: true }],
  });
  const [preview] = (await run('export', 'pairs', 'it1', 'none.jsonl', '--preview')).events;
  expect(preview).toMatchObject({
    prompt: expect.stringMatching(/^<\|im_start\|>system\n.*<\|im_start\|>assistant\n$/su),
    chosen: 'thats it, bye<|endoftext|><|im_end|>',
    rejected: 'I appreciate your support.<|im_end|>',
  });
  expect((await run('import', 'out.jsonl', '--pairs', 'copy')).events.at(-1)).toMatchObject({ set: 'copy', added: 1 });
  expect((await run('pairs', 'sets')).events.slice(0, 2)).toMatchObject([
    { name: 'copy', pairs: 1, approved: 1 },
    { name: 'it1', pairs: 2, approved: 1, pending: 1 },
  ]);
  expect((await run('review', '--set', 'it1')).events).toMatchObject([
    { event: 'pair', id: 'p1', left: { role: 'chosen' } },
    { pairs: 1 },
  ]);
  expect((await run('pairs', 'reject', 'p1', '--note', 'too polite')).events[0]).toMatchObject({
    decision: { decision: 'amend', note: 'too polite', reviewer: 'anna', ms: null },
  });
  expect((await run('pairs', 'list', '--set', 'it1', '--decision', 'rejected')).events[0]).toMatchObject({
    pair: { id: 'p1', review: { notes: ['too polite'] } },
  });
  expect((await run('pairs', 'undo', 'it1/p1')).code).toBe(0);
  expect((await run('pairs', 'swap', 'it1/p1')).code).toBe(0);
  expect((await run('pairs', 'approve', 'it1/p1')).code).toBe(0);
  expect((await run('pairs', 'stats', '--set', 'it1')).events.at(-1)).toMatchObject({
    ...{ reviewer: 'anna', approved: 2, rejected: 0, pending: 0, againstD: 1, approved_pairs: 2 },
    agreement: { n: 2, agree: 1 },
  });
  expect((await run('pairs', 'lint', '--set', 'it1')).events[0]).toMatchObject({
    pair: 'p1',
    warnings: [{ code: 'reward' }],
  });
  const ambiguous = await run('pairs', 'approve', 'p2');
  expect([ambiguous.code, ambiguous.events[0]?.['code']]).toEqual([1, 'ambiguous-pair']);
  expect((await run('pairs', 'undo', 'copy/p2')).events[0]).toMatchObject({ code: 'refused' });
  expect((await run('review', '--kind', 'odd')).code).toBe(2);
  await store.close();
});
