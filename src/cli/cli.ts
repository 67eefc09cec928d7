import { resolve } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { FoilError, formatError } from '../core/errors.ts';
import { showEngine } from './engine-progress.ts';
import { EXIT, reportFailure } from './failure.ts';
import { createOutput, type Output, type Streams } from './output.ts';
import { createProgram } from './program.ts';
import { openServices, type Services } from './services.ts';

/** What surrounds a run of the command: `process` in main.ts, buffers in tests. */
export interface Surroundings extends Streams {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** What a command gets. Everything in it opens on first use and is closed for it. */
export interface Cli extends Services {
  readonly out: Output;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly around: Surroundings;
}

/** A command's work; a number is its exit code, nothing is 0. Errors are thrown, never printed here. */
export type Handler<Args extends unknown[]> = (cli: Cli, ...args: Args) => Promise<number | undefined>;

/** Turns a handler into what commander's `action` takes. */
export type Run = <Args extends unknown[]>(handler: Handler<Args>) => (...args: unknown[]) => Promise<void>;

/** Runs `foil ARGS` and returns its exit code; never throws and never exits the process. */
export async function runCli(args: readonly string[], around: Surroundings): Promise<number> {
  // known before the parse, so that a mistake in the arguments is told in the same way
  const json = args.includes('--json');
  const out = createOutput(around, json);
  let code: number = EXIT.done;

  const run: Run =
    <Args extends unknown[]>(handler: Handler<Args>) =>
    async (...actionArgs: unknown[]) => {
      // commander appends itself
      const command = actionArgs.at(-1) as Command;
      const { workspace } = command.optsWithGlobals<{ workspace: string }>();
      const services = openServices(resolve(around.cwd, workspace), around.env);
      const cli: Cli = Object.assign(services, { out, json, signal: around.signal, around });
      showEngine(cli);
      cli.onProblem((problem) => {
        const { code: kind, message, where, remedy } = problem;
        out.event({ event: 'problem', code: kind, message, where, remedy });
        out.notice(formatError(problem));
      });
      try {
        around.signal.throwIfAborted();
        code = (await handler(cli, ...(actionArgs.slice(0, -1) as Args))) ?? EXIT.done;
      } finally {
        out.progress(null);
        await services.close();
      }
    };

  const program = createProgram(run, around);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, out, around.env);
    // help and version were asked for, and are printed
    if (error.exitCode === 0) return EXIT.done;
    return reportFailure(
      new FoilError('usage', usageMessage(error), { remedy: `see \`${commandOf(program, args)} --help\`` }),
      out,
      around.env,
    );
  }
}

/** The command that the arguments name, as far as they name one. */
function commandOf(program: Command, args: readonly string[]): string {
  const names = ['foil'];
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((known) => known.name() === arg);
    if (!next) continue;
    names.push(arg);
    command = next;
  }
  return names.join(' ');
}

function usageMessage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'which command?';
  return error.message.replace(/^error: /, '');
}
