import type { Decision } from '../../src/core/preference/decisions.ts';
import type { PreferencePair } from '../../src/core/preference/schema.ts';
import { makePair } from '../fixtures/pairs.ts';
import { ESC, openApp, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import type { Screen } from './terminal.ts';

export const F4 = `${ESC}OS`;

/** Longer than a pair must be on the screen before a key judges it. */
export const look = () => new Promise((resolve) => setTimeout(resolve, 170));

export async function judge(screen: Screen, keys: string): Promise<void> {
  for (const key of keys) {
    await look();
    await screen.send(key);
  }
}

/** The Review screen over a set of pairs; its first pair is seen. */
export async function start(pairs: readonly PreferencePair[], size = SMALL) {
  const bench = fakeBench();
  let now = Date.UTC(2026, 5, 1);
  const tick = () => {
    now += 500;
    return now;
  };
  Object.assign(bench.ports.clock, { now: () => new Date(tick()) });
  if (pairs.length > 0) await bench.pairStore.append('a', pairs);
  const { screen, control } = await openApp(bench, size);
  await screen.send(F4);
  await screen.waitFor(pairs.length > 0 ? /of \d+ done/ : 'There is no pair');
  return { screen, control, bench, said: () => bench.pairStore.decisions('a') };
}

export const by = { kind: 'model', name: 'it0', seed: 1 } as const;
export const many = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    makePair(`p${n + 1}`, { chosen: { content: `my boss again ${n + 1}`, end: false, r: 0.4, by } }),
  );
export const verdicts = (decisions: readonly Decision[]) =>
  decisions.map(({ pair, decision }) => `${pair} ${decision}`);
