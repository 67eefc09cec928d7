import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { userDirs } from '../backends/setup/dirs.ts';
import { FoilError, formatError, isAbort } from '../core/errors.ts';
import type { Output } from './output.ts';

/** Exit codes of every command (design 7). */
export const EXIT = { done: 0, failed: 1, usage: 2, cancelled: 130 } as const;

/**
 * The one place that prints errors. A FoilError says what is wrong, where, and what to do; anything else is a bug of
 * ours, whose stack goes to the log file, or to stderr with FOIL_DEBUG=1. Returns the exit code.
 */
export function reportFailure(error: unknown, out: Output, env: NodeJS.ProcessEnv): number {
  out.progress(null);
  if (isAbort(error)) {
    out.event({ event: 'error', code: 'cancelled', message: 'cancelled' });
    out.notice('cancelled');
    return EXIT.cancelled;
  }
  if (error instanceof FoilError) {
    const { code, message, where, remedy } = error;
    out.event({ event: 'error', code, message, ...(where && { where }), remedy });
    out.notice(`foil: ${formatError(error)}`);
    if (env['FOIL_DEBUG'] === '1' && error.cause) out.notice(inspect(error.cause));
    return code === 'usage' ? EXIT.usage : EXIT.failed;
  }
  const message = error instanceof Error ? error.message : String(error);
  const debug = env['FOIL_DEBUG'] === '1';
  const log = debug ? null : logBug(error);
  out.event({ event: 'error', code: 'bug', message, ...(log && { log }) });
  out.notice(`foil: unexpected error, a bug in Foil: ${message}`);
  if (debug) out.notice(inspect(error));
  else out.notice(log ? `  → the details are in ${log}` : '  → run it again with FOIL_DEBUG=1 for the details');
  return EXIT.failed;
}

function logBug(error: unknown): string | null {
  const { log } = userDirs();
  const file = join(log, 'foil.log');
  try {
    mkdirSync(log, { recursive: true });
    appendFileSync(file, `${new Date().toISOString()} ${process.argv.slice(2, 3).join(' ')}\n${inspect(error)}\n\n`);
    return file;
  } catch {
    // the error that brought us here matters more than the log
    return null;
  }
}
