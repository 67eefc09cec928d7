import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { exhibitSchema } from '../../src/core/evaluate/table.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { foil } from './run.ts';

/** Three people, and a simulator that says nearly the same; scores of both by a discriminator that is not here. */
async function workspace(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foil-eval-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const store = await openSessionStore(join(dir, 'sessions'));
  const said = (of: string) => [
    `my boss shouted at ${of} today`,
    'What happened?',
    'she left me with the rent',
    'I see',
  ];
  const scores = (z: number) => ({ d0: { z: [z, z], logit_p0: 0, template: 't', engine: 'e' } });
  await store.append(
    'people',
    ['p1', 'p2', 'p3'].map((id) => sessionOf(id, said(id), { scores: scores(1) })),
  );
  await store.append(
    'made',
    ['p1', 'p2', 'p3'].map((of) =>
      sessionOf(`sim-it0.bot.${of}.0`, said('me'), {
        ...{ origin: { simulator: 'sim-it0', chatbot: 'bot' }, meta: { context_of: of }, scores: scores(-1) },
      }),
    ),
  );
  await store.close();
  return dir;
}

// vega and all exhibits are loaded from their sources here, which a busy machine takes its time for
vi.setConfig({ testTimeout: 90_000 });

const EVAL = ['eval', '--name', 'it0', '--real', 'people', '--simulated', 'made', '--draws', '100'];
const CHEAP = ['--metrics', 'linguistic,discriminators,validity,actions'];

test('prints the tables as they come, says what is missing in its place, and keeps all of it', async () => {
  const cwd = await workspace();
  const { code, stdout, stderr } = await foil([...EVAL, ...CHEAP, '--discriminators', 'd0'], { cwd });
  expect([code, stderr.split('\n').filter((line) => line.startsWith('foil'))]).toEqual([0, []]);
  expect(stdout).toMatch(/^real: people, 3 sessions on 3 contexts/mu);
  expect(stdout).toMatch(/^Linguistic features of the user turns \(Table 1 of the paper\)/mu);
  expect(stdout).toMatch(/^acc all turns, n 12 +100\.0% \[100\.0, 100\.0\]/mu);
  expect(stdout).toMatch(/^Predictive validity: not computed, a correlation over chatbots needs 3/mu);
  expect(stdout).toMatch(/^3 computed, 0 unchanged, 1 missing/mu);
  const again = await foil(['eval', '--name', 'it0'], { cwd });
  expect(again.stdout).toMatch(/^0 computed, 3 unchanged, 1 missing/mu);
  const shown = await foil(['eval', 'show', 'it0', '--only', 'linguistic-features'], { cwd });
  expect(stdout).toContain(shown.stdout.trim());
  expect((await foil(['eval', 'show'], { cwd })).stdout).toMatch(
    /^it0 {2}done, 1 missing {2}real \(3\), sim-it0 \(3\)/u,
  );
});

test('gives exhibits as JSON lines that the schema reads, CSV of each, and a report of all', async () => {
  const cwd = await workspace();
  const { events } = await foil([...EVAL, ...CHEAP, '--discriminators', 'd0', '--json'], { cwd });
  const exhibits = events.flatMap(({ event, exhibit }) => (event === 'exhibit' ? [exhibitSchema.parse(exhibit)] : []));
  expect(exhibits.length).toBeGreaterThan(8);
  expect(events[0]).toMatchObject({
    event: 'begin',
    begin: {
      inputs: [{ name: 'people', sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) }, { name: 'made' }, {}, {}, {}, {}],
    },
  });
  expect(events.at(-1)).toMatchObject({ event: 'done', name: 'it0', computed: 3, missing: 1 });
  expect((await foil(['eval', 'csv', 'it0', '--out', 'tables'], { cwd })).code).toBe(0);
  expect((await readdir(join(cwd, 'tables'))).sort()).toEqual(exhibits.map(({ id }) => `${id}.csv`).sort());
  expect(await readFile(join(cwd, 'tables', 'linguistic-features.csv'), 'utf8')).toMatch(
    /^row,n,entropy,entropy_low,.*\r\n/u,
  );
  expect((await foil(['eval', 'report', 'it0', '--out', 'r.html'], { cwd })).code).toBe(0);
  const html = await readFile(join(cwd, 'r.html'), 'utf8');
  for (const { id } of exhibits) expect(html).toContain(`id="${id}"`);
  expect(html).toContain('foil eval --name it0 --real people --simulated made --discriminators d0');
  expect(html).not.toContain(cwd);
});

test('a discriminator that is not here leaves its tables out, and not the rest', async () => {
  const cwd = await workspace();
  const { code, stdout, stderr } = await foil([...EVAL, ...CHEAP, '--discriminators', 'nobody'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toMatch(/nobody could not score all sessions/u);
  expect(stdout).toMatch(/^Discriminators: not computed/mu);
  expect(stdout).toMatch(/^User actions: share of user messages/mu);
});

test('what is misspelt is told before anything is written, with what was meant', async () => {
  const cwd = await workspace();
  for (const [args, says] of [
    [['eval', '--name', 'it0'], /say what it is of/u],
    [['eval', '--name', 'it0', '--real', 'peopl', '--simulated', 'made'], /did you mean "people"/u],
    [[...EVAL, '--metrics', 'linguistc'], /did you mean "linguistic"/u],
    [[...EVAL, '--real', 'made'], /is on both sides/u],
    [[...EVAL, '--turns', 'some'], /whole number/u],
    [['eval', 'show', 'it1'], /there is no evaluation "it1"/u],
    [[...EVAL.slice(0, 1), '--name', '../x', ...EVAL.slice(3)], /cannot be the name/u],
  ] as const) {
    const { code, stderr } = await foil(args, { cwd });
    expect([args.join(' '), code === 0, stderr]).toEqual([args.join(' '), false, expect.stringMatching(says)]);
  }
  expect(await readdir(cwd)).toEqual(['sessions']);
});

test('a line whose write was cut off is skipped, told, and computed again', async () => {
  const cwd = await workspace();
  await foil([...EVAL, '--metrics', 'linguistic'], { cwd });
  await appendFile(join(cwd, 'evaluations', 'it0', 'exhibits.jsonl'), '{"schema":1,"type":"exh');
  const { code, stdout, stderr } = await foil(['eval', '--name', 'it0'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toMatch(/exhibits\.jsonl:\d+: the line breaks off/u);
  expect(stdout).toMatch(/^0 computed, 1 unchanged/mu);
  expect((await foil(['eval', 'show', 'it0'], { cwd })).stdout).toContain('Linguistic features');
});
