import type { Command } from 'commander';
import { formatDuration } from '../../core/text/quantity.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { examples, integer } from '../options.ts';

interface SimulateOptions {
  readonly contexts: string;
  readonly out: string;
  readonly simulator?: string;
  readonly chatbot?: string;
  readonly perContext: number;
  readonly limit?: number;
  readonly seed: number;
}

/** `foil simulate`: sessions of a simulator with a chatbot on the contexts of a corpus. */
export function registerSimulate(program: Command, run: Run): void {
  program
    .command('simulate')
    .description('Let a simulator talk with a chatbot on the contexts of a corpus, and keep the sessions as a corpus.')
    .requiredOption('--contexts <corpus>', 'corpus whose contexts are taken')
    .requiredOption('--out <corpus>', 'corpus to add the sessions to; ids that it has already are skipped')
    .option('--simulator <name>', 'instead of the one in foil.yaml')
    .option('--chatbot <name>', 'instead of the one in foil.yaml')
    .option('--per-context <n>', 'sessions a context (the paper: 2)', integer(1, 1000), 1)
    .option('--limit <n>', 'first n contexts only', integer(1))
    .option('--seed <n>', 'the same seed gives the same sessions', integer(0), 1)
    .addHelpText(
      'after',
      examples(
        ['foil simulate --contexts esconv-train --out it0-train', 'one session for every context'],
        ['foil simulate --contexts sample --out try --limit 5 --json', 'five of them, as JSON lines'],
      ),
    )
    .action(run(simulateCommand));
}

async function simulateCommand(cli: Cli, options: SimulateOptions): Promise<undefined> {
  const { simulate } = await import('../../core/workflows/simulate.ts');
  const { out, signal } = cli;
  const [config, registry, store] = [await cli.config(), await cli.registry(), await cli.sessions()];
  const roles = await cli.roles();
  const simulator = await registry.chatModel(options.simulator ?? roles.simulator, 'simulator', signal);
  const chatbot = await registry.chatModel(options.chatbot ?? roles.chatbot, 'chatbot', signal);
  const contexts = [];
  for await (const session of readCorpus(cli, options.contexts)) {
    if (contexts.length >= (options.limit ?? Number.POSITIVE_INFINITY)) break;
    contexts.push(session);
  }
  const request = {
    simulator,
    chatbot,
    contexts,
    perContext: options.perContext,
    seed: options.seed,
    maxUserTurns: config.max_user_turns,
    contextBudget: config.context_budget,
    done: await store.ids(options.out),
  };
  const of = contexts.length * options.perContext;
  const begun = performance.now();
  let done = 0;
  let skipped = 0;
  for await (const event of simulate(request, cli.clock, signal)) {
    if (event.type === 'turn') continue;
    if (event.type === 'skipped') skipped += 1;
    else {
      await store.append(options.out, [event.session]);
      out.event({ event: 'session', corpus: options.out, session: event.session });
      done += 1;
    }
    const seconds = (performance.now() - begun) / 1000;
    const left = done === 0 ? '' : `, ${formatDuration(((of - done - skipped) * seconds) / done)} left`;
    out.progress({ step: 'simulating', text: `${done + skipped} of ${of} sessions${left}` });
  }
  out.progress(null);
  out.event({ event: 'done', corpus: options.out, sessions: done, skipped });
  out.line(`${done} sessions added to ${options.out}${skipped > 0 ? `, ${skipped} were there already` : ''}`);
  return undefined;
}
