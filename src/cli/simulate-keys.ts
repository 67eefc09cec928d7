import { execFileSync } from 'node:child_process';
import type { SimulationControl } from '../core/workflows/simulate/control.ts';
import type { Cli } from './cli.ts';

/** What the progress line says of the keys. */
export function keysText(control: SimulationControl): string {
  if (control.finishing) return ' (stopping)';
  return control.paused ? ' (paused: p goes on, q stops)' : ' (p pauses, q stops)';
}

/**
 * Reads keys while a simulation runs: `p` pauses and goes on, `q` stops when what is out has come. Ctrl+C does what it does
 * without.
 * @returns null where nobody can press one: with --json, without a terminal on both sides, or in the background.
 */
export function listenToKeys({ json, around }: Cli, control: SimulationControl): { end(): void } | null {
  const { stdin, stderr } = around;
  if (json || !stdin.isTTY || !stderr.isTTY || !inForeground()) return null;
  const onData = (keys: Buffer | string): void => {
    for (const key of keys.toString()) {
      // In raw mode the terminal sends it as a character.
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else if (key === 'q') control.finish();
      else if (key === 'p' && control.paused) control.resume();
      else if (key === 'p') control.pause();
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onData).resume();
  return {
    end() {
      stdin.off('data', onData).pause();
      stdin.setRawMode(false);
    },
  };
}

/** A process in the background that touches the terminal is stopped by the system (SIGTTOU, SIGTTIN). */
function inForeground(): boolean {
  if (process.platform === 'win32') return true;
  try {
    // "+" says so, on Linux and macOS alike
    return execFileSync('ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' }).includes('+');
  } catch {
    return false;
  }
}
