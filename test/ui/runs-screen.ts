import type { Controller } from '../../src/ui/control/controller.ts';
import { DOWN, F5, openApp, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import type { RunsWorld } from './runs-bench.ts';
import type { Screen } from './terminal.ts';

export interface Opened {
  readonly screen: Screen;
  readonly world: RunsWorld;
  readonly control: Controller;
}

/** The Runs screen over a world that `fill` has filled. */
export async function start(fill: (world: RunsWorld) => void, size = SMALL): Promise<Opened> {
  const bench = fakeBench();
  fill(bench.world);
  const { screen, control } = await openApp(bench, size);
  await screen.send(F5);
  await screen.waitFor('newest first');
  return { screen, world: bench.world, control };
}

/** Goes down to the field of a form that has this label. */
export async function toField(screen: Screen, label: string): Promise<void> {
  for (let step = 0; step < 40; step += 1) {
    if (
      screen
        .text()
        .split('\n')
        .some((line) => line.includes('▌') && line.includes(`  ${label} `))
    )
      return;
    await screen.send(DOWN);
  }
  throw new Error(`no field ${label}:\n${screen.text()}`);
}

export const steps = (from: number, to: number, more: (step: number) => object = () => ({})) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    event: 'step',
    step: from + index,
    steps: 200,
    eta: 90,
    loss: 3 - (from + index) / 100,
    learning_rate: 1e-3,
    tokens_per_s: 250,
    ...more(from + index),
  }));

export const TRAINED = {
  type: 'event' as const,
  event: {
    ...{ event: 'preflight' as const, t: 1, split: 'train', rows: 100, used: 97, dropped: 3 },
    why: [
      { id: 'a', reason: 'longer than max_length' },
      { id: 'b', reason: 'longer than max_length' },
      { id: 'c', reason: 'no user turn' },
    ],
    ...{ tokens: { p50: 400, p95: 900, max: 1090 }, cut: 0.02, trained_tokens: 12_000 },
    ...{ example: '<|im_start|>assistant\n⟦my week was bad⟧', template_sha256: 'f'.repeat(64) },
  },
};
export const MEMORY = {
  type: 'event' as const,
  event: { event: 'memory' as const, t: 1, estimate_bytes: 2.1e9, available_bytes: 16e9, device: 'cpu' },
};
