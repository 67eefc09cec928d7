import type { Server } from 'node:http';
import { basename, dirname } from 'node:path';
import { serve } from '@hono/node-server';
import { FoilError } from '../../../core/errors.ts';
import { PROTOCOL } from '../protocol.ts';
import { ensurePrivateDir, removeState, writeState } from '../state.ts';
import { ENGINE_VERSION } from '../version.ts';
import { createApp } from './app.ts';
import { Engine } from './engine.ts';
import { Leases } from './leases.ts';
import { LlamaRuntime } from './llama.ts';
import type { ModelPort } from './runtime.ts';
import { ChatTemplate } from './template.ts';
import { ThreadGovernor } from './threads.ts';

export interface ServerOptions {
  readonly name: string;
  readonly model: string;
  readonly modelF16: string | null;
  readonly modelSha: string | null;
  readonly template: string;
  /** State file to write. */
  readonly state: string;
  readonly port: number;
  readonly threads: number;
  readonly fixedThreads: boolean;
  readonly slots: number;
  /** Tokens that prompt and reply share at most. */
  readonly context: number;
  /** Null: stays until it is stopped. */
  readonly graceMs: number | null;
  readonly token: string;
  readonly instance: string;
  readonly onIdle: () => void;
}

/** How long the first client may take to come, after the engine is ready. */
const FIRST_LEASE_MS = 30_000;

/**
 * Loads the model, listens on loopback, and writes the state file: in this order, so that a state file means a working engine.
 * @throws FoilError if the model, the template or the port cannot be used.
 */
export async function startEngineServer(options: ServerOptions): Promise<{ close(): Promise<void> }> {
  const governor = new ThreadGovernor(options.threads, options.fixedThreads);
  const runtime = await LlamaRuntime.start(governor).catch((cause: unknown) => {
    throw new FoilError('no-llama', `llama.cpp cannot be loaded: ${(cause as Error).message}`, {
      remedy: ['run `npm ci` again', 'this machine may have no prebuilt build: use a server of your own (foil.yaml)'],
      cause,
    });
  });
  const { modelF16 } = options;
  const engine = await Engine.start({
    name: options.name,
    template: await ChatTemplate.read(options.template),
    loadQ4: () => load(runtime, options.model),
    loadF16: modelF16 === null ? null : () => load(runtime, modelF16),
    modelSha: options.modelSha,
    slots: options.slots,
    context: options.context,
    threads: () => governor.threads,
  });
  const leases = new Leases({
    graceMs: options.graceMs,
    startMs: FIRST_LEASE_MS,
    busy: () => engine.requests.running > 0,
    onIdle: options.onIdle,
  });
  const health = { status: 'ok' as const, instance: options.instance, protocol: PROTOCOL, version: ENGINE_VERSION };
  const app = createApp({ engine, leases, token: options.token, health });
  const { server, port } = await listen(app.fetch, options.port);
  await ensurePrivateDir(dirname(options.state));
  await writeState(options.state, {
    pid: process.pid,
    port,
    token: options.token,
    instance: options.instance,
    protocol: PROTOCOL,
    version: ENGINE_VERSION,
    startedAt: new Date().toISOString(),
    modelSha: options.modelSha,
  });
  console.info(`ready: ${basename(options.model)} on 127.0.0.1:${port}`);
  return {
    async close() {
      leases.disarm();
      await removeState(options.state, options.instance);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function load(runtime: LlamaRuntime, file: string): Promise<ModelPort> {
  try {
    return await runtime.load(file);
  } catch (cause) {
    throw new FoilError('bad-model', `llama.cpp cannot load this model: ${(cause as Error).message}`, {
      where: { file },
      remedy: 'is it a whole GGUF file? `foil setup` checks and fetches the weights again',
      cause,
    });
  }
}

function listen(fetch: Parameters<typeof serve>[0]['fetch'], port: number): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: '127.0.0.1', port }, (info) =>
      resolve({ server, port: info.port }),
    ) as Server;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new FoilError('port-in-use', `port ${port} is in use`, {
          remedy: 'name another port, or none: the engine then takes a free one',
          cause: error,
        }),
      );
    });
  });
}
