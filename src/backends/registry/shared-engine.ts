import type { Endpoint } from '../openai/client.ts';
import type { EngineSource, RunningEngine } from './engine-source.ts';

interface Connection {
  readonly engine: Promise<RunningEngine>;
  readonly controller: AbortController;
  /** Callers that still wait for it. */
  waiting: number;
  started: boolean;
}

/** One engine for all who ask. Whoever stops waiting stops nothing for the others; when nobody waits, its start ends. */
export class SharedEngine {
  private readonly source: EngineSource;
  private current: Connection | null = null;
  /** Where the engine that came last is. */
  private newest: Endpoint | null = null;
  /** Folders of the adapters that were loaded, by name: the successor of an engine that died loads them too. */
  private readonly loaded = new Map<string, string>();

  constructor(source: EngineSource) {
    this.source = source;
  }

  /** The engine that runs, or a new one if there is none or it died. Rejects with the signal's reason. */
  async get(signal: AbortSignal): Promise<RunningEngine> {
    signal.throwIfAborted();
    this.current ??= this.connect();
    const connection = this.current;
    connection.waiting += 1;
    try {
      return await orAbort(connection.engine, signal);
    } finally {
      connection.waiting -= 1;
      if (connection.waiting === 0 && !connection.started) {
        connection.controller.abort();
        this.forget(connection);
      }
    }
  }

  /** Gives the engine back, or ends its start. */
  async close(): Promise<void> {
    const connection = this.current;
    if (!connection) return;
    this.current = null;
    connection.controller.abort();
    await (await connection.engine.catch(() => null))?.close();
  }

  private connect(): Connection {
    const controller = new AbortController();
    const connection: Connection = {
      engine: this.source.connect(controller.signal).then((engine) => this.lasting(engine)),
      controller,
      waiting: 0,
      started: false,
    };
    connection.engine.then(
      (engine) => {
        connection.started = true;
        // It came although nobody wants it any more.
        if (controller.signal.aborted) void engine.close();
        void engine.closed.then(() => this.forget(connection));
      },
      () => this.forget(connection),
    );
    return connection;
  }

  /** An engine of our own whose endpoint outlives it: whoever holds a model of it asks its successor after `renew`. */
  private lasting(engine: RunningEngine): RunningEngine {
    const { endpoint } = engine;
    if (!endpoint.own) return engine;
    this.newest = endpoint;
    const newest = () => this.newest ?? endpoint;
    return {
      ...engine,
      endpoint: {
        ...endpoint,
        get baseURL() {
          return newest().baseURL;
        },
        get key() {
          return newest().key;
        },
        renew: async (signal) => {
          const next = await this.get(signal);
          for (const [name, dir] of this.loaded) await next.load(name, dir, signal);
        },
      },
      load: async (name, dir, signal) => {
        await engine.load(name, dir, signal);
        this.loaded.set(name, dir);
      },
    };
  }

  private forget(connection: Connection): void {
    if (this.current === connection) this.current = null;
  }
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
