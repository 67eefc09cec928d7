import { join } from 'node:path';
import type { Command } from 'commander';
import { FoilError } from '../../core/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { ensureWeightsWithProgress } from '../engine-progress.ts';
import { examples, integer } from '../options.ts';

interface ServeOptions {
  readonly port?: number;
  readonly threads?: number;
  readonly slots?: number;
  readonly context?: number;
  readonly keep?: number;
}

/** `foil serve`: the embedded engine for other programs too. */
export function registerServe(program: Command, run: Run): void {
  program
    .command('serve')
    .description(
      'Run the embedded engine: a subset of the OpenAI API on 127.0.0.1, for models of Foil. Joins one that runs already; screens and commands share it. Ctrl+C ends it.',
    )
    .argument('[models...]', 'adapters to load at once, by name; others are loaded when they are first asked for')
    .option('--port <n>', 'port on 127.0.0.1 (default: a free one)', integer(1, 65_535))
    .option('--threads <n>', 'fixed number of threads (default: all cores while they are free)', integer(1, 512))
    .option('--slots <n>', 'conversations kept in memory at once (default: 6)', integer(1, 64))
    .option('--context <n>', 'tokens that prompt and reply share at most (default: 8192)', integer(256, 1_048_576))
    .option('--keep <minutes>', 'how long the engine stays after its last client has left', integer(0, 35_000))
    .addHelpText(
      'after',
      examples(
        ['foil serve', 'until Ctrl+C, on a free port'],
        ['foil serve it0 supporter --port 8008', 'with two adapters loaded, on a fixed port'],
        ['foil serve --json', 'for a script: the first line names URL and key file'],
      ),
    )
    .action(run(serve));
}

async function serve(cli: Cli, names: readonly string[], options: ServeOptions): Promise<undefined> {
  const { connectEngine } = await import('../../backends/embedded/index.ts');
  const { installRoot } = await import('../../backends/setup/root.ts');
  const { out, signal } = cli;
  const [config, registry] = [await cli.config(), await cli.registry()];
  const adapters = await Promise.all(
    names.map(async (name) => {
      const adapter = await registry.card(name);
      if (adapter) return { name, dir: adapter.dir };
      throw new FoilError('unknown-model', `no adapter is called "${name}"`, { remedy: 'all of them: foil models' });
    }),
  );
  const weights = await ensureWeightsWithProgress(cli, config.engine.gguf);
  out.progress({ step: 'starting the engine', text: '' });
  const threads = options.threads ?? config.engine.threads;
  const engine = await connectEngine({
    ...weights,
    template: join(installRoot(), 'models', 'chatml.jinja'),
    ...(options.port !== undefined && { port: options.port }),
    ...(threads !== undefined && { threads }),
    ...(options.slots !== undefined && { slots: options.slots }),
    ...(options.context !== undefined && { context: options.context }),
    ...(options.keep !== undefined && { graceMs: options.keep * 60_000 }),
    signal,
  });
  try {
    for (const { name, dir } of adapters) await engine.loadAdapter(name, dir, signal);
    out.progress(null);
    const { info, baseURL } = engine;
    // the key itself never goes to a terminal or a log
    const keyFile = info.log.replace(/\.log$/, '.json');
    out.event({ event: 'ready', base_url: baseURL, key_file: keyFile, ...info });
    out.line(`${info.started ? 'Started' : 'Joined'} the engine: ${baseURL} (process ${info.pid})`);
    out.line(`Key: the field "token" of ${keyFile}`);
    out.line(`Log: ${info.log}`);
    for (const { id, precision } of await engine.models()) {
      out.event({ event: 'model', id, precision });
      out.line(`  ${id}  ${precision}`);
    }
    await untilEither(engine.closed, signal);
    signal.throwIfAborted();
    throw new FoilError('engine-ended', 'the engine has ended', { where: { file: info.log }, remedy: 'read that log' });
  } finally {
    await engine.close();
  }
}

/** Waits for the engine's end or a cancel. A lease keeps no process alive, so a timer does. */
async function untilEither(closed: Promise<void>, signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    const cancelled = new Promise<void>((done) => {
      signal.addEventListener('abort', () => done(), { once: true });
      if (signal.aborted) done();
    });
    await Promise.race([closed, cancelled]);
  } finally {
    clearInterval(alive);
  }
}
