import type { FoilError } from '../../../core/errors.ts';
import { formatPlace } from '../../../core/errors.ts';

/** What one check found: one line, and for a warning or failure what mends it, a step a line. */
export interface Finding {
  /** Stable, for scripts: `weights`, `server.my-vllm`. */
  readonly id: string;
  readonly title: string;
  /** `warn`: missing or not as it could be, and Foil works without. `fail`: broken. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy: readonly string[];
  /** Mends it without losing anything; only where that is certain. Says what it did. */
  readonly fix?: () => Promise<string>;
}

/** Facts of the terminal that the command was started in. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Bits of colour, 1 for none. */
  readonly colours: number;
}

/** What the checks look at. */
export interface Patient {
  readonly workspace: string;
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: TerminalFacts;
  readonly signal: AbortSignal;
}

export function ok(id: string, title: string, detail: string): Finding {
  return { id, title, status: 'ok', detail, remedy: [] };
}

export function warn(id: string, title: string, detail: string, ...remedy: string[]): Finding {
  return { id, title, status: 'warn', detail, remedy };
}

export function fail(id: string, title: string, detail: string, ...remedy: string[]): Finding {
  return { id, title, status: 'fail', detail, remedy };
}

/** A FoilError as a finding: it has its own place and remedy. */
export function fromError(id: string, title: string, status: 'warn' | 'fail', error: FoilError): Finding {
  const place = formatPlace(error.where);
  return { id, title, status, detail: place ? `${place}: ${error.message}` : error.message, remedy: error.remedy };
}
