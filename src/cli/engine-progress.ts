import type { Weights } from '../backends/embedded/weights.ts';
import type { EngineStep } from '../backends/registry/embedded-source.ts';
import { formatBytes, formatDuration } from '../core/text/quantity.ts';
import type { Cli } from './cli.ts';
import type { ProgressNote } from './output.ts';

const PHASE = {
  fetch: 'fetching the base model',
  verify: 'checking the base model',
  unpack: 'unpacking the base model',
  'write-f16': 'writing its F16 form',
} as const;

/** What is done to have the embedded engine, how far, how long still; null when it is ready. */
export function engineNote(step: EngineStep): ProgressNote | null {
  if (step.kind === 'ready') return null;
  if (step.kind === 'starting') return { step: 'starting the engine', text: '' };
  const { phase, done, total, etaSeconds } = step.progress;
  const share = total === 0 ? 0 : Math.round((100 * done) / total);
  const left = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} left`;
  return { step: PHASE[phase], text: `${share}% of ${formatBytes(total)}${left}` };
}

/** Shows on stderr what is done to have the engine; what every command does unless it asks for the steps itself. */
export function showEngine(cli: Pick<Cli, 'out' | 'onEngineStep'>): void {
  cli.onEngineStep((step) => cli.out.progress(engineNote(step)));
}

/** The base weights, fetched behind a visible progress where they are missing. */
export async function ensureWeightsWithProgress(cli: Cli, gguf: string | undefined): Promise<Weights> {
  const { ensureWeights } = await import('../backends/embedded/weights.ts');
  const work = ensureWeights({ ...(gguf !== undefined && { path: gguf }), signal: cli.signal });
  while (true) {
    const next = await work.next();
    if (next.done) {
      cli.out.progress(null);
      return next.value;
    }
    cli.out.progress(engineNote({ kind: 'weights', progress: next.value }));
  }
}
