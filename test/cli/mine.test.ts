import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';
import { type Asked, chunk, json, openServer, stream } from '../openai/server.ts';
import { cardOf, writeAdapter } from '../registry/fixtures.ts';
import { foil } from './run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Each alternative says its seed, and last the z that D will give it: -2 to 2. */
const words = (seed: number) => `say ${'really '.repeat(seed % 3)}${seed} ${(seed % 5) - 2}`;
/** D's z is the number that ends the last user turn of its prompt. */
const Z = /user: [^\n]*?(-?\d+)<\|im_end\|>$/u;

/** A server of a simulator and a discriminator; `before` may hold an answer back. */
async function scripted(before: (asked: Asked) => Promise<void> | void = () => undefined) {
  const server = await openServer(async (asked, response) => {
    const { path, body } = asked;
    await before(asked);
    if (path === '/v1/models') return json(response, { object: 'list', data: [{ id: 'm', max_model_len: 4096 }] });
    if (path === '/tokenize') return json(response, { count: 1, tokens: [7], max_model_len: 4096 });
    if (path === '/v1/completions') {
      const top = { ' real': -9 + Number(Z.exec(String(body['prompt']))?.[1]), ' fake': -9 };
      return json(response, { choices: [{ text: 'x', logprobs: { top_logprobs: [top] } }] });
    }
    stream(response);
    const count = Number(body['n'] ?? 1);
    for (let index = 0; index < count; index += 1)
      response.write(chunk(index, words(Number(body['seed']) + index), 'stop'));
    response.end('data: [DONE]\n\n');
  });
  const paid = (path: 'chat' | 'completions') =>
    server.asked.filter((asked) => asked.path === `/v1/${path === 'chat' ? 'chat/' : ''}completions`);
  return { ...server, chats: () => paid('chat'), judged: () => paid('completions') };
}

/** A workspace with the corpus `it0`, of which 4 turns are critical: r of s1 is 0, 3, -4; of s2 1, -3. */
async function workspace(base: string): Promise<string> {
  const dir = await testFolder();
  const discriminator = {
    ...{ input: 'all', context: true, head: 'lm', logit_p0: 0 },
    labels: { real: ' real', simulated: ' fake' },
  };
  await writeAdapter(dir, 'd', cardOf('disc', 'discriminator', { discriminator }));
  await writeFile(
    join(dir, 'foil.yaml'),
    `servers: { here: { base_url: "${base}", dialect: vllm } }
models:
  someone: { kind: simulator, server: here, model: m, sampling: { temperature: 0.9 } }
  other: { kind: simulator, server: here, model: m }
  disc: { kind: discriminator, server: here, model: m, card: d }
roles: { simulator: other, discriminator: disc }
`,
  );
  const origin = { simulator: 'someone', chatbot: 'helper', ended: 'cap' } as const;
  const store = await openSessionStore(join(dir, 'sessions'));
  await store.append('it0', [
    makeSession('s1', ['well 0', 'Hello!', 'no idea 3', 'Go on.', 'hm -1'], { origin }),
    makeSession('s2', ['hi 1', 'Hello!', 'my boss -2'], { origin }),
  ]);
  await store.close();
  return dir;
}

const lines = async (cwd: string, file: string) =>
  (await readFile(join(cwd, 'pairs', file), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('mines with the simulator that wrote the corpus; the same again has nothing to pay', async () => {
  const { base, asked, chats, judged } = await scripted();
  const cwd = await workspace(base);
  const { code, events } = await foil(['mine', 'it0', '--set', 'it1', '--json'], { cwd });
  expect(code).toBe(0);
  expect(events.map(({ event }) => event)).toEqual([
    ...['scored', 'scored', 'planned', 'turn', 'turn', 'turn', 'turn', 'done'],
  ]);
  expect(events[2]).toMatchObject({ sessions: 2, real: 0, critical: 4, finished: 0 });
  expect(events.slice(3, 7)).toMatchObject([
    { session: 's1', t: 2, kind: 'highest', outcome: { kept: true, chosen: 0 }, pair: { id: 's1.t2' } },
    { session: 's1', t: 3, kind: 'lowest', outcome: { kept: false, reason: 'no-positive' }, pair: null },
    { session: 's2', t: 1, kind: 'highest', pair: { simulator: 'someone', discriminator: 'disc', corpus: 'it0' } },
    { session: 's2', t: 2, kind: 'lowest', pair: { chosen: { r: 1 }, rejected: { r: -3 } } },
  ]);
  expect(events.at(-1)).toMatchObject({ set: 'it1', funnel: { critical: 4, positive: 3, kept: 3 } });
  expect(chats().map(({ body }) => [body['n'], body['temperature']])).toEqual(Array(4).fill([8, 0.9]));
  expect((await lines(cwd, 'it1.jsonl')).map(({ id }) => id)).toEqual(['s1.t2', 's2.t1', 's2.t2']);

  const paid = [chats().length, judged().length];
  const again = await foil(['mine', 'it0', '--set', 'it1'], { cwd });
  expect(again.code).toBe(0);
  expect([chats().length, judged().length]).toEqual(paid);
  expect(again.stderr).toContain('4 of 4 critical turns were mined before');
  expect(again.stdout).toMatch(/some r > 0 +3 +no r > 0: 1\n(.*\n)*kept +3/u);
  expect(again.stdout).toContain('foil review --set it1');
  expect(asked.every(({ path }) => path !== '/v1/embeddings')).toBe(true);
});

test('a dry run samples its probe, says what to expect, and leaves scores and no set', async () => {
  const { base, chats, judged } = await scripted();
  const cwd = await workspace(base);
  const { code, events } = await foil(['mine', 'it0', '--dry-run', '--probe', '2', '--json'], { cwd });
  expect(code).toBe(0);
  const { share, pairs } = events.at(-1) as { share: { mean: number }; pairs: { expected: number } };
  expect(events.at(-1)).toMatchObject({ event: 'done', dry_run: true, critical: 4, probe: { sampled: 2 } });
  expect(pairs.expected).toBe(Math.round(4 * share.mean));
  expect(chats()).toHaveLength(2);
  await expect(readFile(join(cwd, 'pairs', 'it0.jsonl'))).rejects.toThrow('ENOENT');
  await expect(readFile(join(cwd, 'pairs', 'it0.mined.jsonl'))).rejects.toThrow('ENOENT');
  // all turns probed: every session has its scores after it, and the real run takes them over
  const all = await foil(['mine', 'it0', '--dry-run'], { cwd });
  expect(all.stdout).toContain('of 4 turns that were sampled, 3 gave a pair: 75%');
  const before = judged().length;
  const real = await foil(['mine', 'it0', '--json'], { cwd });
  expect(real.events.filter(({ event }) => event === 'scored')).toEqual([]);
  expect(judged().length).toBeGreaterThan(before);
});

test('killed at any request, it goes on with the same command and pays for nothing that it has told', {
  // four commands of their own, each read from its source
  timeout: 120_000,
}, async () => {
  let countdown = Number.POSITIVE_INFINITY;
  let kill = () => {};
  const { base, asked, chats } = await scripted(async ({ path, dropped }) => {
    if (!path.endsWith('completions') || --countdown > 0) return;
    kill();
    await dropped;
  });
  const cwd = await workspace(base);
  const args = ['mine', 'it0', '--set', 'it1', '--json'];
  const told: Record<string, unknown>[] = [];
  const turns = () => told.filter(({ event }) => event === 'turn').map(({ session, t }) => `${session} ${t}`);
  const scored = () => told.filter(({ event }) => event === 'scored').map(({ session }) => session);
  // in the scores, in the first turn's alternatives, among its judgements, in a later turn
  for (const after of [4, 4, 6, 14]) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'src/cli/main.ts'), ...args, '--workspace', cwd],
      {
        cwd: ROOT,
      },
    );
    [countdown, kill] = [after, () => void child.kill('SIGKILL')];
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const [, signal] = (await once(child, 'close')) as [unknown, string | null];
    expect(signal).toBe('SIGKILL');
    told.push(
      ...text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    );
  }
  countdown = Number.POSITIVE_INFINITY;
  expect(turns().length).toBeGreaterThan(0);
  const before = chats().length;
  const { code, events } = await foil(args, { cwd });
  told.push(...events);
  expect(code).toBe(0);
  const { finished } = events.find(({ event }) => event === 'planned') as { finished: number };
  expect(chats().length - before).toBe(4 - finished);
  expect(new Set(turns()).size).toBe(turns().length);
  expect(new Set(scored()).size).toBe(scored().length);
  expect(asked.length).toBeGreaterThan(20);

  const whole = await workspace(base);
  expect((await foil(args, { cwd: whole })).code).toBe(0);
  const timeless = async (dir: string) => (await lines(dir, 'it1.jsonl')).map((pair) => ({ ...pair, created: '' }));
  expect(await timeless(cwd)).toEqual(await timeless(whole));
});

test('--random draws as many turns, --reuse takes samples over for other rules, other settings want another set', async () => {
  const { base, chats } = await scripted();
  const cwd = await workspace(base);
  const run = (...args: string[]) => foil(['mine', 'it0', ...args, '--json'], { cwd });
  const random = await run('--set', 'control', '--random', '--highest', '0', '--lowest', '1');
  expect(random.events.filter(({ event }) => event === 'turn')).toMatchObject([
    { session: 's1', kind: 'random' },
    { session: 's2', kind: 'random' },
  ]);

  await run('--set', 'it1');
  const paid = chats().length;
  const refused = await run('--set', 'it1', '--margin', '5');
  expect(refused.code).toBe(1);
  expect(refused.events.at(-1)).toMatchObject({
    ...{ event: 'error', code: 'other-request', message: expect.stringContaining('other settings: rules') },
    remedy: expect.arrayContaining([expect.stringContaining('--reuse it1')]),
  });
  const strict = await run('--set', 'strict', '--reuse', 'it1', '--margin', '5');
  expect(strict.events.at(-1)).toMatchObject({ funnel: { both: 3, kept: 1, dropped: { margin: 2 } } });
  const even = await run('--set', 'even', '--reuse', 'it1', '--max-difference', '0', '--no-search');
  expect(even.events.at(-1)).toMatchObject({ event: 'done', funnel: { both: 3, searched: 0 } });
  const { dropped } = (even.events.at(-1) as { funnel: { dropped: { length: number } } }).funnel;
  expect(dropped.length).toBeGreaterThan(0);
  expect(chats()).toHaveLength(paid);
  expect((await run('--set', 'warm', '--reuse', 'it1', '--temperature', '1.5')).events.at(-1)).toMatchObject({
    message: 'the samples of "it1" are of other settings: sampling',
  });
  expect(chats()).toHaveLength(paid);
});

test("--temperature, --top-p and --top-k go over the simulator's own sampling, and stand in the set", async () => {
  const { base, chats } = await scripted();
  const cwd = await workspace(base);
  const warm = ['mine', 'it0', '--set', 'warm', '--temperature', '1.3', '--top-p', '0.8', '--json'];
  expect((await foil(warm, { cwd })).code).toBe(0);
  for (const { body } of chats()) expect(body).toMatchObject({ temperature: 1.3, top_p: 0.8 });
  const [spec] = await lines(cwd, 'warm.mined.jsonl');
  expect(spec).toMatchObject({ type: 'spec', simulator: 'someone', sampling: { temperature: 1.3, top_p: 0.8 } });
  const [pair] = await lines(cwd, 'warm.jsonl');
  expect(pair).toMatchObject({ rejected: { by: { name: 'someone', sampling: { temperature: 1.3 } } } });
  const plain = await foil(['mine', 'it0', '--set', 'warm', '--json'], { cwd });
  expect(plain.code).toBe(1);
  expect(plain.events.at(-1)).toMatchObject({ code: 'other-request', message: expect.stringContaining('sampling') });
  await foil(['mine', 'it0', '--set', 'few', '--top-k', '5', '--limit', '1', '--json'], { cwd });
  expect(chats().at(-1)?.body).toMatchObject({ temperature: 0.9, top_k: 5 });
});

test.each([
  [['mine'], 2, /corpus/u],
  [['mine', 'it0', '-n', '0'], 2, /whole number from 1 to 64/u],
  [['mine', 'it0', '--temperature', '0'], 2, /number from 0.01 to 5/u],
  [['mine', 'it0', '--per', 'turn'], 2, /session, corpus/u],
  [['mine', 'nowhere'], 1, /nowhere/u],
  [['mine', 'it0', '--simulator', 'someon'], 1, /someone/u],
  [['mine', 'it0', '--reuse', 'nothing'], 1, /"nothing" was not mined/u],
])('says what is wrong with %j', async (args, exit, says) => {
  const { base, chats } = await scripted();
  const cwd = await workspace(base);
  const { code, stderr } = await foil(args, { cwd });
  expect({ code, stderr }).toMatchObject({ code: exit, stderr: expect.stringMatching(says) });
  expect(chats()).toEqual([]);
});

test('Ctrl+C ends it with 130', async () => {
  const cancel = new AbortController();
  const { base } = await scripted(async ({ path, dropped }) => {
    if (!path.endsWith('/chat/completions')) return;
    cancel.abort();
    await dropped;
  });
  const cwd = await workspace(base);
  const { code, events } = await foil(['mine', 'it0', '--set', 'it1', '--json'], { cwd, signal: cancel.signal });
  expect(code).toBe(130);
  expect(events.at(-1)).toMatchObject({ event: 'error', code: 'cancelled' });
});
