import { type Command, Option } from 'commander';
import type { Judged, Measurement } from '../../core/evaluate/behaviour/agreement.ts';
import type { Agreement, AnnotatedSession } from '../../core/evaluate/behaviour/annotations.ts';
import { type Task, taxonomyName } from '../../core/evaluate/behaviour/taxonomy.ts';
import type { Annotator } from '../../core/ports.ts';
import type { Session } from '../../core/session/schema.ts';
import type { LabelStore } from '../../core/workflows/evaluate/label-sitting.ts';
import type { SampleItem } from '../../core/workflows/evaluate/label-types.ts';
import { chooseAnnotator, labelsDir, openStore, readCorpora } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';
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
  const { FoilError } = await import('../../core/errors.ts');
  if ((options.labels === undefined) === (options.corpora === undefined)) {
    throw new FoilError('usage', 'give either --labels or --corpora', { remedy: 'see `foil eval agreement --help`' });
  }
  const measurements =
    options.labels === undefined ? await bySource(cli, options) : [await byHand(cli, options, options.labels)];
  if (measurements.length === 0) {
    throw new FoilError('no-labels', `no session of ${options.corpora} has labels that mean ${options.task}`, {
      remedy: 'label a sample by hand: `foil eval label draw`',
    });
  }
  for (const measurement of measurements) {
    print(cli, measurement);
    if (options.save === undefined) continue;
    const { measuredFile, saveMeasurement } = await import('../../backends/annotate/open.ts');
    await saveMeasurement(options.save === true ? measuredFile(labelsDir(cli)) : options.save, measurement);
  }
  return undefined;
}

/** What the annotator has said, by session. Rules are run; of an endpoint the kept answers count. */
async function foundIn(cli: Cli, annotator: Annotator, sessions: readonly Session[]): Promise<AnnotatedSession[]> {
  const { keptAnnotations } = await import('../../core/workflows/evaluate/kept.ts');
  const { sha256 } = await import('../../backends/annotate/store.ts');
  const store = await openStore(cli, annotator, false);
  try {
    return await keptAnnotations(annotator, sessions, { clock: cli.clock, store, hash: sha256 }, cli.signal);
  } finally {
    await store.close();
  }
}

/** Categories of a message by the annotator; null where it has none for it. */
function categoriesAt(found: readonly AnnotatedSession[]) {
  const by = new Map(
    found.map(({ id, messages }) => [id, new Map(messages.map((mark) => [mark.turn, mark.categories]))]),
  );
  return (session: string, turn: number): readonly string[] | null => by.get(session)?.get(turn) ?? null;
}

async function byHand(cli: Cli, options: AgreementOptions, list: string): Promise<Measurement> {
  const { foldLabels, labelsBy } = await import('../../core/workflows/evaluate/label.ts');
  const { FoilError } = await import('../../core/errors.ts');
  const names = list.split(',').map((name) => name.trim());
  const labeller = reviewerOf(cli, options.labeller);
  const items = new Map<string, SampleItem & { readonly categories: readonly string[] }>();
  const tasks = new Set<Task>();
  for (const name of names) {
    const { sample, records } = await readSample(cli, name);
    tasks.add(sample.task);
    const labels = labelsBy(foldLabels(records), labeller);
    for (const item of sample.items) {
      const categories = labels.get(item.id);
      // a message of two samples counts once
      if (categories !== undefined && !items.has(item.id)) items.set(item.id, { ...item, categories });
    }
  }
  const [task] = tasks;
  if (task === undefined || tasks.size > 1) {
    throw new FoilError('usage', `${list} are samples of ${[...tasks].join(' and ')}`, {
      remedy: 'name samples of one task',
    });
  }
  const { annotator } = await chooseAnnotator(cli, task, options.by, options.taxonomy);
  const labelled = [...items.values()];
  const corpora = [...new Set(labelled.map(({ corpus }) => corpus))];
  const wanted = new Set(labelled.map(({ session }) => session));
  const sessions: Session[] = [];
  for await (const session of readCorpora(cli, corpora)) if (wanted.has(session.id)) sessions.push(session);
  const at = categoriesAt(await foundIn(cli, annotator, sessions));
  const judged = labelled.flatMap(({ session, turn, weight, categories }): Judged[] => {
    const found = at(session, turn);
    return found === null ? [] : [{ session, turn, labelled: categories, found, weight }];
  });
  if (judged.length === 0) {
    throw new FoilError('no-labels', `no message has both a label by ${labeller} and an answer of ${annotator.name}`, {
      remedy: [
        'label with `foil eval label`, or name --labeller',
        'annotate these corpora first: `foil eval annotate`',
      ],
    });
  }
  const missing = labelled.length - judged.length;
  if (missing > 0)
    cli.out.notice(`${missing} labelled messages have no answer of ${annotator.name}: they are left out`);
  const against = options.made ?? `labels by ${labeller} (${names.join(', ')})`;
  const kept = labelled.map(({ id, weight, categories }) => ({ item: id, weight, categories: [...categories] }));
  return await measured(annotator, judged, annotator.sees, against, kept, options);
}

async function readSample(cli: Cli, name: string): Promise<Pick<LabelStore, 'sample' | 'records'>> {
  const { openLabelStore } = await import('../../backends/annotate/labels.ts');
  const { formatError } = await import('../../core/errors.ts');
  const store = await openLabelStore(labelsDir(cli), name, (problem) => cli.out.notice(formatError(problem)));
  await store.close();
  return store;
}

async function bySource(cli: Cli, options: AgreementOptions): Promise<Measurement[]> {
  const { SOURCE_LABELS, sourceLabelsOf } = await import('../../core/evaluate/behaviour/source-labels.ts');
  const { ANY } = await import('../../core/evaluate/behaviour/annotations.ts');
  const { annotator } = await chooseAnnotator(cli, options.task, options.by, options.taxonomy);
  const sessions: Session[] = [];
  const corpora = (options.corpora ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  for await (const session of readCorpora(cli, corpora)) sessions.push(session);
  const at = categoriesAt(await foundIn(cli, annotator, sessions));
  const measurements: Measurement[] = [];
  for (const labels of SOURCE_LABELS.filter(({ task }) => task === options.task)) {
    const judged = sessions.flatMap((session) =>
      sourceLabelsOf(session, labels).flatMap(({ turn, categories: labelled }): Judged[] => {
        const found = at(session.id, turn);
        return found === null ? [] : [{ session: session.id, turn, labelled, found, weight: 1 }];
      }),
    );
    if (judged.length === 0) continue;
    const categories = labels.categories.filter((id) => id === ANY || annotator.sees.includes(id));
    measurements.push(await measured(annotator, judged, categories, labels.says, null, options));
  }
  return measurements;
}

async function measured(
  annotator: Annotator,
  judged: readonly Judged[],
  categories: readonly string[],
  against: string,
  labels: Measurement['labels'],
  { draws, seed }: AgreementOptions,
): Promise<Measurement> {
  const { measureAgreement } = await import('../../core/evaluate/behaviour/agreement.ts');
  const { ANY } = await import('../../core/evaluate/behaviour/annotations.ts');
  const whole =
    categories.includes(ANY) || annotator.task === 'actions' || labels === null ? categories : [...categories, ANY];
  const result = measureAgreement(judged, whole, against, { draws, seed });
  const { name, version, task, taxonomy } = annotator;
  return {
    ...{ annotator: name, version, task, taxonomy: taxonomyName(taxonomy), against, draws, seed, labels },
    pooled: result.pooled,
    categories: Object.fromEntries(result.categories),
  };
}

function print({ out }: Cli, measurement: Measurement): void {
  const { labels, ...rest } = measurement;
  out.event({ event: 'agreement', ...rest, labelled: labels?.length ?? null });
  out.line(`${measurement.annotator}, ${measurement.task}, against ${measurement.against}`);
  const line = (name: string, { kappa, low, high, n, positives, found }: Agreement) => {
    const interval = low === null || high === null ? '' : ` [${low.toFixed(2)}, ${high.toFixed(2)}]`;
    const figure = kappa === null ? 'not defined' : `${kappa.toFixed(2)}${interval}`;
    out.line(`  ${name.padEnd(26)} ${figure.padEnd(22)} n ${n}, ${positives} labelled, ${found} found`);
  };
  line('pooled', measurement.pooled);
  for (const [category, agreement] of Object.entries(measurement.categories)) line(category, agreement);
}
