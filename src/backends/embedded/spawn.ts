import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import type { EngineFiles } from './state.ts';

/** A started engine process; `failed` resolves (never rejects) with the reason if it ends. */
export interface EngineProcess {
  /** Undefined if it could not even be started. */
  readonly pid: number | undefined;
  readonly failed: Promise<FoilError>;
}

/** Command that runs the engine: the bundle beside ours, or the source through tsx in a development run. */
function engineCommand(): { command: string; args: string[] } {
  if (!import.meta.url.endsWith('.ts')) {
    return { command: process.execPath, args: [fileURLToPath(new URL('./engine.js', import.meta.url))] };
  }
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return {
    command: process.execPath,
    args: ['--import', tsx, fileURLToPath(new URL('./server/main.ts', import.meta.url))],
  };
}

/** Starts an engine that outlives us if others lease it; its output goes to the log file. */
export function spawnEngine(files: EngineFiles, args: readonly string[]): EngineProcess {
  const { command, args: first } = engineCommand();
  // truncated at each start: the log is of this engine, and never grows for long
  const log = openSync(files.log, 'w', 0o600);
  try {
    const child = spawn(command, [...first, ...args, '--state', files.state], {
      detached: true,
      // not the user's folder, which it may outlive
      cwd: files.dir,
      stdio: ['ignore', log, log],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    child.unref();
    const failed = new Promise<FoilError>((resolve) => {
      child.on('error', (cause) =>
        resolve(new FoilError('engine-start', `cannot start the engine: ${cause.message}`, { cause })),
      );
      child.on('exit', (code, signal) => void startFailure(files, code, signal).then(resolve));
    });
    return { pid: child.pid, failed };
  } finally {
    closeSync(log);
  }
}

const lastWordSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.array(z.string()) }),
});

async function startFailure(files: EngineFiles, code: number | null, signal: string | null): Promise<FoilError> {
  const lines = (await readFile(files.log, 'utf8').catch(() => '')).trim().split('\n');
  try {
    const { error } = lastWordSchema.parse(JSON.parse(lines.at(-1) ?? ''));
    return new FoilError(error.code, error.message, { remedy: error.remedy });
  } catch {
    const how = signal ? `was killed by ${signal}` : `ended with code ${code}`;
    return new FoilError('engine-start', `the engine ${how} before it was ready`, {
      where: { file: files.log },
      remedy: [
        'read that log',
        ...(signal === 'SIGKILL' ? ['is there enough memory? the engine needs about 1 GB'] : []),
      ],
    });
  }
}
