import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { runFoil } from '../e2e/pty.ts';
import { chunk, openServer, stream } from '../openai/server.ts';

const REPLY_MS = 100;
const CONTEXTS = 40;

test('on a terminal, p pauses and goes on, q stops when what is out has come', async () => {
  let dropped = 0;
  const { base, asked } = await openServer(({ body, dropped: gone }, response) => {
    void gone.then(() => {
      dropped += 1;
    });
    const text = `words of ${body['seed']} and some more`;
    setTimeout(() => stream(response).end(`${chunk(0, text, 'stop')}data: [DONE]\n\n`), REPLY_MS);
  });
  const cwd = await mkdtemp(join(tmpdir(), 'foil-keys-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const model = 'server: here, model: m';
  await writeFile(
    join(cwd, 'foil.yaml'),
    `servers: { here: { base_url: "${base}", at_once: 2 } }
models: { someone: { kind: simulator, ${model} }, helper: { kind: chatbot, ${model}, system: Help. } }
roles: { simulator: someone, chatbot: helper }
max_user_turns: 3
`,
  );
  await mkdir(join(cwd, 'sessions'));
  const topics = Array.from({ length: CONTEXTS }, (_, k) =>
    JSON.stringify({
      id: `c${k}`,
      context: { current_summary: `about ${k}` },
      turns: [{ role: 'user', content: 'Hi' }],
    }),
  );
  await writeFile(join(cwd, 'sessions', 'topics.jsonl'), `${topics.join('\n')}\n`);

  const run = runFoil(['--workspace', cwd, 'simulate', '--contexts', 'topics', '--out', 'made'], {
    ...{ columns: 140, rows: 30 },
  });
  try {
    await run.waitFor(/p pauses, q stops.*tokens, here \d out of 2/u);
    await run.send('p');
    await run.waitFor('paused: p goes on, q stops');
    await sleep(4 * REPLY_MS);
    const before = asked.length;
    await sleep(4 * REPLY_MS);
    expect(asked.length).toBe(before);
    await run.send('p');
    await run.waitFor('p pauses, q stops');
    await sleep(4 * REPLY_MS);
    expect(asked.length).toBeGreaterThan(before);
    await run.send('q');
    await run.waitFor(/not done: it was stopped; \d sessions are begun and kept\. The same command goes on\./u);
    expect(await run.exited).toBe(1);
    // What was out when it was stopped has come.
    expect(dropped).toBe(0);
  } finally {
    run.kill('SIGKILL');
    await run.exited;
  }
}, 30_000);
