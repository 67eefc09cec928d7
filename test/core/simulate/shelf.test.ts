import { expect, test } from 'vitest';
import type { Session } from '../../../src/core/session/schema.ts';
import { Shelf } from '../../../src/core/workflows/simulate/shelf.ts';
import { makeSession } from '../../fixtures/sessions.ts';

test('sessions that ended before an earlier one of the plan come into the corpus as soon as that one has', async () => {
  const corpus: string[] = [];
  const write = async (sessions: readonly Session[]) => {
    corpus.push(...sessions.map(({ id }) => id));
  };
  const shelf = new Shelf(write, { now: () => new Date(), sleep: async () => {} });
  const put = async (place: number, id: string | null) => {
    shelf.put(place, id === null ? null : makeSession(id));
    await new Promise(setImmediate);
    return corpus.join(' ');
  };
  expect(await put(1, 'b')).toBe('');
  expect(await put(3, 'd')).toBe('');
  expect(await put(0, 'a')).toBe('a b');
  expect(await put(2, null)).toBe('a b d');
  expect(await put(5, 'f')).toBe('a b d');
  await shelf.close();
  expect(corpus.join(' ')).toBe('a b d f');
});
