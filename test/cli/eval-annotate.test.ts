import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { chunk, openServer, stream } from '../openai/server.ts';
import { foil } from './run.ts';

/** A workspace with two real sessions and a simulated one, and a judge on a scripted server. */
async function workspace(base = 'http://127.0.0.1:9/v1'): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foil-annotate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(
    join(dir, 'foil.yaml'),
    `servers: { here: { base_url: "${base}", at_once: 2, price: { input: 1, output: 2 } } }
models:
  strict: { kind: judge, server: here, model: m }
`,
  );
  const store = await openSessionStore(join(dir, 'sessions'));
  await store.append('people', [
    sessionOf('p1', ['Thank you so much for listening', 'Of course', 'I feel so lonely at night', 'I see']),
    sessionOf('p2', ['Hello there', 'What happened then?', 'He left me alone with the rent', 'What happened then?']),
  ]);
  await store.append('made', [
    sessionOf('m1', ['I am sad', 'Why?'], { origin: { simulator: 'sim', chatbot: 'bot' }, meta: { context_of: 'p1' } }),
  ]);
  await store.close();
  return dir;
}

test('rules annotate with no endpoint, print what they cannot see, and need no file', async () => {
  const cwd = await workspace();
  const { code, stdout } = await foil(['eval', 'annotate', 'people'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/Thanks chatbot +1 +25\.0% +kappa/u);
  const issues = await foil(['eval', 'annotate', 'people', '--task', 'issues', '--json'], { cwd });
  const found = issues.events.flatMap(({ event, session }) =>
    event === 'session' ? [session as { messages: unknown[] }] : [],
  );
  expect(found[1]?.messages).toMatchObject([
    { turn: 1 },
    { turn: 3, categories: expect.arrayContaining(['duplicate-message']) },
  ]);
  await expect(readFile(join(cwd, 'annotations', 'rules.jsonl'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('the rules say what they look for, and which categories have none', async () => {
  const { events } = await foil(['eval', 'rules', '--task', 'issues', '--json'], { cwd: await workspace() });
  const of = (id: string) => events.find(({ category }) => category === id);
  expect(of('too-curt')).toMatchObject({ cue: expect.stringContaining('three words') });
  expect(of('unempathetic')).toMatchObject({ cue: null, agreement: null });
  expect(of('self-disclosure')).toMatchObject({
    agreement: { kappa: expect.any(Number), positives: expect.any(Number) },
  });
});

/** A judge that thanks every message that thanks, and never answers as it should about one that says `rent`. */
const judge = () =>
  openServer(({ body }, response) => {
    const messages = body['messages'] as { role: string; content: string }[];
    const question = messages[1]?.content ?? '';
    const asked =
      question
        .split('\n')
        .filter((line) => /^\d+ user/u.test(line))
        .at(-1) ?? '';
    const text = asked.includes('rent')
      ? 'He is sad.'
      : JSON.stringify({ categories: asked.includes('Thank') ? ['gratitude'] : [] });
    const usage = { prompt_tokens: 1000, completion_tokens: 10 };
    stream(response).end(
      `${chunk(0, text, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`,
    );
  });

test('a judge is asked once a message; failures are counted, the exit code says so, and the same command asks only about these', async () => {
  const { base, asked } = await judge();
  const cwd = await workspace(base);
  const args = ['eval', 'annotate', 'people', '--by', 'strict', '--json'];
  const dry = await foil([...args, '--dry-run'], { cwd });
  expect(dry.events).toMatchObject([{ event: 'estimate', units: 4, requests: 4, money: expect.any(Number) }]);
  expect(asked).toHaveLength(0);
  const first = await foil(args, { cwd });
  expect(first.code).toBe(1);
  expect(first.events.find(({ event }) => event === 'done')).toMatchObject({
    ...{ annotated: 3, failed: 1, invalid: 3, requests: 6, failures: { 'bad-annotation': 1 }, messages: 3, marked: 1 },
    ...{ tokens: { prompt: 6000, completion: 60, estimated: false }, money: expect.closeTo(0.00612, 9) },
  });
  expect(asked).toHaveLength(6);
  expect(asked[0]?.body['response_format']).toMatchObject({ type: 'json_schema' });
  expect(asked[0]?.body['temperature']).toBe(0);
  expect((await readFile(join(cwd, 'annotations', 'strict.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(3);
  const again = await foil(args, { cwd });
  expect(again.events.find(({ event }) => event === 'done')).toMatchObject({ annotated: 3, cached: 3, failed: 1 });
  expect(asked).toHaveLength(9);
});

test('one budget holds for all corpora', async () => {
  const { base } = await judge();
  const cwd = await workspace(base);
  const args = [
    'eval',
    'annotate',
    'people',
    'made',
    '--by',
    'strict',
    '--at-once',
    '1',
    '--json',
    '--budget-tokens',
    '1500',
  ];
  const { code, events } = await foil(args, { cwd });
  expect(code).toBe(1);
  const done = events.filter(({ event }) => event === 'done');
  expect(done).toMatchObject([
    { corpus: 'people', annotated: 2, unasked: 2, stopped: 'tokens' },
    { corpus: 'made', annotated: 0, unasked: 1, stopped: 'tokens' },
  ]);
});

test('a name that no model has is told with those there are', async () => {
  const { code, stderr } = await foil(['eval', 'annotate', 'people', '--by', 'stric'], { cwd: await workspace() });
  expect(code).toBe(1);
  expect(stderr).toContain('did you mean "strict"?');
});

test('a sample is drawn, labelled, taken back, and measured against', async () => {
  const cwd = await workspace();
  const label = (...args: string[]) => foil(['eval', 'label', ...args, '--json'], { cwd });
  const drawn = await label('draw', 'mine', '--from', 'people,made', '--n', '5', '--by', 'rules');
  const items = (drawn.events[0] as unknown as { items: { id: string }[] }).items.map(({ id }) => id);
  expect(items.toSorted()).toEqual(['made/m1/0', 'people/p1/0', 'people/p1/2', 'people/p2/0', 'people/p2/2']);
  const set = async (item: string, categories: string) =>
    (await label('set', 'mine', item, categories, '--labeller', 'ann')).code;
  expect(await set('people/p1/0', 'gratitude')).toBe(0);
  expect(await set('people/p1/2', 'loneliness')).toBe(0);
  expect(await set('people/p2/0', 'gratitude')).toBe(0);
  expect((await label('undo', 'mine', '--labeller', 'ann')).events).toMatchObject([
    { record: { item: 'people/p2/0' } },
  ]);
  expect(await set('people/p2/0', 'none')).toBe(0);
  expect((await label('set', 'mine', 'made/m1/0', 'sadness', '--labeller', 'ann')).code).toBe(1);
  const open = await label('show', 'mine', '--open', '--labeller', 'ann');
  expect(open.events.map(({ event, id }) => [event, id])).toEqual([
    ...items.filter((id) => ['people/p2/2', 'made/m1/0'].includes(id)).map((id) => ['item', id]),
    ['done', undefined],
  ]);
  // it tells what an annotator found in what is still to be judged
  expect(open.events.some((event) => 'stratum' in event)).toBe(false);
  const measured = await foil(['eval', 'agreement', '--labels', 'mine', '--labeller', 'ann', '--save', '--json'], {
    cwd,
  });
  expect(measured.events).toMatchObject([
    {
      event: 'agreement',
      labelled: 3,
      categories: { gratitude: { n: 3, positives: 1, kappa: 1 }, loneliness: { kappa: 1 } },
    },
  ]);
  const said = await foil(['eval', 'agreement', '--labels', 'mine', '--labeller', 'ann'], { cwd });
  expect(said.stdout).toMatch(/rules against labels by ann \(mine\)[\s\S]+action +kappa +labelled +found/u);
  expect(said.stdout).toMatch(/all pooled +\S+ .*\n/u);
  const kept = await readFile(join(cwd, 'labels', 'agreement.json'), 'utf8');
  expect(kept).toContain('people/p1/2');
  expect(kept).not.toContain('lonely at night');
});

test("a sample of a taxonomy of one's own remembers its file: labels and agreement are of it", async () => {
  const cwd = await workspace();
  const category = (id: string, name: string) =>
    `  - { id: ${id}, group: good, name: ${name}, definition: It is so., example: So it is., near_miss: It is not so. }`;
  await writeFile(
    join(cwd, 'own.yaml'),
    `schema: 1\nid: own\nversion: 1\ntask: actions\ngroups:\n  - { id: good, name: Good, about: well }\ncategories:\n${[
      category('gratitude', 'Thanks'),
      category('of-my-own', 'Mine'),
    ].join('\n')}\n`,
  );
  const run = (...args: string[]) => foil(['eval', ...args], { cwd });
  const drawn = await run('label', 'draw', 'mine', '--from', 'people', '--taxonomy', 'own.yaml', '--json');
  expect(drawn.events).toMatchObject([{ event: 'sample', taxonomy: 'own 1' }]);
  expect((await run('label', 'set', 'mine', 'people/p1/0', 'gratitude,of-my-own')).code).toBe(0);
  expect((await run('label', 'set', 'mine', 'people/p1/2', 'negative-affect')).stderr).toContain('has no category');
  const { stdout } = await run('agreement', '--labels', 'mine');
  expect(stdout).toMatch(/Thanks +\S+ +1 +1/u);
  expect(stdout).toContain('Left out, since rules cannot see them: Mine.');
});
