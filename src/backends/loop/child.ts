import { constants, setPriority } from 'node:os';
import { execa } from 'execa';
import { z } from 'zod';
import { FoilError, isAbort } from '../../core/errors.ts';
import { LOOP_STAGES } from '../../core/workflows/loop/journal.ts';
import type { Extent, LoopEvent } from '../../core/workflows/loop/types.ts';

/** How long a process may take to stop by itself. */
const STOP_MS = 5000;

const errorSchema = z.looseObject({
  event: z.enum(['error', 'failed']),
  code: z.string(),
  message: z.string(),
  remedy: z.array(z.string()).default([]),
});
const lineSchema = z.looseObject({ event: z.string() });
const at = z.object({ iteration: z.number(), stage: z.enum(LOOP_STAGES) });
/** Events of a loop beside `failed`; this very program has written them, so of their parts only the name is asked. */
const KINDS: ReadonlySet<string> = new Set<Exclude<LoopEvent['type'], 'failed'>>([
  ...(['grid', 'begin', 'progress', 'notice', 'run', 'end', 'waiting', 'alarm', 'stopped'] as const),
]);

/**
 * `runLoop` in a process of its own, `foil loop run NAME --json`: hundreds of sessions at once keep one busy, and that one must
 * not be the one that a person types into. It ends with this process, whatever ends this one: its output has no reader then.
 * @param foil program and first arguments that run this Foil. @throws FoilError of that process, `loop-process` if it ended
 * without a word, or the signal's reason.
 */
export async function* runLoopApart(
  foil: readonly string[],
  workspace: string,
  name: string,
  extent: Extent,
  signal: AbortSignal,
): AsyncGenerator<LoopEvent, void> {
  signal.throwIfAborted();
  const [program = '', ...first] = foil;
  const args = [...first, '--workspace', workspace, '--json', 'loop', 'run', name, '--until', extent];
  const process = execa(program, args, {
    ...{ stdin: 'ignore', stderr: 'ignore', buffer: false, reject: false, forceKillAfterDelay: STOP_MS },
  });
  // Whoever types goes before whoever simulates. It may be gone by now, and what it said tells why.
  try {
    if (process.pid !== undefined) setPriority(process.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {}
  const stop = () => process.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  let said = false;
  try {
    for await (const line of process) {
      const event = eventOf(line);
      if (event instanceof FoilError) throw event;
      if (!event) continue;
      said ||= event.type === 'stopped';
      yield event;
    }
    signal.throwIfAborted();
    if (said) return;
    const { exitCode, signal: by } = await process;
    throw new FoilError('loop-process', `the process that ran ${name} ended (${by ?? `code ${exitCode}`})`, {
      remedy: `run it again, which goes on where it was; or see what it says: foil loop run ${name}`,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (isAbort(error)) throw new FoilError('loop-process', `the process that ran ${name} was stopped`);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    process.kill('SIGINT');
    await process;
  }
}

/** An event, the error that ended it, or null for a line that is about neither. */
function eventOf(line: unknown): LoopEvent | FoilError | null {
  const parsed = lineSchema.safeParse(parseOrNull(String(line)));
  if (!parsed.success) return null;
  const { event, ...rest } = parsed.data;
  const failure = errorSchema.safeParse(parsed.data);
  if (failure.success) {
    const { code, message, remedy } = failure.data;
    const error = new FoilError(code, message, { remedy });
    return event === 'error' ? error : { type: 'failed', ...at.parse(rest), error };
  }
  return KINDS.has(event) ? ({ type: event, ...rest } as unknown as LoopEvent) : null;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
