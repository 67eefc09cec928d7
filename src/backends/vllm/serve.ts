import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { FoilError } from '../../core/errors.ts';
import type { Clock, Ports } from '../../core/ports.ts';
import type { Job, JobHandle, JobReport, Launcher } from '../../core/stage/launcher.ts';
import { withLock } from '../store/disk.ts';
import { checkExtra, SERVE_ENV, serveCommand } from './command.ts';
import { adapterSource, prepareFolder } from './folder.ts';
import { readVllm, removeVllm, type VllmState, vllmFiles, writeVllm } from './state.ts';

export interface StartOptions {
  readonly workspace: string;
  readonly launcher: Launcher;
  /** Weights on the launcher's machine, and the name that cards give them. */
  readonly base: VllmState['base'];
  readonly models: readonly { readonly name: string; readonly dir: string }[];
  /** The chat template of the models: the one that they were trained with. */
  readonly template: string;
  /** What was asked for; the rest is Foil's choice, or that of the vLLM that runs. */
  readonly port?: number;
  readonly dtype?: VllmState['dtype'];
  readonly tensorParallel?: number;
  /** Further arguments for `vllm serve`. */
  readonly extra: readonly string[];
  readonly newId: Ports['newId'];
  readonly clock: Clock;
}

/** Whether a job in this state still has, or will have, a server. */
const LIVE: ReadonlySet<JobReport['state']> = new Set(['queued', 'running']);

/** How long vLLM has to end its workers and free the GPU. */
const GRACE_MS = 30_000;

/**
 * Starts the workspace's vLLM, or finds the one that was started before. Its job outlives this process; a call that was killed
 * at any point is taken up by the next one, and never starts a second server.
 * @throws FoilError `vllm-runs` if one runs with other settings, `unknown-job` if nobody can tell whether it does.
 */
export async function startVllm(
  options: StartOptions,
  signal: AbortSignal,
): Promise<{ state: VllmState; started: boolean }> {
  const { workspace, launcher } = options;
  checkExtra(options.extra);
  return await withLock(vllmFiles(workspace).state, async () => {
    const old = await readVllm(workspace);
    if (old) {
      checkLauncher(old, launcher);
      // taken over before it was known whether the launcher has it: the same id is never run twice
      const handle = old.handle ?? (await submit(workspace, launcher, old, signal));
      const report = await launcher.report(handle, signal);
      if (report.state === 'unknown') throw unknown(launcher, report);
      if (LIVE.has(report.state)) {
        checkSettings(old, options);
        return { state: { ...old, handle }, started: false };
      }
    }
    const state = await prepare(options, signal);
    await writeVllm(workspace, state);
    const handle = await submit(workspace, launcher, state, signal).catch(async (error: unknown) => {
      // it surely did not start, or the next call asks again with the same id
      if (error instanceof FoilError) await removeVllm(workspace);
      throw error;
    });
    return { state: { ...state, handle }, started: true };
  });
}

/** Ends the workspace's vLLM and forgets it; false if there is none. @throws FoilError if its machine cannot be asked. */
export async function stopVllm(workspace: string, launcher: Launcher, signal: AbortSignal): Promise<boolean> {
  return await withLock(vllmFiles(workspace).state, async () => {
    const state = await readVllm(workspace);
    if (!state) return false;
    checkLauncher(state, launcher);
    const handle = state.handle ?? (await submit(workspace, launcher, state, signal));
    const report = await launcher.report(handle, signal);
    if (report.state === 'unknown') throw unknown(launcher, report);
    if (LIVE.has(report.state)) await launcher.cancel(handle, GRACE_MS, signal);
    await removeVllm(workspace);
    return true;
  });
}

async function prepare(options: StartOptions, signal: AbortSignal): Promise<VllmState> {
  const { workspace, launcher, base, template } = options;
  const adapters = await Promise.all(options.models.map(({ name, dir }) => adapterSource(name, dir, signal)));
  const settings = {
    base,
    port: options.port ?? (await freePort(launcher)),
    dtype: options.dtype ?? 'float16',
    tensorParallel: options.tensorParallel ?? 1,
  } as const;
  // first, since it can refuse
  const argv = serveCommand(settings, adapters, binOf(launcher), options.extra);
  const id = options.newId('vllm');
  const token = randomBytes(32).toString('hex');
  await prepareFolder(workspace, id, { token, template, adapters });
  return {
    schema: 1,
    id,
    launcher: launcher.name,
    handle: null,
    argv,
    token,
    ...settings,
    models: adapters.map(({ name, path }) => ({ name, path })),
    started: options.clock.now().toISOString(),
    ready: null,
  };
}

async function submit(
  workspace: string,
  launcher: Launcher,
  state: VllmState,
  signal: AbortSignal,
): Promise<JobHandle> {
  const job: Job = {
    id: state.id,
    folder: vllmFiles(workspace).folder(state.id),
    argv: state.argv,
    env: SERVE_ENV,
    resources: { gpus: state.tensorParallel, cpus: null, memoryGb: null, hours: null },
    attempt: 1,
  };
  const handle = await launcher.submit(job, signal);
  await writeVllm(workspace, { ...state, handle });
  return handle;
}

/** `vllm` stands beside the Python that the launcher names. */
function binOf({ python }: Launcher): string | null {
  return python?.includes('/') ? python.slice(0, python.lastIndexOf('/')) || '/' : null;
}

/** A free port here; on another machine one that few programs use, since nobody can be asked before the job runs. */
async function freePort({ kind }: Launcher): Promise<number> {
  if (kind !== 'local') return 20_000 + (randomBytes(2).readUInt16BE() % 10_000);
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 8000));
    });
  });
}

function checkLauncher(state: VllmState, launcher: Launcher): void {
  if (state.launcher === launcher.name) return;
  throw new FoilError('vllm-runs', `this workspace has a vLLM on launcher ${state.launcher}, not ${launcher.name}`, {
    remedy: [`join it: --launcher ${state.launcher}`, 'or end it first: `foil serve --engine vllm --stop`'],
  });
}

function checkSettings(state: VllmState, wanted: StartOptions): void {
  const other = [
    wanted.port !== undefined && wanted.port !== state.port && `port ${state.port}`,
    wanted.base.path !== state.base.path && `base ${state.base.path}`,
    wanted.dtype !== undefined && wanted.dtype !== state.dtype && state.dtype,
    wanted.tensorParallel !== undefined &&
      wanted.tensorParallel !== state.tensorParallel &&
      `tensor-parallel ${state.tensorParallel}`,
    wanted.extra.some((arg) => !state.argv.includes(arg)) && 'other arguments',
  ].filter((part) => part !== false);
  if (other.length === 0) return;
  throw new FoilError('vllm-runs', `a vLLM runs for this workspace with ${other.join(', ')}`, {
    remedy: ['leave these options out to join it', 'or end it first: `foil serve --engine vllm --stop`'],
  });
}

function unknown({ name }: Launcher, report: JobReport): FoilError {
  const why = report.reason === null ? '' : `: ${report.reason}`;
  return new FoilError('unknown-job', `${name} does not say whether the vLLM of this workspace runs${why}`, {
    remedy: 'is its machine up and reachable? then repeat this',
  });
}
