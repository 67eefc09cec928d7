import { type Command, Option } from 'commander';
import type { Task } from '../../core/evaluate/behaviour/taxonomy.ts';
import { chooseAnnotator, labelsDir } from '../annotators.ts';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';

/** `foil eval rules`: what the local annotator looks for, and how well that was found to agree with labels. */
export function registerRules(command: Command, run: Run): void {
  command
    .command('rules')
    .description('What each rule of the local annotator looks for, with its measured agreement.')
    .addOption(new Option('--task <task>', 'of what').choices(['actions', 'issues']).default('actions'))
    .option('--taxonomy <file>', 'a taxonomy of your own')
    .addHelpText('after', examples(['foil eval rules --task issues', 'one line a category; those without a rule too']))
    .action(run(rules));
}

async function rules(cli: Cli, options: { readonly task: Task; readonly taxonomy?: string }): Promise<undefined> {
  const { cuesOf, RULES } = await import('../../backends/annotate/rules/annotator.ts');
  const { aboutAnnotator } = await import('../../backends/annotate/open.ts');
  const { annotator, taxonomy } = await chooseAnnotator(cli, options.task, RULES, options.taxonomy);
  const { agreement } = await aboutAnnotator(annotator, labelsDir(cli));
  const cues = cuesOf(options.task);
  for (const { id, group, definition } of taxonomy.categories) {
    const [cue, measured] = [cues[id] ?? null, agreement.get(id) ?? null];
    cli.out.event({ event: 'rule', category: id, group, definition, cue, agreement: measured });
    const kappa = measured?.kappa == null ? '' : `  kappa ${measured.kappa.toFixed(2)} (n ${measured.n})`;
    cli.out.line(`${id.padEnd(24)} ${cue ?? 'no rule: it cannot see this'}${kappa}`);
  }
  return undefined;
}
