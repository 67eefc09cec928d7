import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';
import { json, openServer } from '../openai/server.ts';
import { cardOf, writeAdapter } from '../registry/fixtures.ts';
import { foil } from './run.ts';

/** A workspace with a discriminator whose z falls by 2 for each "sad" that it reads. */
async function workspace(): Promise<string> {
  const { base } = await openServer(async ({ path, body }, response) => {
    if (path === '/v1/models') return json(response, { object: 'list', data: [{ id: 'm', max_model_len: 4096 }] });
    if (path === '/tokenize') return json(response, { count: 1, tokens: [7], max_model_len: 4096 });
    const sad = String(body['prompt']).match(/\bsad\b/gu)?.length ?? 0;
    return json(response, {
      choices: [{ text: 'x', logprobs: { top_logprobs: [{ ' real': -9 - 2 * sad, ' fake': -9 }] } }],
    });
  });
  const dir = await testFolder();
  const discriminator = {
    ...{ input: 'all', context: true, head: 'lm', logit_p0: 0 },
    labels: { real: ' real', simulated: ' fake' },
  };
  await writeAdapter(dir, 'd', cardOf('disc', 'discriminator', { discriminator }));
  const servers = `servers: { here: { base_url: "${base}", dialect: vllm } }`;
  const models = 'models: { disc: { kind: discriminator, server: here, model: m, card: d } }';
  await writeFile(join(dir, 'foil.yaml'), `${servers}\n${models}\nroles: { discriminator: disc }\n`);
  const store = await openSessionStore(join(dir, 'sessions'));
  await store.append('made', [makeSession('s1', ['i am sad', 'Why?', 'well. i am sad, so sad'])]);
  await store.close();
  return dir;
}

test('foil why says which turns, and which words of one, give a session away', async () => {
  const cwd = await workspace();
  const turns = await foil(['why', 'made', 's1', '--json'], { cwd });
  expect(turns.code).toBe(0);
  expect(turns.events[0]).toMatchObject({ event: 'begin', z: -6, of: 2 });
  const { whys } = turns.events.at(-1) as { whys?: unknown[] };
  expect(whys).toMatchObject([
    { t: 2, grain: 'turn', effect: -4 },
    { t: 1, grain: 'turn', effect: -2 },
  ]);
  const words = await foil(['why', 'made', 's1', '--turn', '2'], { cwd });
  expect(words.stdout).toMatch(/disc: z -6\.00, p 0\.002/u);
  expect(words.stdout).toMatch(/-4\.00 {2}sentence +i am sad, so sad/u);
  expect(words.stdout).toMatch(/-2\.00 {2}word +sad/u);
  const none = await foil(['why', 'made', 's1', '--turn', '9'], { cwd });
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('s1 has 2 user turns') });
});
