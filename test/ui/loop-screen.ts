import type { LoopPorts } from '../../src/core/workflows/loop/types.ts';
import type { Controller } from '../../src/ui/control/controller.ts';
import { Disk, processOn } from '../core/loop/world.ts';
import { ESC, openApp, SMALL } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import type { Screen } from './terminal.ts';

export const F7 = `${ESC}[18~`;
export const LEFT = `${ESC}[D`;

/** What a test holds back, so that a stage is seen while it runs. */
export interface Holds {
  /** Chatbots are not there before this is called, and no session begins. */
  release(): void;
  /** Whether training jobs end by themselves. */
  train: boolean;
}

export interface OpenedLoop {
  readonly screen: Screen;
  readonly control: Controller;
  readonly disk: Disk;
  readonly ports: LoopPorts;
  readonly holds: Holds;
}

/** A bench over the disk of a loop: a process of its own for the screen. */
export function loopBench(disk: Disk, held: { simulate?: boolean; train?: boolean } = {}) {
  const { ports: base } = processOn(disk);
  const open = Promise.withResolvers<void>();
  const holds: Holds = { release: () => open.resolve(), train: held.train !== true };
  if (!held.simulate) open.resolve();
  const clock = {
    now: () => new Date(disk.time),
    async sleep(_: number, signal: AbortSignal) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      signal.throwIfAborted();
      disk.time += 1000;
      if (holds.train) disk.work();
    },
  };
  const ports: LoopPorts = {
    ...base,
    clock,
    runs: { ...base.runs, clock },
    async chatbots(names, signal) {
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      await Promise.race([open.promise, stopped]);
      return await base.chatbots(names, signal);
    },
  };
  const bench = fakeBench();
  const own = { ...bench.ports, sessions: disk.sessions, pairs: disk.pairs };
  return {
    bench: { ...bench, ports: own, loops: async () => ports, runs: async () => ports.runs },
    ports,
    holds,
  };
}

/** The Loop screen over a disk with the loop `demo`, whose gate is a person's unless it says otherwise. */
export async function startLoop(
  changes: Record<string, unknown> = {},
  {
    size = SMALL,
    disk: given,
    ...held
  }: { size?: typeof SMALL; disk?: Disk; simulate?: boolean; train?: boolean } = {},
): Promise<OpenedLoop> {
  const disk = given ?? (await Disk.make({ review: { by: 'person' }, ...changes }));
  const { bench, ports, holds } = loopBench(disk, held);
  const { screen, control } = await openApp(bench, size);
  await screen.send(F7);
  await screen.waitFor(/Loop ─ demo.*(next|done|runs)/u);
  return { screen, control, disk, ports, holds };
}
