import type { Endpoint } from '../openai/client.ts';

/** The engine of a workspace as the registry sees it, whoever started it: the embedded one, or the workspace's vLLM. */
export interface RunningEngine {
  readonly endpoint: Endpoint;
  /** Name of the base model on the engine. */
  readonly base: string;
  readonly version: string;
  /** Engine, version and precision as they stand beside a discriminator's score. */
  readonly scorer: string;
  /** Tokens that a prompt and its reply share. */
  readonly window: number;
  /** Resolves when the engine is gone. */
  readonly closed: Promise<void>;
  load(name: string, dir: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Gets an engine: joins one or starts one, after fetching weights where they are missing. */
export interface EngineSource {
  /** Name of the engine in lists of models. */
  place(): Promise<string>;
  connect(signal: AbortSignal): Promise<RunningEngine>;
}
