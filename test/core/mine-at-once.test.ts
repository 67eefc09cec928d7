import { describe, expect, test } from 'vitest';
import type { Discriminator } from '../../src/core/ports.ts';
import { criticalSchema } from '../../src/core/preference/mined.ts';
import type { MineEvent } from '../../src/core/workflows/mine/mine.ts';
import { estimate, world } from './mine-world.ts';

describe('a discriminator that serves several at once', () => {
  /** Answers once two sessions are asked about at once, and about the first session after the third. */
  async function crowded() {
    const it = await world();
    const { discriminator: judge } = it.request;
    const [two, third] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let now = 0;
    const discriminator: Discriminator = {
      ...{ input: judge.input, logitP0: judge.logitP0, template: judge.template, engine: judge.engine },
      ...{ window: judge.window, name: judge.name, atOnce: 3 },
      score: async (messages, signal) => {
        const says = (text: string) => messages.some(({ content }) => content === text);
        now += 1;
        if (now > 1) two.resolve();
        await two.promise;
        if (says('5')) third.resolve();
        if (says('0')) await third.promise;
        now -= 1;
        return await judge.score(messages, signal);
      },
    };
    return { ...it, discriminator };
  }

  test('is asked about several sessions at once; turns and pairs are those of one at a time, in the same order', async () => {
    const [one, several] = [await world(), await crowded()];
    const until = (event: MineEvent) => event.type === 'planned';
    const { events } = await several.run({ discriminator: several.discriminator }, until);
    expect(events.flatMap((event) => (event.type === 'scored' ? [event.session] : [])).at(-1)).toBe('s1');
    const after = await several.run({ discriminator: several.discriminator });
    const alone = await one.run();
    expect(after.turns.map(({ turn }) => turn)).toEqual(alone.turns.map(({ turn }) => turn));
    expect(await several.pairs.list('it1')).toEqual(await one.pairs.list('it1'));
  });

  test('a dry run too, with the same estimate', async () => {
    for (const per of ['session', 'corpus'] as const) {
      const [one, several] = [await world(), await crowded()];
      const changes = { probe: 5, critical: criticalSchema.parse({ per }) };
      const found = await estimate(several, { ...changes, discriminator: several.discriminator });
      expect(found).toEqual(await estimate(one, changes));
    }
  });
});
