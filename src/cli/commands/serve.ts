import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { FoilError } from '../../core/errors.ts';
import type { Cli, Run } from '../cli.ts';
import { ensureWeightsWithProgress } from '../engine-progress.ts';
import { examples, integer } from '../options.ts';

/** Options of both engines; commander's names. */
export interface ServeOptions {
  readonly engine: 'embedded' | 'vllm';
  readonly port?: number;
  readonly threads?: number;
  readonly slots?: number;
  readonly context?: number;
  readonly keep?: number;
  readonly launcher?: string;
  readonly base?: string;
  readonly model: readonly string[];
  readonly dtype?: 'float16' | 'bfloat16';
  readonly tensorParallel?: number;
  readonly vllmArg: readonly string[];
  readonly stop?: boolean;
}

/** Options that say nothing to the other engine. */
const ONLY = {
  embedded: ['threads', 'slots', 'context', 'keep'],
  vllm: ['launcher', 'base', 'model', 'dtype', 'tensorParallel', 'vllmArg', 'stop'],
} as const;

/** `foil serve`: the embedded engine for other programs too, or vLLM for the models of this workspace. */
export function registerServe(program: Command, run: Run): void {
  const collect = (value: string, all: readonly string[]) => [...all, value];
  program
    .command('serve')
    .description(
      'Run an engine. embedded: a subset of the OpenAI API on 127.0.0.1; joins one that runs already; screens and commands share it; Ctrl+C ends it. vllm: vLLM on any launcher as a job that outlives the terminal; the models of this workspace run there until --stop.',
    )
    .argument('[models...]', 'adapters to load at once, by name; others are loaded when they are first asked for')
    .addOption(new Option('--engine <name>', 'what serves').choices(['embedded', 'vllm']).default('embedded'))
    .option('--port <n>', 'port on 127.0.0.1 (default: a free one)', integer(1, 65_535))
    .optionsGroup('Options of the embedded engine:')
    .option('--threads <n>', 'fixed number of threads (default: the engine chooses by timing)', integer(1, 512))
    .option('--slots <n>', 'conversations kept in memory at once (default: 6)', integer(1, 64))
    .option('--context <n>', 'tokens that prompt and reply share at most (default: 8192)', integer(256, 1_048_576))
    .option('--keep <minutes>', 'how long the engine stays after its last client has left', integer(0, 35_000))
    .optionsGroup('Options of vLLM:')
    .option('--launcher <name>', 'where it runs: local, or a launcher of foil.yaml (default: local)')
    .option('--base <path>', 'base weights on that machine, a folder in Hugging Face form')
    .option('--model <name[=folder]>', 'an adapter to load at once; repeat it for more', collect, [])
    .addOption(new Option('--dtype <type>', 'precision (default: float16)').choices(['float16', 'bfloat16']))
    .option('--tensor-parallel <n>', 'GPUs that share the weights (default: 1)', integer(1, 64))
    .option('--vllm-arg <arg>', 'a further argument for `vllm serve`, as --vllm-arg=--max-model-len=8192', collect, [])
    .option('--stop', 'end the vLLM of this workspace')
    .addHelpText(
      'after',
      examples(
        ['foil serve', 'the embedded engine, until Ctrl+C, on a free port'],
        ['foil serve simulator-it0 supporter --port 8008', 'with two adapters loaded, on a fixed port'],
        ['foil serve --json', 'for a script: the first line names URL and key file'],
        ['foil serve --engine vllm', 'the models of this workspace on vLLM, here'],
        ['foil serve --engine vllm --launcher gpu', 'the same on a machine of foil.yaml'],
        ['foil serve --engine vllm --stop', 'end it; models run on the embedded engine again'],
      ),
    )
    .action(
      run(async (cli, names: readonly string[], options: ServeOptions) => {
        checkOptions(options);
        if (options.engine === 'embedded') return await serve(cli, names, options);
        const { serveVllm } = await import('./serve-vllm.ts');
        return await serveVllm(cli, names, options);
      }),
    );
}

function checkOptions(options: ServeOptions): void {
  const other = options.engine === 'embedded' ? 'vllm' : 'embedded';
  for (const name of ONLY[other]) {
    const value = options[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const flag = name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
    throw new FoilError('usage', `--${flag} is an option of the ${other} engine`, {
      remedy: `add --engine ${other}, or leave it out`,
    });
  }
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
