import { FoilError } from '../../core/errors.ts';
import { type FailedEvent, parseStageEvent } from '../../core/stage/events.ts';
import type { TrainerEvent } from '../../core/stage/ports.ts';
import { safeText } from '../../core/text/safe.ts';
import { buildTrainEnv } from '../setup/build-env.ts';
import { findTrainEnv } from '../setup/train-env.ts';

/** The interpreter of the environment that `foil setup train` builds; built now, behind what it tells, where it is missing. */
export async function* trainPython(signal: AbortSignal): AsyncGenerator<TrainerEvent, string> {
  const ready = await findTrainEnv();
  if (ready) return ready.executable;
  yield { type: 'step', text: 'building the Python environment' };
  const build = buildTrainEnv({ device: 'auto' }, signal);
  for (;;) {
    const next = await build.next();
    if (next.done) return next.value.executable;
    const event = next.value;
    if (event.type === 'step') yield { type: 'step', text: `Python [${event.index}/${event.of}] ${event.title}` };
    else yield { type: event.type, text: event.text };
  }
}

const TAIL_LINES = 12;

/**
 * Runs a stage on this machine to its end, passing on its events and what else it prints. @throws FoilError with what the
 * stage says is wrong.
 */
export async function* runStage(
  argv: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  signal: AbortSignal,
): AsyncGenerator<TrainerEvent, void> {
  const { execa } = await import('execa');
  const [file = '', ...args] = argv;
  const child = execa(file, args, {
    ...options,
    all: true,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: 5000,
  });
  const tail: string[] = [];
  let failed: FailedEvent | null = null;
  for await (const raw of child.iterable({ from: 'all' })) {
    const event = raw.startsWith('{') ? parseStageEvent(raw) : null;
    if (event) {
      if (event.event === 'failed') failed = event;
      yield { type: 'event', event };
      continue;
    }
    const text = safeText(raw);
    tail.push(text);
    if (tail.length > TAIL_LINES) tail.shift();
    yield { type: 'line', text };
  }
  const { exitCode, originalMessage } = await child;
  signal.throwIfAborted();
  if (exitCode === 0) return;
  if (failed) {
    throw new FoilError(
      failed.kind,
      safeText(failed.message),
      failed.remedy ? { remedy: safeText(failed.remedy) } : {},
    );
  }
  const last = tail.findLast((line) => line.trim() !== '') ?? originalMessage ?? `it ended with code ${exitCode}`;
  throw new FoilError('stage-failed', last.replace(/^foil_train: /u, ''), {
    where: { file: options.cwd },
    ...(tail.length > 1 ? { cause: new Error(tail.join('\n')) } : {}),
  });
}
