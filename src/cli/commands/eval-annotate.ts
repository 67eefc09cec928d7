import { type Command, Option } from 'commander';
import type { AnnotatedSession, AnnotatorAbout } from '../../core/evaluate/behaviour/annotations.ts';
import type { Task } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { Annotator } from '../../core/ports.ts';
import { formatDuration } from '../../core/text/quantity.ts';
import type { AnnotateEvent, AnnotateSummary } from '../../core/workflows/evaluate/annotate.ts';
import type { Budget } from '../../core/workflows/simulate/types.ts';
import { chooseAnnotator, labelsDir, openStore, readCorpora } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { EXIT } from '../failure.ts';
import { examples, integer, positive } from '../options.ts';

interface AnnotateOptions {
  readonly by: string;
  readonly task: Task;
  readonly taxonomy?: string;
  readonly limit?: number;
  readonly dryRun?: true;
  readonly atOnce?: number;
  readonly budgetTokens?: number;
  readonly budgetMoney?: number;
  readonly budgetMinutes?: number;
}

/** `foil eval annotate`: user actions or chatbot issues of corpora, by rules or by any chat endpoint. */
export function registerAnnotate(command: Command, run: Run): void {
  command
    .command('annotate')
    .argument('<corpora...>', 'corpora to annotate')
    .description('Annotate what users do (actions) or what is wrong with the chatbot (issues).')
    .addOption(new Option('--task <task>', 'what to annotate').choices(['actions', 'issues']).default('actions'))
    .option('--by <name>', '"rules", or a judge or chatbot of foil.yaml', 'rules')
    .option('--taxonomy <file>', 'a taxonomy of your own, instead of the one in models/taxonomy')
    .option('--limit <n>', 'the first n sessions of each corpus', integer(1))
    .option('--dry-run', 'say what it would take (requests, tokens, money), and ask nothing')
    .option('--at-once <n>', 'requests at once (default: what the server takes)', integer(1, 4096))
    .option('--budget-tokens <n>', 'stop after so many tokens, prompts included', integer(1))
    .option('--budget-money <x>', 'stop after so much money, by the prices in foil.yaml', positive)
    .option('--budget-minutes <x>', 'stop after so many minutes', positive)
    .addHelpText(
      'after',
      `${examples(
        ['foil eval annotate esconv-test it0-test', 'user actions by rules, no endpoint needed'],
        ['foil eval annotate it0-test --task issues --by gpt --dry-run', 'what a judge of foil.yaml would cost'],
      )}

Answers are kept in annotations/NAME.jsonl by their content: the same command goes on where it stopped.`,
    )
    .action(run(annotateCommand));
}

async function annotateCommand(cli: Cli, corpora: string[], options: AnnotateOptions): Promise<number | undefined> {
  const { aboutAnnotator } = await import('../../backends/annotate/open.ts');
  const { sha256 } = await import('../../backends/annotate/store.ts');
  const { annotator } = await chooseAnnotator(cli, options.task, options.by, options.taxonomy);
  if (options.dryRun) return await dryRun(cli, corpora, annotator, options);
  const { annotate } = await import('../../core/workflows/evaluate/annotate.ts');
  let budget = await budgetOf(cli, annotator, options);
  const about = await aboutAnnotator(annotator, labelsDir(cli));
  const store = await openStore(cli, annotator, true);
  let left = false;
  try {
    for (const corpus of corpora) {
      const found: AnnotatedSession[] = [];
      const sessions = readCorpora(cli, [corpus], options.limit);
      const request = { annotator, sessions, budget, atOnce: options.atOnce };
      let summary = null as AnnotateSummary | null;
      try {
        for await (const event of annotate(request, { clock: cli.clock, store, hash: sha256 }, cli.signal)) {
          show(cli, corpus, event);
          if (event.type === 'session') found.push(event.session);
          if (event.type === 'done') summary = event.summary;
        }
      } finally {
        cli.out.progress(null);
        if (summary) report(cli, corpus, annotator, about, found, summary);
      }
      if (!summary) continue;
      left ||= summary.failed > 0 || summary.unasked > 0;
      budget = rest(budget, summary);
    }
  } finally {
    await store.close();
  }
  return left ? EXIT.failed : undefined;
}

async function dryRun(
  cli: Cli,
  corpora: string[],
  annotator: Annotator,
  { limit }: AnnotateOptions,
): Promise<undefined> {
  const { estimateAnnotation } = await import('../../core/workflows/evaluate/annotate-estimate.ts');
  const { sha256 } = await import('../../backends/annotate/store.ts');
  const store = await openStore(cli, annotator, false);
  const sessions = readCorpora(cli, corpora, limit);
  const estimate = await estimateAnnotation(annotator, sessions, { store, hash: sha256 }, cli.signal);
  await store.close();
  const { tokens, money } = estimate;
  cli.out.event({ event: 'estimate', by: annotator.name, task: annotator.task, ...estimate });
  cli.out.line(`${estimate.units} ${UNITS[annotator.task]} of ${estimate.sessions} sessions, ${estimate.cached} kept`);
  cli.out.line(
    `${estimate.requests} requests, about ${tokens.prompt} prompt and ${tokens.completion} answer tokens${tokens.estimated ? ' (by characters)' : ''}`,
  );
  if (estimate.requests === 0) cli.out.line('no cost');
  else cli.out.line(money === null ? 'no price in foil.yaml' : `about ${money.toFixed(4)} by the prices in foil.yaml`);
  return undefined;
}

const UNITS = { actions: 'user messages', issues: 'sessions to judge' } as const;

async function budgetOf(cli: Cli, annotator: Annotator, options: AnnotateOptions): Promise<Budget> {
  const settings = annotator.kept ? (await cli.config()).budget : {};
  const minutes = options.budgetMinutes ?? settings.minutes;
  const budget = {
    tokens: options.budgetTokens ?? settings.tokens,
    money: options.budgetMoney ?? settings.money,
    seconds: minutes === undefined ? undefined : minutes * 60,
  };
  if (budget.money === undefined || annotator.price || !annotator.kept) return budget;
  const { FoilError } = await import('../../core/errors.ts');
  throw new FoilError('no-price', `there is a budget of money, but ${annotator.name} has no price`, {
    remedy: 'give it a price in foil.yaml: price: {input: 0.1, output: 0.4} (for a million tokens)',
  });
}

/** What of a budget is left for the next corpus. */
function rest({ tokens, money, seconds }: Budget, taken: AnnotateSummary): Budget {
  const less = (whole: number | undefined, part: number) =>
    whole === undefined ? undefined : Math.max(0, whole - part);
  return {
    tokens: less(tokens, taken.tokens.prompt + taken.tokens.completion),
    money: less(money, taken.money ?? 0),
    seconds: less(seconds, taken.seconds),
  };
}

function show({ out }: Cli, corpus: string, event: AnnotateEvent): void {
  switch (event.type) {
    case 'annotation':
    case 'done':
      return;
    case 'progress': {
      const { progress } = event;
      out.event({ event: 'progress', corpus, ...progress });
      const bad = progress.failed > 0 ? `, ${progress.failed} failed` : '';
      const time = progress.secondsLeft === null ? '' : `, ${formatDuration(progress.secondsLeft)} left`;
      out.progress({ step: `annotating ${corpus}`, text: `${progress.annotated} annotated${bad}${time}` });
      return;
    }
    case 'failed': {
      const { code, message } = event.error;
      out.event({ event: 'failed', corpus, session: event.session, turn: event.turn, code, message });
      return;
    }
    default: {
      const { type, ...rest } = event;
      out.event({ event: type, corpus, ...rest });
    }
  }
}

/** Counts by category with the agreement beside them; what failed is said before them. */
function report(
  { out }: Cli,
  corpus: string,
  annotator: Annotator,
  about: AnnotatorAbout,
  found: readonly AnnotatedSession[],
  summary: AnnotateSummary,
): void {
  const messages = found.flatMap((session) => session.messages);
  const marked = messages.filter(({ categories }) => categories.length > 0).length;
  const { taxonomy, sees } = annotator;
  out.event({
    event: 'done',
    corpus,
    by: annotator.name,
    task: annotator.task,
    messages: messages.length,
    marked,
    ...summary,
  });
  out.line(
    `${corpus}: ${messages.length} messages of ${found.length} sessions annotated by ${annotator.name}${summary.cached > 0 ? `, ${summary.cached} answers were there` : ''}`,
  );
  const failures = Object.entries(summary.failures).map(([code, count]) => `${count} ${code}`);
  if (summary.failed > 0) out.line(`  ${summary.failed} failed and count nowhere: ${failures.join(', ')}`);
  if (summary.unasked > 0) out.line(`  ${summary.unasked} were not asked about (${summary.stopped ?? 'stopped'})`);
  if (summary.invalid > 0) out.line(`  ${summary.invalid} answers were not valid and were asked for again`);
  if (summary.requests > 0) {
    const { tokens, money } = summary;
    const cost = money === null ? '' : `, cost ${money.toFixed(4)}`;
    out.line(
      `  ${summary.requests} requests, ${tokens.estimated ? 'about ' : ''}${tokens.prompt + tokens.completion} tokens${cost}`,
    );
  }
  if (messages.length === 0) return;
  for (const { id, name } of taxonomy.categories) {
    if (!sees.includes(id)) continue;
    const count = messages.filter(({ categories }) => categories.includes(id)).length;
    const agreement = about.agreement.get(id);
    const kappa = agreement?.kappa ?? null;
    out.event({
      event: 'category',
      corpus,
      task: annotator.task,
      category: id,
      count,
      messages: messages.length,
      agreement: agreement ?? null,
    });
    const measured =
      kappa === null
        ? 'not measured'
        : `kappa ${kappa.toFixed(2)} (n ${agreement?.n}, ${agreement?.positives} labelled)`;
    const share = `${((100 * count) / messages.length).toFixed(1)}%`;
    out.line(`  ${name.padEnd(38)} ${String(count).padStart(6)} ${share.padStart(7)}  ${measured}`);
  }
  const unseen = taxonomy.categories.filter(({ id }) => !sees.includes(id)).map(({ name }) => name);
  if (unseen.length > 0) out.line(`  ${annotator.name} cannot see: ${unseen.join(', ')}`);
}
