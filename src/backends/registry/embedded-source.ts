import { join } from 'node:path';
import { EMBEDDED, type FoilConfig } from '../config/schema.ts';
import { connectEngine, ensureWeights, type WeightsProgress } from '../embedded/index.ts';
import { installRoot } from '../setup/root.ts';
import type { EngineSource, RunningEngine } from './engine-source.ts';

/** What is done to have an engine, for whoever shows it. */
export type EngineStep =
  | { readonly kind: 'weights'; readonly progress: WeightsProgress }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready' };

/**
 * The engine computes one step at a time, so more requests at once make no more tokens; they only fill the pauses in which a session is
 * stored and the next request made. Two sessions need four of its six caches, one for each side, so that every prefix is found
 * again; with four sessions it would not be.
 */
const AT_ONCE = 2;

/** The embedded engine of this machine: weights first, then an engine that runs or a fresh one. */
export function embeddedSource(config: FoilConfig, onStep: (step: EngineStep) => void): EngineSource {
  return {
    place: async () => EMBEDDED,
    async connect(signal): Promise<RunningEngine> {
      const fetching = ensureWeights({ ...(config.engine.gguf ? { path: config.engine.gguf } : {}), signal });
      let weights = await fetching.next();
      while (!weights.done) {
        onStep({ kind: 'weights', progress: weights.value });
        weights = await fetching.next();
      }
      onStep({ kind: 'starting' });
      const engine = await connectEngine({
        ...weights.value,
        template: join(installRoot(), 'models', 'chatml.jinja'),
        ...(config.engine.threads === undefined ? {} : { threads: config.engine.threads }),
        signal,
      });
      onStep({ kind: 'ready' });
      return {
        endpoint: {
          server: 'the embedded engine',
          baseURL: engine.baseURL,
          key: engine.token,
          keyName: null,
          // A long prompt on a slow machine takes minutes, and a dropped request stops computing anyway.
          timeoutMs: 600_000,
          dialect: 'vllm',
          atOnce: AT_ONCE,
          own: true,
          keepsReplies: config.engine.keep_replies,
        },
        base: engine.info.base,
        version: engine.info.version,
        scorer: `embedded ${engine.info.version} f16`,
        window: engine.info.window,
        closed: engine.closed,
        load: (name, dir, abort) => engine.loadAdapter(name, dir, abort),
        close: () => engine.close(),
      };
    },
  };
}
