import { unwatchFile, watchFile } from 'node:fs';
import { FoilError } from '../../core/errors.ts';
import { readAdapter } from '../registry/cards.ts';
import type { EngineSource, RunningEngine } from '../registry/engine-source.ts';
import { GONE, VllmClient } from './client.ts';
import { adapterSource, placeAdapter } from './folder.ts';
import { readVllm, type VllmState, vllmFiles } from './state.ts';

/** The name of a workspace's vLLM where models are listed. */
const NAME = 'vllm';
const WATCH_MS = 1000;

/**
 * The engine of a workspace: its vLLM from when that first answered until it is ended with `--stop`, else `embedded`. One that
 * died is an error, not a reason to score with another engine unnoticed.
 */
export function workspaceEngine(workspace: string, embedded: EngineSource): EngineSource {
  return {
    async place() {
      return (await readVllm(workspace))?.ready ? NAME : await embedded.place();
    },
    async connect(signal) {
      const state = await readVllm(workspace);
      return state?.ready ? await connect(workspace, state, state.ready, signal) : await embedded.connect(signal);
    },
  };
}

async function connect(
  workspace: string,
  state: VllmState,
  { version, window }: NonNullable<VllmState['ready']>,
  signal: AbortSignal,
): Promise<RunningEngine> {
  const client = new VllmClient(state);
  await client.models(signal);
  const watch = watchState(workspace, state.id);
  return {
    endpoint: {
      server: 'vLLM',
      baseURL: client.baseURL,
      key: state.token,
      keyName: null,
      // a queue of many requests is no silence of a server that is gone
      timeoutMs: 600_000,
      dialect: 'vllm',
      own: false,
      remedy: GONE,
    },
    base: state.base.name,
    version,
    window,
    scorer: `vllm ${version} ${state.dtype}`,
    closed: watch.closed,
    load: (name, dir, abort) => loadVllmAdapter(workspace, state, name, dir, abort),
    async close() {
      watch.stop();
    },
  };
}

/** Serves an adapter under its name: at once if these very weights are loaded, else from a copy in the job's folder. */
export async function loadVllmAdapter(
  workspace: string,
  state: VllmState,
  name: string,
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  const { card } = await readAdapter(dir);
  const client = new VllmClient(state);
  checkBase(name, card.base.name, state);
  const source = await adapterSource(name, dir, signal);
  const loaded = (await client.models(signal)).find(({ id }) => id === name);
  if (loaded?.root === source.path) return;
  const folder = vllmFiles(workspace).folder(state.id);
  if (!sharesFolder(state, folder)) throw elsewhere(name, state);
  await placeAdapter(folder, source);
  await client.load(name, source.path, loaded !== undefined, signal);
}

/** @throws FoilError `other-base`: an adapter does nothing sensible on another base, whether or not its shapes fit. */
function checkBase(name: string, base: string, state: Pick<VllmState, 'base'>): void {
  if (base === state.base.name) return;
  throw new FoilError('other-base', `${name} is an adapter of ${base}, but vLLM serves ${state.base.name}`, {
    remedy: 'start vLLM with that base: `foil serve --engine vllm --stop`, then with --base PATH',
  });
}

/** Whether what is put into the job's folder here is there on its machine too. */
function sharesFolder({ handle }: VllmState, folder: string): boolean {
  return handle !== null && handle.folder === folder && (handle.kind === 'local' || handle.kind === 'slurm');
}

function elsewhere(name: string, { launcher }: VllmState): FoilError {
  return new FoilError('adapter-elsewhere', `${name} is not on the machine of vLLM (launcher ${launcher})`, {
    remedy: [
      'files reach it only when it starts: `foil serve --engine vllm --stop`',
      `then \`foil serve --engine vllm --launcher ${launcher} --model ${name}\` with the other models`,
    ],
  });
}

/** `closed` resolves when the workspace has another vLLM, or none: who holds a connection must ask anew. */
function watchState(workspace: string, id: string): { closed: Promise<void>; stop: () => void } {
  const file = vllmFiles(workspace).state;
  let stop: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    const check = () => {
      readVllm(workspace).then(
        (state) => {
          if (state?.id !== id) stop();
        },
        () => stop(),
      );
    };
    stop = () => {
      unwatchFile(file, check);
      resolve();
    };
    watchFile(file, { interval: WATCH_MS, persistent: false }, check);
  });
  return { closed, stop };
}
