import { type Command, Option } from 'commander';
import type { LabelCommand } from '../../core/workflows/evaluate/label-types.ts';
import { fromWorkspace, samplePorts } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer, names, settingsOf } from '../options.ts';
import { reviewerOf } from '../pair-sets.ts';

/** As commander gives them; `sampleSettingsSchema` says what they hold. */
interface DrawOptions {
  readonly from: string;
  readonly taxonomy?: string;
}

interface ShowOptions {
  readonly labeller?: string;
  readonly taxonomy?: string;
}

/** `foil eval label`: draw a sample of messages and label it by hand, for scripts. */
export function registerLabel(command: Command, run: Run): void {
  const label = command
    .command('label')
    .description('Label a sample of messages by hand, to measure annotators against.');
  label
    .command('draw')
    .argument('<name>', 'name of the sample')
    .requiredOption('--from <corpora>', 'corpora with commas between; real and simulated are drawn in equal numbers')
    .description('Draw a sample of messages, by a seed.')
    .addOption(new Option('--task <task>', 'what is to be labelled').choices(['actions', 'issues']).default('actions'))
    .option('--n <n>', 'messages', integer(1, 100_000), 100)
    .option('--seed <n>', 'the same seed draws the same messages', integer(0), 1)
    .option('--by <name>', 'an annotator whose (kept) answers are strata, so that rare categories are drawn too')
    .option('--taxonomy <file>', 'a taxonomy of your own')
    .addHelpText(
      'after',
      examples([
        'foil eval label draw mine --from esconv-test,it0-test --n 60 --by rules',
        'labels/mine.jsonl: ids, no text',
      ]),
    )
    .action(run(draw));
  const shared = (name: string, about: string, example: string): Command =>
    label
      .command(name)
      .argument('<sample>', 'name of the sample')
      .description(about)
      .addHelpText('after', examples([`foil eval label ${name} ${example}`, '']))
      .option('--labeller <name>', 'whose labels (default: the user of this machine)')
      .option('--taxonomy <file>', 'a taxonomy of your own');
  shared('show', 'The items of a sample with their text and labels.', 'mine --open')
    .option('--open', 'only those that this labeller has not labelled')
    .action(run(showSample));
  shared('set', 'Label an item: its categories with commas between, or "none".', 'mine it0-test/s1/4 gratitude,agrees')
    .argument('<item>', 'id of the item')
    .argument('<categories>', 'ids with commas between, or "none"')
    .action(run(setLabel));
  shared('skip', 'Leave an item out.', 'mine it0-test/s1/4')
    .argument('<item>', 'id of the item')
    .action(
      run((cli: Cli, sample: string, item: string, options: ShowOptions) =>
        carryOut(cli, sample, item, { type: 'skip' }, options),
      ),
    );
  shared('undo', 'Take back the last label or skip of this labeller.', 'mine').action(
    run((cli: Cli, sample: string, options: ShowOptions) => carryOut(cli, sample, null, { type: 'undo' }, options)),
  );
}

async function draw(cli: Cli, name: string, options: DrawOptions): Promise<undefined> {
  const { sampleSettingsSchema, startSample } = await import('../../core/workflows/evaluate/samples.ts');
  const { from, taxonomy, ...rest } = options;
  const given = { ...rest, from: names(from), taxonomy: fromWorkspace(cli, taxonomy) };
  const settings = settingsOf(sampleSettingsSchema, given, 'foil eval label draw');
  const sample = await startSample(await samplePorts(cli), name, settings, cli.signal);
  const items = sample.items.map(({ stratum: _, ...item }) => item);
  cli.out.event({ event: 'sample', name, task: sample.task, taxonomy: sample.taxonomy, items });
  const strata = new Map<string, number>();
  for (const { stratum } of sample.items) strata.set(stratum, (strata.get(stratum) ?? 0) + 1);
  cli.out.line(`${sample.items.length} messages drawn into labels/${name}.jsonl`);
  for (const [stratum, count] of [...strata].sort()) cli.out.line(`  ${String(count).padStart(4)}  ${stratum}`);
  return undefined;
}

/** The state of a sample for one labeller, and its file. */
async function open(cli: Cli, name: string, options: ShowOptions) {
  const { openLabels } = await import('../../core/workflows/evaluate/label.ts');
  const { samples } = await samplePorts(cli);
  const store = await samples.open(name);
  const file = fromWorkspace(cli, options.taxonomy) ?? store.sample.taxonomy_file;
  const taxonomy = await samples.taxonomy(store.sample.task, file);
  const labeller = reviewerOf(cli, options.labeller);
  const now = cli.clock.now().getTime();
  return { store, state: openLabels(store.sample, store.records, taxonomy, { labeller, timed: false }, now) };
}

async function showSample(cli: Cli, name: string, options: ShowOptions & { open?: true }): Promise<undefined> {
  const { labelsBy } = await import('../../core/workflows/evaluate/label.ts');
  const { turnsFor } = await import('../../core/workflows/evaluate/label-sitting.ts');
  const { store, state } = await open(cli, name, options);
  const { sample } = store;
  await store.close();
  const labels = labelsBy(state.records, state.options.labeller);
  const sessions = await cli.sessions();
  for (const item of sample.items) {
    const given = labels.get(item.id) ?? null;
    if (options.open && given !== null) continue;
    const { turns } = await sessions.read(item.corpus, item.session);
    const shown = turnsFor(sample.task, turns, item.turn);
    // of an open item the stratum would tell what an annotator found
    const { stratum, ...asked } = item;
    cli.out.event({ event: 'item', ...asked, ...(given === null ? {} : { stratum }), labels: given, turns: shown });
    cli.out.line(`${item.id}  ${given === null ? '(open)' : given.join(', ') || 'none'}`);
    for (const { role, content, asked } of shown)
      cli.out.line(`  ${asked ? '>' : ' '} ${role}: ${content.replaceAll('\n', ' / ')}`);
  }
  cli.out.event({ event: 'done', sample: name, items: sample.items.length, labelled: labels.size });
  cli.out.line(`${labels.size} of ${sample.items.length} labelled by ${state.options.labeller}`);
  return undefined;
}

async function setLabel(cli: Cli, name: string, item: string, text: string, options: ShowOptions): Promise<undefined> {
  const categories = text.trim() === 'none' ? [] : names(text);
  return await carryOut(cli, name, item, { type: 'set', categories }, options);
}

/** One command about one item, written before it is told. */
async function carryOut(
  cli: Cli,
  name: string,
  item: string | null,
  command: LabelCommand,
  options: ShowOptions,
): Promise<undefined> {
  const { labelStep } = await import('../../core/workflows/evaluate/label.ts');
  const { FoilError } = await import('../../core/errors.ts');
  const { store, state } = await open(cli, name, options);
  try {
    const now = cli.clock.now().getTime();
    const at = item === null ? null : labelStep(state, { type: 'goto', item }, now);
    const step = at?.refused ? at : labelStep(at?.state ?? state, command, now);
    if (step.refused !== null || step.write === null) {
      throw new FoilError('refused', step.refused ?? 'nothing is to be written', {
        remedy: 'see `foil eval label show`',
      });
    }
    await store.append(step.write);
    cli.out.event({ event: 'labelled', record: step.write });
    cli.out.line(
      `${step.write.item}: ${step.write.type === 'label' ? step.write.categories.join(', ') || 'none' : step.write.type}`,
    );
  } finally {
    await store.close();
  }
  return undefined;
}
