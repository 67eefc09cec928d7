import { join } from 'node:path';
import type { Command } from 'commander';
import type { FoilConfig } from '../../backends/config/schema.ts';
import type { ChatModel } from '../../core/ports.ts';
import type { Session } from '../../core/session/schema.ts';
import { formatDuration } from '../../core/text/quantity.ts';
import type { Budget, Progress, SimulateEvent, SimulateRequest, Summary } from '../../core/workflows/simulate/types.ts';
import type { Cli, Run } from '../cli.ts';
import { readCorpus } from '../corpus.ts';
import { EXIT } from '../failure.ts';
import { examples, integer, positive } from '../options.ts';

interface SimulateOptions {
  readonly contexts?: string;
  readonly out?: string;
  readonly simulator?: string;
  readonly chatbot?: string;
  readonly chatbots?: string;
  readonly listChatbots?: true;
  readonly perContext: number;
  readonly limit?: number;
  readonly seed: number;
  readonly atOnce?: number;
  readonly budgetTokens?: number;
  readonly budgetMoney?: number;
  readonly budgetMinutes?: number;
}

/** `foil simulate`: sessions of a simulator with chatbots on the contexts of a corpus. */
export function registerSimulate(program: Command, run: Run): void {
  program
    .command('simulate')
    .description('Let a simulator talk with chatbots on the contexts of a corpus, and keep the sessions as a corpus.')
    .option('--contexts <corpus>', 'corpus whose contexts are taken')
    .option('--out <corpus>', 'corpus to add the sessions to; ids that it has already are skipped')
    .option('--simulator <name>', 'instead of the one in foil.yaml')
    .option('--chatbot <name>', 'a chatbot or a configuration, instead of the one in foil.yaml')
    .option('--chatbots <names>', '"all" configurations, or some by name with commas between')
    .option('--list-chatbots', 'print the configurations and end')
    .option('--per-context <n>', 'sessions a context and chatbot (the paper: 2)', integer(1, 1000), 1)
    .option('--limit <n>', 'first n contexts only', integer(1))
    .option('--seed <n>', 'the same seed gives the same sessions', integer(0), 1)
    .option('--at-once <n>', 'sessions at once (default: what the models serve well)', integer(1, 4096))
    .option('--budget-tokens <n>', 'stop after so many tokens, prompts included', integer(1))
    .option('--budget-money <x>', 'stop after so much money, by the prices in foil.yaml', positive)
    .option('--budget-minutes <x>', 'stop after so many minutes', positive)
    .addHelpText(
      'after',
      `${examples(
        ['foil simulate --contexts esconv-train --out it0-train', 'one session for every context'],
        ['foil simulate --contexts sample --out try --limit 5 --json', 'five of them, as JSON lines'],
        ['foil simulate --contexts sample --out bots --chatbots all', 'with every chatbot configuration'],
      )}

On a terminal, p pauses and goes on, and q stops when what is out has come. Ctrl+C stops at once.
The same command goes on where it stopped, to the turn.`,
    )
    .action(run(simulateCommand));
}

async function simulateCommand(cli: Cli, options: SimulateOptions): Promise<number | undefined> {
  if (options.listChatbots) return await listChatbots(cli);
  const { FoilError } = await import('../../core/errors.ts');
  const { contexts: from, out: corpus } = options;
  if (!from || !corpus || (options.chatbot && options.chatbots)) {
    const message = !from || !corpus ? 'it needs --contexts and --out' : 'give --chatbot or --chatbots, not both';
    throw new FoilError('usage', message, { remedy: 'see `foil simulate --help`' });
  }
  const { keepHeapSmall } = await import('../../backends/heap.ts');
  keepHeapSmall();
  const { simulate } = await import('../../core/workflows/simulate/simulate.ts');
  const { SimulationControl } = await import('../../core/workflows/simulate/control.ts');
  const { keysText, listenToKeys } = await import('../simulate-keys.ts');
  const { places } = await import('../../backends/openai/retry.ts');
  const { openTurnJournal } = await import('../../backends/store/turn-journal.ts');
  const { openChatbots } = await import('../../backends/registry/chatbots.ts');
  const { signal } = cli;
  const [config, registry, store, roles] = [
    await cli.config(),
    await cli.registry(),
    await cli.sessions(),
    await cli.roles(),
  ];
  const simulator = await registry.chatModel(options.simulator ?? roles.simulator, 'simulator', signal);
  const names = (options.chatbots ?? options.chatbot ?? roles.chatbot).split(',').map((name) => name.trim());
  const chatbots = await openChatbots(names.filter(Boolean), config, registry, signal);
  const budget = budgetOf(options, config.budget);
  await checkPrices([simulator, ...chatbots.map(({ model }) => model)], budget);
  const contexts: Session[] = [];
  for await (const session of readCorpus(cli, from)) {
    if (contexts.length >= (options.limit ?? Number.POSITIVE_INFINITY)) break;
    contexts.push(session);
  }
  const settings = new Map(chatbots.map((chatbot) => [chatbot.model.name, chatbot.config]));
  const journal = await openTurnJournal(join(cli.workspace, 'sessions'), corpus);
  const request: SimulateRequest = {
    simulator,
    chatbots: chatbots.map(({ model }) => model),
    describe: (name) => settings.get(name) ?? undefined,
    contexts,
    contextCount: contexts.length,
    perContext: options.perContext,
    seed: options.seed,
    maxUserTurns: config.max_user_turns,
    minUserTurns: config.min_user_turns,
    contextBudget: config.context_budget,
    done: await store.ids(corpus),
    atOnce: options.atOnce,
    budget,
  };
  const append = (sessions: readonly Session[]) => store.append(corpus, sessions);
  const control = new SimulationControl();
  const keys = listenToKeys(cli, control);
  let summary: Summary | null = null;
  try {
    for await (const event of simulate(request, { clock: cli.clock, journal, append }, signal, control)) {
      show(cli, corpus, event, keys === null ? '' : keysText(control), places());
      if (event.type === 'done') summary = event.summary;
    }
  } finally {
    keys?.end();
    cli.out.progress(null);
    if (summary) report(cli, corpus, summary);
  }
  return summary?.stopped ? EXIT.failed : undefined;
}

async function listChatbots(cli: Cli): Promise<undefined> {
  const { readChatbots } = await import('../../backends/registry/chatbots.ts');
  for (const [name, config] of await readChatbots(await cli.config())) {
    cli.out.event({ event: 'chatbot', name, ...config });
    cli.out.line(`${name.padEnd(18)} ${config.broken ? 'broken  ' : '        '}${config.about ?? ''}`);
  }
  return undefined;
}

function budgetOf(options: SimulateOptions, settings: FoilConfig['budget']): Budget {
  const minutes = options.budgetMinutes ?? settings.minutes;
  return {
    tokens: options.budgetTokens ?? settings.tokens,
    money: options.budgetMoney ?? settings.money,
    seconds: minutes === undefined ? undefined : minutes * 60,
  };
}

/** @throws FoilError `no-price` for a budget of money where nothing has a price: it would never be used up. */
async function checkPrices(models: readonly ChatModel[], budget: Budget): Promise<void> {
  if (budget.money === undefined || models.some(({ price }) => price)) return;
  const { FoilError } = await import('../../core/errors.ts');
  throw new FoilError('no-price', 'there is a budget of money, but neither simulator nor chatbot has a price', {
    remedy:
      'give the server or the model a price in foil.yaml: price: {input: 0.1, output: 0.4} (for a million tokens)',
  });
}

/** What is printed while it runs. */
function show({ out }: Cli, corpus: string, event: SimulateEvent, keys: string, places: readonly Place[]): void {
  switch (event.type) {
    case 'session':
      out.event({ event: 'session', corpus, session: event.session });
      return;
    case 'progress':
      out.event({ event: 'progress', ...event.progress });
      // Another step is shown at once.
      out.progress({ step: `simulating${keys}`, text: progressText(event.progress, places) });
      return;
    case 'failed': {
      const { code, message } = event.error;
      out.event({ event: 'failed', id: event.id, code, message });
      out.notice(`${event.id}: ${message}`);
      return;
    }
    case 'done':
      return;
    default: {
      const { type, ...rest } = event;
      out.event({ event: type, ...rest });
    }
  }
}

interface Place {
  readonly server: string;
  readonly out: number;
  readonly limit: number;
}

function progressText(progress: Progress, places: readonly Place[]): string {
  const { finished, skipped, of, turns, retries, tokens, perMinute, secondsLeft } = progress;
  const parts = [`${finished + skipped}${of === null ? '' : ` of ${of}`} sessions`];
  if (perMinute !== null) parts.push(`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)} a minute`);
  if (secondsLeft !== null) parts.push(`${formatDuration(secondsLeft)} left`);
  parts.push(`${turns} turns`, `${thousands.format(tokens)} tokens`);
  for (const { server, out, limit } of places) parts.push(`${server} ${out} out of ${limit}`);
  if (retries > 0) parts.push(`${retries} retries`);
  return parts.join(', ');
}

const thousands = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

const RAN_OUT = {
  tokens: 'the budget of tokens is used up',
  money: 'the budget of money is used up',
  seconds: 'the budget of time is used up',
  cancelled: 'it was stopped',
  failed: 'it could not go on',
} as const;

/** What a run came to. Diagnostics are always said: a corpus keeps the sessions that they speak of. */
function report({ out }: Cli, corpus: string, summary: Summary): void {
  out.event({ event: 'done', corpus, ...summary });
  const { sessions, skipped, resumed, unfinished, failed, diagnostics, tokens, money, stopped } = summary;
  const more = [
    skipped > 0 ? `, ${skipped} were there already` : '',
    resumed > 0 ? `, ${resumed} went on where they had stopped` : '',
  ].join('');
  out.line(`${sessions} sessions added to ${corpus}${more}`);
  for (const [code, count] of Object.entries(failed)) out.line(`${count} failed: ${code}`);
  const found = Object.entries(diagnostics).filter(([, count]) => count > 0);
  const kinds = found.map(([kind, count]) => `${count} ${kind.replace('_', ' ')}`).join(', ');
  out.line(`of these sessions: ${kinds === '' ? 'nothing wrong was found' : kinds}`);
  const taken = `${tokens.estimated ? 'about ' : ''}${tokens.prompt + tokens.completion} tokens`;
  out.line(money === null ? taken : `${taken}, cost ${money.toFixed(4)}`);
  if (stopped === null) return;
  const left = unfinished > 0 ? `; ${unfinished} sessions are begun and kept` : '';
  out.line(`not done: ${RAN_OUT[stopped]}${left}. The same command goes on.`);
}
