import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/core/workflows/simulate/diagnostics.ts';
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

  test.each([
    ['a higher cap', {}, 2, /it0\.bot\.a\.0 in had-train has 3 user turns, and max_user_turns of this loop is 2/],
    ['a lower cap', { run_on: true }, 4, /was cut off after 3 user turns, and max_user_turns of this loop is 4/],
  ])('refuses sessions under %s: the next simulator is compared with them', async (_, ended, cap, told) => {
    const { meta, ...session } = simulated('a');
    const diagnostics = { ...diagnose([], 'simulator', { user: 0, assistant: 0 }), ...ended };
    const disk = await Disk.make({ given, max_user_turns: cap });
    await disk.sessions.append('had-train', [{ ...session, meta: { ...meta, diagnostics } }]);
    await disk.sessions.append('had-valid', [simulated('w')]);
    expect((await go(disk)).error).toMatchObject({ code: 'not-of-loop', message: expect.stringMatching(told) });
    // a session that the simulator ended may be as short as it likes
    const fits = await Disk.make({ given, max_user_turns: 5 });
    await fits.sessions.append('had-train', [simulated('a')]);
    await fits.sessions.append('had-valid', [simulated('w')]);
    expect((await go(fits)).error).toBeNull();
  });

  test('says what is missing where a corpus is not there', async () => {
    const disk = await Disk.make({ given });
    await disk.sessions.append('had-train', [simulated('a')]);
    const { error } = await go(disk);
    expect(error).toMatchObject({ code: 'missing-input', message: expect.stringMatching(/no corpus had-valid/) });
  });
});
