import type { Writable } from 'node:stream';
import { safeText } from '../core/text/safe.ts';

/** Where a command writes: `process` for people and scripts, buffers for tests. */
export interface Streams {
  readonly stdout: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
}

/** One thing that happened, as `--json` prints it: `event` names the kind. */
export type JsonEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

/** What is under way: a change of `step` is always shown, `text` only now and then. */
export interface ProgressNote {
  readonly step: string;
  readonly text: string;
}

/**
 * All that a command says. With `--json`, stdout holds JSON lines and nothing else; progress and notices go to stderr in
 * both modes. Text for people passes through `safeText`, since a model or a file may have written it.
 */
export interface Output {
  readonly json: boolean;
  /** For programs: one line on stdout, only with `--json`. */
  event(event: JsonEvent): void;
  /** For people: a line of the result on stdout, only without `--json`. */
  line(text?: string): void;
  /** A part of a line, for replies that stream; only without `--json`. */
  write(text: string): void;
  /** A line on stderr, in both modes. */
  notice(text: string): void;
  /** Replaces the last progress on a terminal; elsewhere a line per step and every ten seconds. Null clears it. */
  progress(note: ProgressNote | null): void;
}

const TERMINAL_INTERVAL_MS = 100;
const LOG_INTERVAL_MS = 10_000;
const LOG_WIDTH = 160;

export function createOutput(streams: Streams, json: boolean): Output {
  const { stdout, stderr } = streams;
  let shown: { step: string; at: number } | null = null;

  const clear = () => {
    if (shown && stderr.isTTY) stderr.write('\r\x1b[K');
  };

  return {
    json,
    event(event) {
      if (json) stdout.write(`${JSON.stringify(event)}\n`);
    },
    line(text = '') {
      if (json) return;
      clear();
      stdout.write(`${safeText(text)}\n`);
    },
    write(text) {
      if (!json) stdout.write(safeText(text));
    },
    notice(text) {
      clear();
      stderr.write(`${safeText(text)}\n`);
    },
    progress(note) {
      if (note === null) {
        clear();
        shown = null;
        return;
      }
      const now = performance.now();
      const interval = stderr.isTTY ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
      if (shown && shown.step === note.step && now - shown.at < interval) return;
      clear();
      shown = { step: note.step, at: now };
      const text = safeText(`${note.step}  ${note.text}`).replaceAll('\n', ' ').trimEnd();
      // a line that wraps could not be erased again
      const width = stderr.isTTY ? Math.max(20, (stderr.columns ?? 80) - 1) : LOG_WIDTH;
      stderr.write(`${text.slice(0, width)}${stderr.isTTY ? '' : '\n'}`);
    },
  };
}
