import { EventEmitter } from 'node:events';
import { Terminal } from '@xterm/headless';
import type { ReactNode } from 'react';
import { graphemes } from '../../src/core/text/wrap.ts';
import { render } from '../../src/ui/ink.ts';

export interface Screen {
  /** One chunk of input, as a terminal would send it. */
  send(chunk: string): Promise<void>;
  /** The text key by key, with time for a frame after each. */
  type(text: string): Promise<void>;
  /** The text as a bracketed paste. */
  paste(text: string): Promise<void>;
  waitFor(what: string | RegExp | ((text: string) => boolean), timeout?: number): Promise<string>;
  /** What is visible now: `rows` lines without trailing spaces. */
  text(): string;
  line(index: number): string;
  cursor(): { x: number; y: number };
  resize(columns: number, rows: number): Promise<void>;
  /** Lets pending frames and writes finish. */
  settle(): Promise<void>;
  /** Bytes written to the terminal so far. */
  bytes(): number;
  /** All that was written, for checks on raw output. */
  raw(): string;
  rerender(node: ReactNode): Promise<void>;
  unmount(): void;
}

/**
 * Renders into a terminal emulator, as Foil runs in a real one (alternate screen, incremental rendering), so that tests
 * assert what a person would see and not which bytes made it so.
 */
export async function renderScreen(node: ReactNode, size: { columns?: number; rows?: number } = {}): Promise<Screen> {
  const columns = size.columns ?? 80;
  const rows = size.rows ?? 24;
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  let raw = '';
  let pendingWrites = 0;

  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    columns,
    rows,
    write(data: string, encoding?: unknown, done?: () => void): boolean {
      raw += data;
      pendingWrites += 1;
      terminal.write(data, () => {
        pendingWrites -= 1;
      });
      const callback = typeof encoding === 'function' ? (encoding as () => void) : done;
      if (callback) queueMicrotask(callback);
      return true;
    },
  });
  const input: string[] = [];
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: () => stdin,
    setEncoding: () => stdin,
    ref: () => stdin,
    unref: () => stdin,
    resume: () => stdin,
    pause: () => stdin,
    read: () => input.shift() ?? null,
  });

  const app = render(node, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 120,
  });
  open.add(app);

  const settle = async (): Promise<void> => {
    await pause(12);
    await app.waitUntilRenderFlush();
    while (pendingWrites > 0) await pause(1);
  };
  const line = (index: number): string => {
    const buffer = terminal.buffer.active;
    return buffer.getLine(buffer.viewportY + index)?.translateToString(true) ?? '';
  };
  const text = (): string => Array.from({ length: terminal.rows }, (_, index) => line(index)).join('\n');
  const send = async (chunk: string): Promise<void> => {
    input.push(chunk);
    stdin.emit('readable');
    await settle();
  };
  await settle();

  return {
    send,
    async type(typed) {
      for (const key of graphemes(typed)) await send(key === '\n' ? '\r' : key);
    },
    paste: (pasted) => send(`\x1b[200~${pasted}\x1b[201~`),
    async waitFor(what, timeout = 5_000) {
      const holds = (shown: string): boolean =>
        typeof what === 'string' ? shown.includes(what) : what instanceof RegExp ? what.test(shown) : what(shown);
      const end = Date.now() + timeout;
      for (;;) {
        await settle();
        const shown = text();
        if (holds(shown)) return shown;
        if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${String(what)}; the screen shows:\n${shown}`);
      }
    },
    text,
    line,
    cursor: () => ({ x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY }),
    async resize(newColumns, newRows) {
      terminal.resize(newColumns, newRows);
      Object.assign(stdout, { columns: newColumns, rows: newRows });
      stdout.emit('resize');
      await settle();
    },
    settle,
    bytes: () => Buffer.byteLength(raw),
    raw: () => raw,
    async rerender(next) {
      app.rerender(next);
      await settle();
    },
    unmount() {
      open.delete(app);
      app.unmount();
      app.cleanup();
      terminal.dispose();
    },
  };
}

const open = new Set<{ unmount(): void }>();

/** Unmounts what a failed test left mounted; call it in `afterEach`. */
export function closeScreens(): void {
  for (const app of open) app.unmount();
  open.clear();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
