import { expect, test } from 'vitest';
import { FakeSessionStore } from '../../src/backends/fake/stores.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import type { CorpusScore, SessionQuery, SessionStore } from '../../src/core/ports.ts';
import { type Session, sessionSchema } from '../../src/core/session/schema.ts';
import { testFolder } from '../fixtures/sessions.ts';

function session(id: string, first: string, turns: number, summary: string): Session {
  const said = Array.from({ length: turns }, (_, index) => [
    { role: 'user', content: index === 0 ? first : `turn ${index}` },
    { role: 'assistant', content: 'go on' },
  ]);
  return sessionSchema.parse({
    ...{ schema: 1, id, source: 'test', domain: 'test', origin: 'real', meta: {}, turns: said.flat() },
    context: { current_summary: summary },
  });
}

const SESSIONS = [
  session('b-2', 'my boss shouted at me', 3, 'work'),
  session('a-1', 'the flat is cold', 1, 'rent and work'),
  session('c-3', 'I want to kill myself', 2, 'risk'),
];
const SCORES: CorpusScore[] = [0.5, -1, 2].map((z, index) => ({
  session: SESSIONS[index]?.id ?? '',
  discriminator: 'd',
  z: Array.from({ length: [3, 1, 2][index] ?? 0 }, () => z),
  ...{ logitP0: 0, template: 't', engine: 'e' },
}));

const QUERIES: SessionQuery[] = [
  {},
  { sort: 'id' },
  { sort: 'id', descending: true, limit: 1, offset: 1 },
  { sort: 'user_turns', descending: true },
  { sort: 'p_T' },
  { sort: 'lowest_r', descending: true },
  { text: 'boss' },
  { text: 'WORK shout', corpus: 'mine' },
  { text: 'a-1' },
  { text: 'nothing' },
  { hideRisk: true, sort: 'id' },
  { origin: 'simulated' },
  { minTurns: 2, maxTurns: 2 },
  { corpus: 'other' },
];

test('the fake store answers every query as the store on disk does', async () => {
  const disk = await openSessionStore(await testFolder());
  const fake = new FakeSessionStore();
  for (const store of [disk, fake] satisfies SessionStore[]) {
    await store.append('mine', SESSIONS);
    await store.appendScores('mine', SCORES);
  }
  for (const query of QUERIES) expect(await fake.query(query), JSON.stringify(query)).toEqual(await disk.query(query));
  expect((await fake.query({ text: 'boss' })).rows.map(({ id }) => id)).toEqual(['b-2']);
  await disk.close();
});
