import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import lockfile from 'proper-lockfile';
import { FoilError } from '../../core/errors.ts';
import { type Lease, openLease } from './lease.ts';
import { type EngineModelCard, type EngineState, healthSchema, modelListSchema, PROTOCOL } from './protocol.ts';
import { spawnEngine } from './spawn.ts';
import { type EngineFiles, engineFiles, ensurePrivateDir, readState } from './state.ts';

export interface ConnectOptions {
  /** Base weights for generation and, as F16, for discriminators: what `ensureWeights` returns. */
  readonly q4: string;
  readonly f16?: string;
  /** sha256 of `q4` if it is known; adapters of another base are then refused. */
  readonly modelSha?: string;
  /** Chat template of the base itself; adapters bring their own. */
  readonly template: string;
  /** Where state, lock and log stand; the user's cache by default. */
  readonly dir?: string;
  /** A free port by default. */
  readonly port?: number;
  /**
   * The next four tell a new engine what to be; an engine that runs already stays as it is. Fixed number of threads; by default
   * the engine times its steps and chooses between one and all cores, for single tokens and for batches apart.
   */
  readonly threads?: number;
  /** KV caches kept at once (default 6). */
  readonly slots?: number;
  /** Tokens that prompt and reply share at most (default: what the model was trained for, 8192). */
  readonly context?: number;
  /** How long the engine outlives its last client (default 3000 ms). */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

export interface EngineInfo {
  readonly pid: number;
  readonly port: number;
  readonly version: string;
  readonly startedAt: string;
  /** Whether this call started it. */
  readonly started: boolean;
  /** Name of the base model. */
  readonly base: string;
  /** Tokens that prompt and reply share. */
  readonly window: number;
  readonly log: string;
}

export interface EngineHandle {
  /** For the `openai` package: http://127.0.0.1:PORT/v1 */
  readonly baseURL: string;
  readonly token: string;
  readonly info: EngineInfo;
  /** Resolves when the engine is gone or `close` was called. */
  readonly closed: Promise<void>;
  /** Loads an adapter's folder under a name. @throws FoilError with the engine's reason. */
  loadAdapter(name: string, dir: string, signal?: AbortSignal): Promise<void>;
  models(): Promise<EngineModelCard[]>;
  /** Gives the lease back; the engine ends if it was the last. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/**
 * Joins the engine that serves this base model on this machine, or starts one, and holds a lease on it until `close` or the end
 * of this process.
 * @throws FoilError if it cannot start (bad weights, port in use, ...), the signal's reason if aborted.
 */
export async function connectEngine(options: ConnectOptions): Promise<EngineHandle> {
  const dir = options.dir ?? join(envPaths('foil', { suffix: '' }).cache, 'engine');
  const files = engineFiles(
    dir,
    options.q4,
    JSON.stringify([options.f16 && resolve(options.f16), resolve(options.template), options.context]),
  );
  await ensurePrivateDir(dir);
  const release = await lock(files, options.signal);
  try {
    const found = await joinEngine(files);
    if (found) {
      if (options.port && options.port !== found.state.port) throw otherPort(found, options.port);
      return await handleOf(found.state, found.lease, files, false);
    }
    const { state, lease } = await startEngine(files, options);
    return await handleOf(state, lease, files, true);
  } finally {
    await release().catch(() => undefined);
  }
}

function otherPort(found: { state: EngineState; lease: Lease }, port: number): FoilError {
  found.lease.close();
  return new FoilError(
    'engine-running',
    `an engine for this model runs already, on port ${found.state.port} and not ${port}`,
    {
      remedy: ['leave the port out to share that engine', `or end it first: kill ${found.state.pid}`],
    },
  );
}

/** One starter at a time: two foils that open together share one engine. */
async function lock(files: EngineFiles, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(files.state, {
        realpath: false,
        stale: 15_000,
        update: 3000,
        onCompromised: () => undefined,
      });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error;
      if (Date.now() > deadline) {
        throw new FoilError('engine-locked', 'another foil has been starting the engine for two minutes', {
          where: { file: `${files.state}.lock` },
          remedy: 'if no other foil runs, delete that folder',
        });
      }
      await sleep(100);
    }
  }
}

/** The engine that the state file speaks of, if it lives and is the one that wrote it. */
async function joinEngine(files: EngineFiles): Promise<{ state: EngineState; lease: Lease } | null> {
  const state = await readState(files.state);
  if (!state) return null;
  try {
    const answer = await fetch(`http://127.0.0.1:${state.port}/health`, { signal: AbortSignal.timeout(10_000) });
    const health = healthSchema.parse(await answer.json());
    if (health.instance !== state.instance || health.protocol !== PROTOCOL) return null;
    // the engine may be about to end; with the lease in hand it will not
    return { state, lease: await openLease(state) };
  } catch {
    return null;
  }
}

async function startEngine(files: EngineFiles, options: ConnectOptions): Promise<{ state: EngineState; lease: Lease }> {
  const child = spawnEngine(files, [
    ...['--model', resolve(options.q4), '--template', resolve(options.template), '--port', String(options.port ?? 0)],
    ...(options.f16 === undefined ? [] : ['--model-f16', resolve(options.f16)]),
    ...(options.modelSha === undefined ? [] : ['--model-sha', options.modelSha]),
    ...(options.threads === undefined ? [] : ['--threads', String(options.threads)]),
    ...(options.slots === undefined ? [] : ['--slots', String(options.slots)]),
    ...(options.context === undefined ? [] : ['--context', String(options.context)]),
    ...(options.graceMs === undefined ? [] : ['--grace', String(options.graceMs)]),
  ]);
  let failure: FoilError | null = null;
  void child.failed.then((error) => {
    failure = error;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  try {
    for (;;) {
      const state = await readState(files.state);
      if (state && state.pid === child.pid) return { state, lease: await openLease(state) };
      if (failure) throw failure;
      options.signal?.throwIfAborted();
      if (Date.now() > deadline) {
        throw new FoilError('engine-start', 'the engine was not ready after two minutes', {
          where: { file: files.log },
          remedy: 'read that log; is the machine very busy?',
        });
      }
      await sleep(40);
    }
  } catch (error) {
    if (!failure) kill(child.pid);
    throw error;
  }
}

async function handleOf(state: EngineState, lease: Lease, files: EngineFiles, started: boolean): Promise<EngineHandle> {
  const base = `http://127.0.0.1:${state.port}`;
  const headers = { authorization: `Bearer ${state.token}`, 'content-type': 'application/json' };
  const models = async (): Promise<EngineModelCard[]> => {
    const answer = await fetch(`${base}/v1/models`, { headers });
    return modelListSchema.parse(await answer.json()).data;
  };
  const first = (await models())[0];
  return {
    baseURL: `${base}/v1`,
    token: state.token,
    info: {
      pid: state.pid,
      port: state.port,
      version: state.version,
      startedAt: state.startedAt,
      started,
      base: first?.id ?? '',
      window: first?.max_model_len ?? 0,
      log: files.log,
    },
    closed: lease.closed,
    async loadAdapter(name, dir, signal) {
      const body = JSON.stringify({ lora_name: name, lora_path: resolve(dir) });
      const answer = await fetch(`${base}/v1/load_lora_adapter`, {
        method: 'POST',
        headers,
        body,
        signal: signal ?? null,
      });
      if (!answer.ok) throw await refusal(answer, name);
    },
    models,
    async close() {
      lease.close();
      await lease.closed;
    },
  };
}

async function refusal(answer: Response, name: string): Promise<FoilError> {
  const body = (await answer.json().catch(() => null)) as { error?: { message?: string; code?: string | null } } | null;
  return new FoilError(
    body?.error?.code ?? 'engine-refused',
    `${name}: ${body?.error?.message ?? `HTTP ${answer.status}`}`,
  );
}

function kill(pid: number | undefined): void {
  // 0 and negative numbers would mean whole groups of processes
  if (pid === undefined || pid <= 0) return;
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it ended meanwhile
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
