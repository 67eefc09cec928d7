import { expect, test } from 'vitest';
import type { Discriminator } from '../../src/core/ports.ts';
import { scoreSessions } from '../../src/core/workflows/score.ts';
import { sessionOf } from './evaluate/annotated.ts';

const SESSIONS = ['a', 'b', 'c', 'd', 'e'].map((id) => sessionOf(id, [`${id} one`, 'hm', `${id} two`, 'yes']));

/** Answers after a tick; says how many requests were under way at each, and how many at the end. */
function judge(atOnce: number, fails: (text: string) => boolean = () => false) {
  const seen: number[] = [];
  let now = 0;
  const discriminator: Discriminator = {
    ...{ name: 'd', input: { input: 'all', context: false }, logitP0: 0 },
    ...{ template: 't', engine: 'e', window: null, atOnce },
    async score(messages, signal) {
      now += 1;
      seen.push(now);
      try {
        await new Promise((resolve) => setTimeout(resolve, 2));
        signal.throwIfAborted();
        const text = messages.map(({ content }) => content).join(' ');
        if (fails(text)) throw new Error('the server is gone');
        return messages.length;
      } finally {
        now -= 1;
      }
    },
  };
  return { discriminator, seen, now: () => now };
}

const { signal } = new AbortController();

test('as many sessions at once as the server takes, also while the consumer is busy; each is scored once', async () => {
  const { discriminator, seen } = judge(2);
  const found = new Map<string, readonly number[]>();
  for await (const { session, score } of scoreSessions(discriminator, SESSIONS, signal)) {
    found.set(session.id, score.z);
    // writes that take as long as all that is left to score
    if (found.size === 1) await new Promise((resolve) => setTimeout(resolve, 100));
    if (found.size === 1) expect(seen.length).toBe(10);
  }
  expect([...found.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  for (const z of found.values()) expect(z).toHaveLength(2);
  expect(Math.max(...seen)).toBe(2);
  expect(seen.filter((count) => count < 2).length).toBeLessThan(5);
});

test('a failure ends it with what was scored, and nothing is under way after it, nor after a consumer that stops', async () => {
  const broken = judge(2, (text) => text.includes('c one'));
  const kept: string[] = [];
  const all = async () => {
    for await (const { session } of scoreSessions(broken.discriminator, SESSIONS, signal)) kept.push(session.id);
  };
  await expect(all()).rejects.toThrow('the server is gone');
  expect(kept.sort()).toEqual(['a', 'b']);
  expect(broken.now()).toBe(0);
  const whole = judge(3);
  for await (const _ of scoreSessions(whole.discriminator, SESSIONS, signal)) break;
  expect(whole.now()).toBe(0);
  expect(whole.seen.length).toBeLessThan(10);
});
