import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/backends/config/load.ts';
import { FakeChatModel, FakeRegistry } from '../../src/backends/fake/models.ts';
import { openChatbots, readChatbots } from '../../src/backends/registry/chatbots.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { sessionSchema } from '../../src/core/session/schema.ts';
import { chunk, openServer, stream } from '../openai/server.ts';
import { foil } from './run.ts';

const SIGNAL = new AbortController().signal;

/** A workspace with two contexts whose models, with a configuration of its own, are on a scripted server. */
async function workspace(base: string, more = ''): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foil-simulate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(
    join(dir, 'foil.yaml'),
    `servers: { here: { base_url: "${base}", at_once: 4, price: { input: 1, output: 2 } } }
models:
  someone: { kind: simulator, server: here, model: m }
  helper: { kind: chatbot, server: here, model: m, system: Help. }
roles: { simulator: someone, chatbot: helper }
chatbots:
  deaf: { model: helper, broken: { sees: own } }
max_user_turns: 3
${more}`,
  );
  const store = await openSessionStore(join(dir, 'sessions'));
  await store.append(
    'topics',
    ['a', 'b'].map((id) =>
      sessionSchema.parse({ id, context: { current_summary: id }, turns: [{ role: 'user', content: 'Hi' }] }),
    ),
  );
  await store.close();
  return dir;
}

const server = () =>
  openServer(({ body }, response) => {
    const usage = body['stream_options'] ? { prompt_tokens: 100, completion_tokens: 10 } : null;
    const text = `words of ${body['seed']} and some more`;
    stream(response).end(
      `${chunk(0, text, 'stop')}data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`,
    );
  });

test('every chatbot on every context, counted and kept; a second run has nothing to do', async () => {
  const { base, asked } = await server();
  const cwd = await workspace(base);
  const args = ['simulate', '--contexts', 'topics', '--out', 'made', '--chatbots', 'helper,deaf', '--json'];
  const { code, events } = await foil(args, { cwd });
  expect(code).toBe(0);
  const ids = events.flatMap(({ event, session }) => (event === 'session' ? [(session as { id: string }).id] : []));
  expect(ids).toEqual(['someone.helper.a.0', 'someone.deaf.a.0', 'someone.helper.b.0', 'someone.deaf.b.0']);
  expect(events.at(-1)).toMatchObject({ event: 'done', sessions: 4, skipped: 0, diagnostics: { run_on: 4 } });
  expect(asked.filter(({ body }) => JSON.stringify(body).includes('"content":"..."'))).toHaveLength(4);
  const requests = asked.length;
  const again = await foil(args, { cwd });
  expect(again.events.at(-1)).toMatchObject({ sessions: 0, skipped: 4 });
  expect(asked).toHaveLength(requests);
});

test('a budget ends it with exit code 1 and says what ran out; the same command goes on', async () => {
  const { base } = await server();
  const cwd = await workspace(base);
  const args = ['simulate', '--contexts', 'topics', '--out', 'made'];
  const first = await foil([...args, '--budget-tokens', '300', '--at-once', '1', '--json'], { cwd });
  expect(first.code).toBe(1);
  expect(first.events.at(-1)).toMatchObject({
    ...{ event: 'done', stopped: 'tokens', unfinished: 1 },
    tokens: { prompt: 300, completion: 30, estimated: false },
    money: expect.closeTo(0.00036, 8),
  });
  expect((await readFile(join(cwd, 'sessions', 'made.unfinished'), 'utf8')).split('\n')).toHaveLength(4);
  const second = await foil(args, { cwd });
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/2 sessions added to made, 1 went on where they had stopped/u);
  await expect(readFile(join(cwd, 'sessions', 'made.unfinished'))).rejects.toThrow('ENOENT');
});

test.each([
  [['--out', 'x'], 2, /--contexts/u],
  [['--contexts', 'topics', '--out', 'x', '--chatbots', 'deef'], 1, /did you mean "deaf"/u],
  [['--contexts', 'topics', '--out', 'x', '--chatbot', 'a', '--chatbots', 'b'], 2, /not both/u],
])('says what is wrong with %j', async (args, exit, says) => {
  const cwd = await workspace('http://127.0.0.1:9/v1');
  const { code, stderr } = await foil(['simulate', ...args], { cwd });
  expect([code, stderr]).toEqual([exit, expect.stringMatching(says)]);
});

test('a configuration may not change what a model is called by', async () => {
  const config = parseConfig('chatbots: { helper: { model: helper, system: Other. } }', '/nowhere/foil.yaml');
  const registry = new FakeRegistry({ chatbots: [new FakeChatModel('helper', () => 'fine')] });
  await expect(openChatbots(['helper'], config, registry, SIGNAL)).rejects.toMatchObject({ code: 'same-name' });
});

test('at least 14 configurations ship, all on embedded models, five of them broken as the issue names them', async () => {
  const chatbots = await readChatbots(parseConfig('', '/nowhere/foil.yaml'));
  expect(chatbots.size).toBeGreaterThanOrEqual(14);
  expect(new Set([...chatbots.values()].map(({ model }) => model))).toEqual(new Set(['supporter', 'zero-shot']));
  const broken = [...chatbots].filter(([, config]) => config.broken).map(([name]) => name);
  expect(broken).toEqual(expect.arrayContaining(['last-message', 'repeats', 'lectures', 'ignores', 'curt']));
  const file = parse(await readFile(new URL('../../models/chatbots.yaml', import.meta.url), 'utf8')) as {
    schema: number;
  };
  expect(file.schema).toBe(1);
});
