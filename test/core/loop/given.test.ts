import { describe, expect, test } from 'vitest';
import { makeSession } from '../../fixtures/sessions.ts';
import { ALL, Disk, go, kinds, look } from './world.ts';

describe('a loop that starts from what is there', () => {
  const given = { sessions: { train: 'had-train', valid: 'had-valid' }, discriminator: 'old' };
  const simulated = (context: string, simulator = 'it0') =>
    makeSession(
      `${simulator}.bot.${context}.0`,
      ['i am tired', 'I see.', 'so tired of it', 'Go on.', `of ${context}`],
      {
        origin: { simulator, chatbot: 'bot' },
        meta: { context_of: context },
      },
    );

  test('makes neither sessions nor discriminator of iteration 0, and mines these', async () => {
    const disk = await Disk.make({ given, iterations: 1, judge_last: true });
    await disk.sessions.append('had-train', [simulated('a'), simulated('b')]);
    await disk.sessions.append('had-valid', [simulated('v'), simulated('w')]);
    const { events, error } = await go(disk);
    expect(error).toBeNull();
    expect(kinds(events).slice(0, 14)).toEqual(ALL.flatMap((stage) => [`begin ${stage}`, `end ${stage}`]));
    expect(disk.models).toEqual(['demo-it1', 'demo-d1']);
    const { grid } = await look(disk);
    expect(grid.rows[0]?.cells.slice(0, 2)).toMatchObject([
      { counts: { sessions: 4 }, outputs: [{ name: 'had-train' }, { name: 'had-valid' }] },
      { counts: { accuracy: 0.66 }, outputs: [{ name: 'old' }] },
    ]);
    const pairs = await disk.pairs.list('demo-p0');
    expect(new Set(pairs.map(({ corpus }) => corpus))).toEqual(new Set(['had-train']));
    expect(new Set(pairs.map(({ discriminator }) => discriminator))).toEqual(new Set(['old']));
  });

  test.each([
    ['another simulator', simulated('a', 'bot'), /bot\.bot\.a\.0 in had-train is of bot, and simulator 0 is it0/],
    [
      'a context of another split',
      simulated('v'),
      /context of it0\.bot\.v\.0 in had-train is none of the train sessions/,
    ],
  ])('refuses sessions of %s', async (_, session, told) => {
    const disk = await Disk.make({ given });
    await disk.sessions.append('had-train', [session]);
    await disk.sessions.append('had-valid', [simulated('w')]);
    expect((await go(disk)).error).toMatchObject({ code: 'not-of-loop', message: expect.stringMatching(told) });
  });

  test('says what is missing where a corpus is not there', async () => {
    const disk = await Disk.make({ given });
    await disk.sessions.append('had-train', [simulated('a')]);
    const { error } = await go(disk);
    expect(error).toMatchObject({ code: 'missing-input', message: expect.stringMatching(/no corpus had-valid/) });
  });
});
