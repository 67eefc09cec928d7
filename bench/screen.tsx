import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { FakePairStore, FakeSessionStore } from '../src/backends/fake/stores.ts';
import type { Ports } from '../src/core/ports.ts';
import { App } from '../src/ui/app.tsx';
import { Controller } from '../src/ui/control/controller.ts';
import type { Workbench } from '../src/ui/control/workbench.ts';
import { render } from '../src/ui/ink.ts';
import { makeTheme, ThemeContext } from '../src/ui/theme.ts';

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export const benchClock: Ports['clock'] = { now: () => new Date(), sleep: (ms) => pause(ms) };

/** A workbench without files and without an engine; a bench says what it works on. */
export function benchWorkbench(
  models: Ports['models'],
  parts: Pick<Workbench, 'open' | 'roles' | 'seats' | 'runs' | 'maxUserTurns'>,
): Workbench {
  let ids = 0;
  const newId = (prefix: string) => {
    ids += 1;
    return `${prefix}-${ids}`;
  };
  return {
    ports: { models, sessions: new FakeSessionStore(), pairs: new FakePairStore(), clock: benchClock, newId },
    loops: () => Promise.reject(new Error('this bench runs no loop')),
    evaluations: () => Promise.reject(new Error('this bench evaluates nothing')),
    writeEvaluation: () => Promise.reject(new Error('this bench evaluates nothing')),
    samples: () => Promise.reject(new Error('this bench labels nothing')),
    sittings: () => Promise.reject(new Error('this bench judges nothing')),
    chatbots: async () => [],
    workspace: 'bench',
    reviewer: 'bench',
    first: 'user',
    contextBudget: 15_000,
    alternatives: 8,
    onProblem: () => {},
    newSeed: () => 1,
    prepare: async (onState) => onState({ status: 'ready', detail: '' }),
    dump: async () => '',
    editText: async () => null,
    ...parts,
  };
}

/** The whole app in a terminal that only listens: `onWrite` gets what is written to it. */
export function openScreen(bench: Workbench, size: { columns: number; rows: number }, onWrite: (data: string) => void) {
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    ...size,
    write(data: string, encoding?: unknown, done?: () => void) {
      onWrite(data);
      const callback = typeof encoding === 'function' ? (encoding as () => void) : done;
      if (callback) queueMicrotask(callback);
      return true;
    },
  });
  const input: string[] = [];
  const self = () => stdin;
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: self,
    setEncoding: self,
    ref: self,
    unref: self,
    read: () => input.shift() ?? null,
  });
  const control = new Controller(bench, size);
  const app = render(
    <ThemeContext value={makeTheme(true)}>
      <App control={control} />
    </ThemeContext>,
    {
      stdout: stdout as unknown as NodeJS.WriteStream,
      stdin: stdin as unknown as NodeJS.ReadStream,
      interactive: true,
      exitOnCtrlC: false,
      alternateScreen: true,
      incrementalRendering: true,
      patchConsole: false,
      maxFps: 120,
    },
  );
  return {
    control,
    send(chunk: string) {
      input.push(chunk);
      stdin.emit('readable');
    },
    close() {
      control.stop();
      app.unmount();
      app.cleanup();
    },
  };
}

/** Runs `main` in a process of its own: React reads NODE_ENV when it is first imported, and in development it is slower. */
export async function inProduction(file: string, main: () => Promise<void>): Promise<void> {
  if (process.env['NODE_ENV'] === 'production') return await main();
  const env = { ...process.env, NODE_ENV: 'production', FORCE_COLOR: '1', CI: 'false' };
  const args = [...process.execArgv, file, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
}
