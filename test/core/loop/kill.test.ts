import { expect, test } from 'vitest';
import { Disk, go, Killed } from './world.ts';

/** All that a run leaves, without times: two runs of the same loop must leave the same. */
async function left(disk: Disk) {
  const corpora: Record<string, unknown> = {};
  for (const { name } of await disk.sessions.corpora()) {
    const sessions = [];
    for await (const { meta, ...session } of disk.sessions.stream(name))
      sessions.push({ ...session, meta: { ...meta, created: '' } });
    corpora[name] = sessions;
  }
  const sets = await disk.pairs.sets();
  const ends = (disk.loops.journals.records.get('demo') ?? []).flatMap((record) => {
    if (record.type !== 'end') return [];
    const { at: _, seconds: __, ...rest } = record;
    return [rest];
  });
  return {
    corpora,
    pairs: (await disk.pairs.list()).map((pair) => ({ ...pair, created: '' })),
    decisions: await Promise.all(
      sets.map(async ({ name }) => (await disk.pairs.decisions(name)).map((one) => ({ ...one, at: '' }))),
    ),
    models: disk.models,
    jobs: disk.launcher.jobs.map(({ argv, attempt }) => [argv, attempt]),
    unfinished: [...disk.turns.values()].flat(),
    ends,
  };
}

/** Small, since it is run some hundred times. */
const SMALL = { limits: { train: 2, valid: 1 }, check: { contexts: 1, draws: 5 }, max_user_turns: 2, mine: { n: 2 } };

test('killed after any use of the world, the next process redoes no finished stage, and the end is the same', async () => {
  const whole = await Disk.make(SMALL);
  // A number that is never reached counts the uses.
  const { uses, error } = await go(whole, 'all', Number.MAX_SAFE_INTEGER);
  expect(error).toBeNull();
  const expected = await left(whole);
  expect(uses).toBeGreaterThan(150);
  for (let at = 1; at <= uses; at += 1) {
    const disk = await Disk.make(SMALL);
    const killed = await go(disk, 'all', at);
    // Whoever is killed while giving the journal back was done.
    if (at < uses) expect(killed.error, `use ${at}`).toBeInstanceOf(Killed);
    const finished = (disk.loops.journals.records.get('demo') ?? [])
      .filter(({ type }) => type === 'end')
      .map(({ stage }) => stage);
    const resumed = await go(disk);
    expect(resumed.error, `use ${at}`).toBeNull();
    const begun = resumed.events.flatMap((event) => (event.type === 'begin' ? [event.stage] : []));
    expect(
      begun.filter((stage) => finished.includes(stage)),
      `use ${at}`,
    ).toEqual([]);
    expect(await left(disk), `use ${at}`).toEqual(expected);
    // At most the one request that was out is made again.
    expect(disk.generated - whole.generated, `use ${at}`).toBeLessThanOrEqual(1);
  }
}, 600_000);
