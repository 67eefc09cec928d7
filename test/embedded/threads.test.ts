import { describe, expect, test } from 'vitest';
import { ThreadGovernor } from '../../src/backends/embedded/server/threads.ts';

describe('thread governor', () => {
  const free = (): boolean => false;
  type Step = { tokens: number; threads: number; step: number };
  /** Plays steps of these many tokens in turn on a machine where each takes `msOf`; tells the threads of every step. */
  const play = (msOf: (at: Step) => number, steps: number, kinds: readonly number[] = [1]): number[] => {
    let now = 0;
    const governor = new ThreadGovernor(2, false, () => now, free);
    return Array.from({ length: steps }, (_, step) => {
      const tokens = kinds[step % kinds.length] ?? 1;
      const threads = governor.choose(tokens);
      const ms = msOf({ tokens, threads, step });
      now += ms;
      governor.record(threads, tokens, ms);
      return threads;
    });
  };

  test.each([[1], [128]])('goes to all cores when they are free: steps of %i tokens', (tokens) => {
    expect(play(({ threads }) => 10 / threads, 50, [tokens]).slice(-40)).toEqual(Array(40).fill(2));
  });
  test.each([[1], [128]])('stays at one when another program holds the cores: steps of %i tokens', (tokens) => {
    const threads = play((at) => (at.threads === 2 ? 500 : 10), 2000, [tokens]);
    expect(threads.filter((count) => count === 2).length).toBeLessThan(6);
  });
  test.each([[1], [128]])('leaves all cores at once when they are taken: steps of %i tokens', (tokens) => {
    const ms = ({ threads, step }: Step): number => (step < 100 ? 10 / threads : threads === 2 ? 300 : 10);
    const threads = play(ms, 200, [tokens]);
    expect(threads[99]).toBe(2);
    expect(threads.slice(104)).toEqual(Array(96).fill(1));
  });

  // as measured on two idle cores with a model of 135M
  const idle = ({ tokens, threads }: Step): number => (tokens === 1 ? [6.6, 9] : [4.5, 2.3])[threads - 1]! * tokens;

  test('judges single tokens and batches apart', () => {
    const threads = play(idle, 400, [128, 1, 1, 1]);
    const of = (kind: (step: number) => boolean, count: number): number =>
      threads.filter((each, step) => step >= 12 && kind(step) && each === count).length;
    // but for a probe now and then
    expect(of((step) => step % 4 === 0, 1)).toBeLessThan(5);
    expect(of((step) => step % 4 !== 0, 2)).toBeLessThan(17);
  });
  test('judges batches by ms a token, so that a long one is not a slow one', () => {
    const threads = play(idle, 200, [40, 40, 128, 128]).slice(4);
    expect(threads.filter((count) => count === 1).length).toBeLessThan(5);
  });
  test('takes the verdict of batches for steps in between, and does not judge by them', () => {
    let now = 0;
    const governor = new ThreadGovernor(2, false, () => now, free);
    for (let step = 0; step < 20; step += 1) {
      const threads = governor.choose(10);
      expect(threads).toBe(1);
      now += 5;
      governor.record(threads, 10, 5);
    }
    for (let step = 0; step < 6; step += 1) governor.record(governor.choose(128), 128, 128 / governor.choose(128));
    expect([governor.choose(10), governor.threads]).toEqual([2, { single: 1, batch: 2 }]);
    for (let step = 0; step < 20; step += 1) governor.record(governor.choose(10), 10, 9000);
    expect(governor.choose(10)).toBe(2);
  });
  test('does not try all cores while more wants to run than there are cores', () => {
    let now = 0;
    let crowded = true;
    const governor = new ThreadGovernor(
      2,
      false,
      () => now,
      () => crowded,
    );
    const step = (): number => {
      const threads = governor.choose(128);
      now += 1280 / threads;
      governor.record(threads, 128, 1280 / threads);
      return threads;
    };
    expect(new Set(Array.from({ length: 50 }, step))).toEqual(new Set([1]));
    crowded = false;
    expect(Array.from({ length: 50 }, step).at(-1)).toBe(2);
  });
  test('a number that the user gave is kept', () => {
    const governor = new ThreadGovernor(2, true);
    for (let step = 0; step < 20; step += 1) governor.record(2, 1, step < 10 ? 1 : 1000);
    expect(governor.threads).toEqual({ single: 2, batch: 2 });
  });
});
