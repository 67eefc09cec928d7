import { join } from 'node:path';
import type { FoilConfig } from '../backends/config/schema.ts';
import type { EngineStep } from '../backends/registry/embedded-source.ts';
import type { Registry } from '../backends/registry/registry.ts';
import { installRoot } from '../backends/setup/root.ts';
import type { OpenPairStore } from '../backends/store/pair-store.ts';
import type { OpenSessionStore } from '../backends/store/session-store.ts';
import { newId, newSeed, systemClock } from '../backends/system.ts';
import type { FoilError } from '../core/errors.ts';
import type { Clock, Ports } from '../core/ports.ts';
import type { LiveSession } from '../core/session/schema.ts';
import type { RunPorts } from '../core/stage/ports.ts';
import type { EvaluatePorts } from '../core/workflows/evaluate/types.ts';
import type { LoopPorts } from '../core/workflows/loop/types.ts';
import { chooseRoles } from './roles.ts';

/** What commands work on. Each opens on first use, since most commands need few of them and each costs time. */
export interface Services {
  /** Absolute; holds sessions/, pairs/, models/ and foil.yaml. */
  readonly workspace: string;
  readonly clock: Clock;
  readonly newId: Ports['newId'];
  newSeed(): number;
  config(): Promise<FoilConfig>;
  /** Models of foil.yaml, of the workspace's models/ and of those that ship with Foil. */
  registry(): Promise<Registry>;
  /** The models that a new session starts with: foil.yaml's roles, else those that ship with Foil. */
  roles(): Promise<LiveSession['roles']>;
  sessions(): Promise<OpenSessionStore>;
  pairs(): Promise<OpenPairStore>;
  /** Training runs of the workspace. */
  runs(): Promise<RunPorts>;
  /** Adversarial loops of the workspace. */
  loops(): Promise<LoopPorts>;
  /** Evaluations of the workspace. */
  evaluations(): Promise<EvaluatePorts>;
  ports(): Promise<Ports>;
  /** Who is told what is done to have the embedded engine: the last one to ask. */
  onEngineStep(listener: (step: EngineStep) => void): void;
  /** Who is told of a line of the workspace that is skipped, for it broke off or says what cannot be: the last one to ask. */
  onProblem(listener: (problem: FoilError) => void): void;
  /** Closes what was opened; called for the command. */
  close(): Promise<void>;
}

export function openServices(workspace: string, env: NodeJS.ProcessEnv): Services {
  const closers: (() => Promise<void>)[] = [];
  let listener: (step: EngineStep) => void = () => {};
  let told: (problem: FoilError) => void = () => {};

  const config = once(async () => {
    const { loadConfig } = await import('../backends/config/load.ts');
    return await loadConfig(workspace);
  });
  const registry = once(async () => {
    const settings = await config();
    const { Registry } = await import('../backends/registry/registry.ts');
    const { embeddedSource } = await import('../backends/registry/embedded-source.ts');
    const { workspaceEngine } = await import('../backends/vllm/source.ts');
    const opened = new Registry({
      config: settings,
      modelDirs: [...new Set([join(installRoot(), 'models'), join(workspace, 'models')])],
      engine: workspaceEngine(
        workspace,
        embeddedSource(settings, (step) => listener(step)),
      ),
      env,
    });
    closers.push(() => opened.close());
    return opened;
  });
  const sessions = once(async () => {
    const { openSessionStore } = await import('../backends/store/session-store.ts');
    const store = await openSessionStore(join(workspace, 'sessions'));
    closers.push(() => store.close());
    return store;
  });
  const pairs = once(async () => {
    const { openPairStore } = await import('../backends/store/pair-store.ts');
    const store = openPairStore(join(workspace, 'pairs'), (problem) => told(problem));
    closers.push(() => store.close());
    return store;
  });

  const runs = once(async () => {
    const { openRuns } = await import('../backends/training/open.ts');
    const [settings, models] = [await config(), await registry()];
    const stores = { sessions, pairs };
    return openRuns({ workspace, config: settings, stores, models, clock: systemClock, newId, env });
  });
  const ports = once(async () => ({
    models: await registry(),
    sessions: await sessions(),
    pairs: await pairs(),
    clock: systemClock,
    newId,
  }));

  return {
    workspace,
    clock: systemClock,
    newId,
    newSeed,
    config,
    registry,
    roles: once(async () => chooseRoles((await config()).roles, await (await registry()).list())),
    sessions,
    pairs,
    runs,
    loops: once(async () => {
      const { openLoops } = await import('../backends/loop/open.ts');
      const onProblem = (problem: FoilError) => told(problem);
      return openLoops({
        ...{ workspace, config: await config(), ports: await ports(), runs: await runs(), onProblem },
        ...{ models: await registry(), sessions: await sessions(), foil: thisProgram() },
      });
    }),
    evaluations: once(async () => {
      const { openEvaluations } = await import('../backends/evaluate/open.ts');
      const onProblem = (problem: FoilError) => told(problem);
      return openEvaluations({
        workspace,
        config: await config(),
        ports: await ports(),
        models: await registry(),
        onProblem,
      });
    }),
    ports,
    onEngineStep: (next) => {
      listener = next;
    },
    onProblem: (next) => {
      told = next;
    },
    async close() {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

/** A failure is not kept: the next call tries again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}

/** What runs this Foil again: under tsx and in tests Node has arguments of its own. */
function thisProgram(): string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}
