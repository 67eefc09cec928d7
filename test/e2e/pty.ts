import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import { Terminal } from '@xterm/headless';

const FOIL = fileURLToPath(new URL('../../bin/foil.js', import.meta.url));

/** Foil in a real pseudo-terminal, seen through a terminal emulator. */
export interface PtyRun {
  send(text: string): Promise<void>;
  waitFor(what: string | RegExp, timeoutMs?: number): Promise<string>;
  text(): string;
  resize(columns: number, rows: number): void;
  kill(signal: string): void;
  readonly exited: Promise<number>;
}

export function runFoil(args: readonly string[], size = { columns: 100, rows: 30 }): PtyRun {
  const terminal = new Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
  const { CI: _, ...env } = process.env;
  const pty: IPty = spawn(process.execPath, [FOIL, ...args], {
    name: 'xterm-256color',
    cols: size.columns,
    rows: size.rows,
    env: { ...env, CI: 'false' } as Record<string, string>,
  });
  pty.onData((data) => terminal.write(data));
  const exited = new Promise<number>((resolve) => pty.onExit(({ exitCode }) => resolve(exitCode)));
  const text = () => {
    const buffer = terminal.buffer.active;
    return Array.from({ length: terminal.rows }, (_unused, row) =>
      (buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
    ).join('\n');
  };
  return {
    text,
    exited,
    async send(chunk) {
      // A key of its own: within 30 ms of other input, Enter counts as pasted and Esc as Alt.
      await new Promise((resolve) => setTimeout(resolve, 120));
      pty.write(chunk);
    },
    async waitFor(what, timeoutMs = 15_000) {
      const end = Date.now() + timeoutMs;
      for (;;) {
        const shown = text();
        if (typeof what === 'string' ? shown.includes(what) : what.test(shown)) return shown;
        if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}; the terminal shows:\n${shown}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    resize(columns, rows) {
      terminal.resize(columns, rows);
      pty.resize(columns, rows);
    },
    kill: (signal) => pty.kill(signal),
  };
}
