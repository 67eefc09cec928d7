import { describe, expect, test } from 'vitest';
import { Leases } from '../../src/backends/embedded/server/leases.ts';
import { serveFake } from './fake-server.ts';

const { base, stats, ends } = await serveFake();

describe('leases', () => {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const make = (options: { graceMs?: number | null; busy?: () => boolean; startMs?: number }) => {
    const ends: number[] = [];
    const leases = new Leases({
      graceMs: options.graceMs === undefined ? 30 : options.graceMs,
      startMs: options.startMs ?? 1000,
      busy: options.busy ?? (() => false),
      onIdle: () => ends.push(Date.now()),
    });
    return { leases, ends };
  };

  test('the engine ends a grace time after the last lease, not before', async () => {
    const { leases, ends } = make({});
    const give = [leases.take(), leases.take()];
    give[0]?.();
    give[0]?.();
    await wait(60);
    expect([leases.count, ends.length]).toEqual([1, 0]);
    give[1]?.();
    await wait(10);
    const again = leases.take();
    await wait(60);
    expect(ends.length).toBe(0);
    again();
    await wait(60);
    expect(ends.length).toBe(1);
  });
  test('waits for the first client, and for work to end', async () => {
    expect(
      await (async () => {
        const { ends } = make({ startMs: 10 });
        await wait(30);
        return ends.length;
      })(),
    ).toBe(1);
    let busy = true;
    const { leases, ends } = make({ busy: () => busy });
    leases.take()();
    await wait(50);
    expect(ends.length).toBe(0);
    busy = false;
    await wait(60);
    expect(ends.length).toBe(1);
  });
  test('without a grace time it stays', async () => {
    const { leases, ends } = make({ graceMs: null, startMs: 5 });
    leases.take()();
    await wait(40);
    expect(ends.length).toBe(0);
  });
});

test('a lease is held while its connection lives', async () => {
  const abort = new AbortController();
  const answer = await fetch(`${base}/foil/lease`, {
    headers: { authorization: 'Bearer secret' },
    signal: abort.signal,
  });
  expect(answer.status).toBe(200);
  expect((await stats()).leases).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(ends).toEqual([]);
  abort.abort();
  await expect.poll(() => ends.length, { timeout: 2000 }).toBe(1);
});
