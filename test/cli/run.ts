import { PassThrough } from 'node:stream';
import { runCli } from '../../src/cli/cli.ts';

/** What a run of the command left: exit code, text on both streams, and the JSON lines of stdout. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: Record<string, unknown>[];
}

/** Runs `foil ARGS` in this process, in `cwd`. `events` is empty unless --json was given; a line that is no JSON throws. */
export async function foil(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const text = { stdout: '', stderr: '' };
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text.stdout += chunk;
  });
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text.stderr += chunk;
  });
  const code = await runCli(args, {
    stdout,
    stderr,
    stdin: process.stdin,
    cwd: options.cwd,
    env: options.env ?? process.env,
    signal: options.signal ?? new AbortController().signal,
  });
  await new Promise(setImmediate);
  const lines = args.includes('--json') ? text.stdout.split('\n').filter(Boolean) : [];
  return { code, ...text, events: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}
