import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { exhibitSchema } from '../../src/core/evaluate/table.ts';
import { sessionOf } from '../core/evaluate/annotated.ts';
import { foil } from './run.ts';

test('issue rates of chatbots stand beside what people said of them; an outcome that nobody has is told', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'foil-ratings-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const store = await openSessionStore(join(cwd, 'sessions'));
  const answers = { good: 'What happened then?', echo: 'I lost my job last week and I am scared' };
  const sessions = Object.entries(answers).flatMap(([bot, answer]) =>
    ['p1', 'p2', 'p3'].map((participant) =>
      sessionOf(`${bot}-${participant}`, ['I lost my job last week and I am scared', answer], {
        meta: { assistant_config: bot, participant, outcome: { rating: bot === 'good' ? 3 : 1 } },
      }),
    ),
  );
  await store.append('people', sessions);
  await store.close();
  const { code, events } = await foil(['eval', 'ratings', 'people', '--draws', '100', '--json'], { cwd });
  expect(code).toBe(0);
  const [chatbots, correlations] = events.map(({ exhibit }) => exhibitSchema.parse(exhibit));
  if (chatbots?.type !== 'table' || correlations?.type !== 'table') throw new Error('no tables');
  expect(chatbots.rows.map(({ key }) => key)).toEqual(['echo', 'good']);
  expect(chatbots.rows.map(({ cells }) => cells['rating'])).toMatchObject([{ value: 1 }, { value: 3 }]);
  expect(correlations.notes[0]).toMatch(/^n = 2 chatbots/u);
  const wrong = await foil(['eval', 'ratings', 'people', '--outcome', 'ratin'], { cwd });
  expect([wrong.code === 0, wrong.stderr]).toEqual([false, expect.stringMatching(/an outcome "ratin"/u)]);
});
