import { type Command, Option } from 'commander';
import { formatDuration } from '../../core/text/quantity.ts';
import type { Cli, Run } from '../cli.ts';
import { ensureWeightsWithProgress } from '../engine-progress.ts';
import { examples } from '../options.ts';

interface TrainOptions {
  readonly device: 'cpu' | 'cuda' | 'auto';
  readonly python?: string;
  readonly torchIndex?: string;
  readonly dir?: string;
}

/** `foil setup`: what can be fetched or built ahead of its first use. */
export function registerSetup(program: Command, run: Run): void {
  const setup = program
    .command('setup')
    .description('Fetch or build ahead of time what Foil otherwise fetches when it is first needed.');

  setup
    .command('train')
    .description('Build the Python environment of the training stages. Chatting and scoring need none.')
    .addOption(
      new Option('--device <device>', 'what torch runs on; auto takes cuda where nvidia-smi lists a GPU')
        .choices(['cpu', 'cuda', 'auto'])
        .default('auto'),
    )
    .option('--python <path>', 'Python to build with (3.11 or newer)')
    .option('--torch-index <url>', "pip index to take torch from, PyTorch's own for CPU builds, say")
    .option('--dir <dir>', "folder to hold the environment, instead of the user's cache")
    .addHelpText(
      'after',
      examples(
        ['foil setup train', 'build it, or go on where a build stopped'],
        ['foil setup train --device cpu --python python3.12', 'for the CPU, with a Python of your choice'],
        ['foil setup train --json', 'the same for a script; the last line names the interpreter'],
      ),
    )
    .action(run(setupTrain));

  setup
    .command('models')
    .description(
      'Fetch the base weights of the embedded engine and write their F16 form, or check those that are there.',
    )
    .addHelpText('after', examples(['foil setup models', 'fetch them ahead of the first chat']))
    .action(run(setupModels));
}

async function setupTrain(cli: Cli, options: TrainOptions): Promise<undefined> {
  const { buildTrainEnv } = await import('../../backends/setup/build-env.ts');
  const { out } = cli;
  const begun = performance.now();
  let step = 'looking for Python';
  const build = buildTrainEnv(options, cli.signal);
  while (true) {
    const next = await build.next();
    if (next.done) {
      const { dir, executable, python, device, packages, built } = next.value;
      out.progress(null);
      out.event({ event: 'ready', dir, executable, python, device, built, packages });
      out.line(`Training environment ready: ${dir}`);
      out.line(`Python ${python}, torch ${packages['torch'] ?? 'none'}, ${device}`);
      return;
    }
    const event = next.value;
    if (event.type === 'step') {
      step = `[${event.index}/${event.of}] ${event.title}`;
      out.event({ event: 'step', index: event.index, of: event.of, title: event.title });
    }
    if (event.type === 'notice') {
      out.event({ event: 'notice', text: event.text });
      out.notice(event.text);
    } else {
      const elapsed = formatDuration((performance.now() - begun) / 1000);
      out.progress({ step, text: `${elapsed}  ${event.type === 'line' ? event.text.trim() : ''}` });
    }
  }
}

async function setupModels(cli: Cli): Promise<undefined> {
  const { engine } = await cli.config();
  const { q4, f16, modelSha } = await ensureWeightsWithProgress(cli, engine.gguf);
  cli.out.event({ event: 'ready', weights: q4, f16: f16 ?? null, sha256: modelSha });
  cli.out.line(`Base weights ready: ${q4}`);
  cli.out.line(
    f16 === undefined ? 'No F16 form: discriminators cannot run on them.' : `F16 form for discriminators: ${f16}`,
  );
  return;
}
