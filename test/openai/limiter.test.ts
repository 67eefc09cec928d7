import { describe, expect, it } from 'vitest';
import { Limiter, type Outcome } from '../../src/backends/openai/limiter.ts';
import { deriveSeed, unit } from '../../src/core/workflows/seed.ts';

const SIGNAL = new AbortController().signal;

/**
 * A server that answers each request after one step of time, played for so many steps with more work than there are places.
 * @returns places and shares of refusals at the end, and how many requests were answered.
 */
async function play(most: number, steps: number, answer: (running: number, step: number) => Outcome) {
  const limiter = new Limiter(most);
  let [fine, wanted, last] = [0, 0, { busy: 0, all: 0 }];
  let running: number[] = [];
  const start = (began: number) => {
    wanted -= 1;
    running.push(began);
  };
  for (let step = 0; step < steps; step += 1) {
    for (; wanted + running.length < most; wanted += 1) void limiter.acquire(SIGNAL, false).then(start);
    for (let k = 0; k < 4; k += 1) await Promise.resolve();
    const batch = running;
    running = [];
    const outcomes = batch.map((_, index) => answer(index, step));
    const busy = outcomes.filter((outcome) => outcome === 'busy').length;
    if (step > steps / 2) last = { busy: last.busy + busy, all: last.all + batch.length };
    fine += outcomes.filter((outcome) => outcome === 'fine').length;
    for (const [index, outcome] of outcomes.entries()) limiter.release(outcome, batch[index] ?? 0);
  }
  return { limit: limiter.limit, fine, share: last.busy / last.all };
}

describe('places of an endpoint', () => {
  it('are few at first, and twice as many each round while nothing is refused', async () => {
    expect(new Limiter(256).limit).toBe(8);
    expect(new Limiter(2).limit).toBe(2);
    expect((await play(256, 3, () => 'fine')).limit).toBe(64);
    expect((await play(256, 8, () => 'fine')).limit).toBeGreaterThan(200);
  });

  it('stay near what a server takes that refuses more than 20 at once', async () => {
    const { limit, share, fine } = await play(256, 300, (running) => (running < 20 ? 'fine' : 'busy'));
    expect(limit).toBeGreaterThanOrEqual(10);
    expect(limit).toBeLessThanOrEqual(40);
    expect(share).toBeLessThan(0.25);
    expect(fine).toBeGreaterThan(0.7 * 300 * 20);
  });

  it('are not given up for refusals that fewer requests do not make fewer', async () => {
    const { fine, limit } = await play(32, 200, (running, step) =>
      unit(deriveSeed(9, step, running)) < 0.3 ? 'busy' : 'fine',
    );
    expect(limit).toBeGreaterThanOrEqual(16);
    expect(fine).toBeGreaterThan(0.75 * 0.7 * 32 * 200);
  });

  it('come back when a server that was overrun has time again', async () => {
    const { limit } = await play(64, 400, (_, step) => (step > 10 && step < 40 ? 'busy' : 'fine'));
    expect(limit).toBe(64);
  });

  it('are not lost to requests that fail in other ways, or are cancelled', async () => {
    expect((await play(64, 50, (running) => (running % 2 ? 'failed' : 'fine'))).limit).toBe(64);
    const limiter = new Limiter(1);
    await limiter.acquire(SIGNAL, false);
    const controller = new AbortController();
    const waiting = limiter.acquire(controller.signal, false);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    limiter.release(null, 0);
    await limiter.acquire(SIGNAL, false);
  });

  it('go first to somebody who waits before the screen', async () => {
    const limiter = new Limiter(1);
    await limiter.acquire(SIGNAL, false);
    const order: string[] = [];
    const batch = limiter.acquire(SIGNAL, false).then(() => order.push('batch'));
    const person = limiter.acquire(SIGNAL, true).then(() => order.push('person'));
    limiter.release('fine', 0);
    await person;
    limiter.release('fine', 0);
    await batch;
    expect(order).toEqual(['person', 'batch']);
  });
});
