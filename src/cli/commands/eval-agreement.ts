import { type Command, Option } from 'commander';
import type { Task } from '../../core/evaluate/behaviour/taxonomy.ts';
import { fromWorkspace, samplePorts } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer, names } from '../options.ts';
import { reviewerOf } from '../pair-sets.ts';

interface AgreementOptions {
  readonly by: string;
  readonly task: Task;
  readonly labels?: string;
  readonly corpora?: string;
  readonly labeller?: string;
  readonly made?: string;
  readonly taxonomy?: string;
  readonly seed: number;
  readonly draws: number;
  readonly save?: true | string;
}

/** `foil eval agreement`: kappa of an annotator with labels. */
export function registerAgreement(command: Command, run: Run): void {
  command
    .command('agreement')
    .description("Cohen's kappa of an annotator with labels, by category, with intervals.")
    .option('--by <name>', '"rules", or a judge or chatbot whose answers are kept', 'rules')
    .option('--labels <sample>', 'samples labelled by hand (`foil eval label`), with commas between')
    .option('--labeller <name>', 'whose labels (default: the user of this machine)')
    .option('--made <text>', 'who labelled and how, in words; stands beside the figures')
    .option(
      '--corpora <names>',
      'or: corpora that bring labels of their own (MultiWOZ acts, ESConv strategies and scores)',
    )
    .addOption(new Option('--task <task>', 'with --corpora: of what').choices(['actions', 'issues']).default('actions'))
    .option('--taxonomy <file>', 'a taxonomy of your own')
    .option('--draws <n>', 'bootstrap samples of sessions', integer(1, 1_000_000), 2000)
    .option('--seed <n>', 'of the bootstrap', integer(0), 1)
    .option('--save [file]', 'keep it, to stand beside every figure (default: labels/agreement.json)')
    .addHelpText(
      'after',
      examples(
        ['foil eval agreement --labels mine --by rules --save', 'against your own labels'],
        ['foil eval agreement --corpora multiwoz-test --by rules', 'against dialogue acts'],
      ),
    )
    .action(run(agreement));
}

async function agreement(cli: Cli, options: AgreementOptions): Promise<undefined> {
  const { agreementByHand, agreementBySource } = await import('../../core/workflows/evaluate/label-agreement.ts');
  const { FoilError } = await import('../../core/errors.ts');
  const { labels, task, made = null } = options;
  if ((labels === undefined) === (options.corpora === undefined)) {
    throw new FoilError('usage', 'give either --labels or --corpora', { remedy: 'see `foil eval agreement --help`' });
  }
  const { printExhibit } = await import('../eval-output.ts');
  const ports = await samplePorts(cli);
  const { by, seed, draws } = options;
  const request = { by, seed, draws, taxonomy: fromWorkspace(cli, options.taxonomy) };
  const corpora = names(options.corpora ?? '');
  const labeller = reviewerOf(cli, options.labeller);
  const found =
    labels === undefined
      ? await agreementBySource(ports, { task, corpora }, request, cli.signal)
      : [await agreementByHand(ports, { names: names(labels), labeller, made }, request, cli.signal)];
  if (found.length === 0) {
    throw new FoilError('no-labels', `no session of ${options.corpora} has labels that mean ${task}`, {
      remedy: 'label a sample by hand: `foil eval label draw`',
    });
  }
  for (const { measurement, exhibit, notices } of found) {
    for (const notice of notices) cli.out.notice(notice);
    const { labels: given, ...rest } = measurement;
    cli.out.event({ event: 'agreement', ...rest, labelled: given?.length ?? null });
    printExhibit(cli, exhibit, new Set());
    if (options.save === undefined) continue;
    if (options.save === true) await ports.samples.keep(measurement);
    else {
      const { saveMeasurement } = await import('../../backends/annotate/open.ts');
      await saveMeasurement(options.save, measurement);
    }
  }
  return undefined;
}
