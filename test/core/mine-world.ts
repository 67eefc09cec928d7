import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FakeChatModel, FakeDiscriminator } from '../../src/backends/fake/models.ts';
import { openPairStore } from '../../src/backends/store/pair-store.ts';
import { openSessionStore } from '../../src/backends/store/session-store.ts';
import { rulesSchema } from '../../src/core/preference/filter.ts';
import { criticalSchema } from '../../src/core/preference/mined.ts';
import { estimateYield } from '../../src/core/workflows/mine/estimate.ts';
import { type MineEvent, type MineRequest, mine } from '../../src/core/workflows/mine/mine.ts';
import { makeSession, testFolder } from '../fixtures/sessions.ts';

export const clock = { now: () => new Date('2026-06-01T00:00:00Z'), sleep: async () => {} };
/** What the fake D likes: its z is the number in the last user turn. */
const Z = /-?\d+(?:\.\d+)?/u;
export const sessions = [
  makeSession('s1', ['0', 'Hello!', '3', 'Go on.', '-1', 'And?', '0'], {
    origin: { simulator: 'sim', chatbot: 'bot', ended: 'simulator' },
  }),
  makeSession('s2', ['1', 'Hello!', '-2'], { origin: { simulator: 'sim', chatbot: 'bot', ended: 'cap' } }),
  makeSession('s3', ['5']),
];

export async function world(more: { script?: (seed: number) => string } = {}) {
  const dir = await testFolder();
  const store = await openSessionStore(join(dir, 'sessions'));
  await store.append('it0', sessions);
  const scored: string[] = [];
  const simulator = new FakeChatModel('sim', ({ seed, n }, index) =>
    (more.script ?? ((s) => `t${s} ${((s % 7) - 3) / 2}`))(n > 1 ? seed + index : seed),
  );
  const discriminator = new FakeDiscriminator('disc', (said) => {
    scored.push(said.at(-1)?.content ?? '');
    return Number(Z.exec(said.at(-1)?.content.replace(/^t\d+ /u, '') ?? '')?.[0] ?? 0);
  });
  const pairs = openPairStore(join(dir, 'pairs'));
  onTestFinished(async () => {
    await pairs.close();
    await store.close();
  });
  const request: MineRequest = {
    ...{ corpus: 'it0', set: 'it1', simulator, discriminator, n: 4, seed: 1 },
    critical: criticalSchema.parse({}),
    rules: rulesSchema.parse({ similarity: null }),
  };
  const run = async (changes: Partial<MineRequest> = {}, until: (event: MineEvent) => boolean = () => false) => {
    const events: MineEvent[] = [];
    const work = mine({ sessions: store, pairs, clock }, { ...request, ...changes }, new AbortController().signal);
    for await (const event of work) {
      events.push(event);
      if (until(event)) break;
    }
    const last = events.at(-1);
    return {
      events,
      turns: events.filter((event) => event.type === 'turn'),
      funnel: last?.type === 'done' ? last.funnel : null,
    };
  };
  return { dir, store, pairs, simulator, scored, request, run };
}

export const estimate = async (
  { store, request }: Awaited<ReturnType<typeof world>>,
  changes: Partial<MineRequest> & { probe: number },
) => {
  const work = estimateYield({ sessions: store, clock }, { ...request, ...changes }, new AbortController().signal);
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
};
