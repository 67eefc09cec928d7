import { expect, test } from 'vitest';
import { FakeSessionStore } from '../../src/backends/fake/stores.ts';
import { type Session, sessionSchema } from '../../src/core/session/schema.ts';
import { someContext } from '../../src/core/workflows/contexts.ts';

function session(id: string, summary: string, first: 'user' | 'assistant' = 'user'): Session {
  return sessionSchema.parse({
    ...{ schema: 1, id, source: 'test', domain: 'test', origin: 'real', meta: {} },
    context: { current_summary: summary },
    turns: [{ role: first, content: 'hello' }],
  });
}

async function storeOf(corpora: Record<string, Session[]>): Promise<FakeSessionStore> {
  const store = new FakeSessionStore();
  for (const [name, sessions] of Object.entries(corpora)) await store.append(name, sessions);
  return store;
}

const RISK = 'I want to kill myself';

test('a corpus of risk sessions alone is passed over, whichever the seed names', async () => {
  const store = await storeOf({
    dark: [session('d', RISK)],
    light: [session('l', 'two cats', 'assistant')],
    empty: [],
  });
  for (const seed of [0, 1, 2, 3]) {
    const { context, first } = await someContext(store, seed);
    expect([context.current_summary, first]).toEqual(['two cats', 'assistant']);
  }
});

test('where there is none the context is empty; the same seed gives the same one', async () => {
  const dark = await storeOf({ dark: [session('d', RISK)] });
  expect(await someContext(dark, 5)).toMatchObject({ context: { current_summary: null }, first: 'user' });
  const store = await storeOf({ a: [session('a', 'one'), session('b', 'two')], c: [session('c', 'three')] });
  const seen = await Promise.all([0, 1, 2, 3].map((seed) => someContext(store, seed)));
  expect(new Set(seen.map(({ context }) => context.current_summary))).toEqual(new Set(['one', 'three', 'two']));
  expect(await someContext(store, 3)).toEqual(seen[3]);
});
