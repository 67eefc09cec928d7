import { type Command, InvalidArgumentError } from 'commander';
import { FoilError } from '../../core/errors.ts';
import { fieldPath } from '../../core/fields.ts';
import type { AbPair, EvaluationSpec } from '../../core/workflows/evaluate/spec.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';

interface RunOptions {
  readonly name: string;
  readonly real?: string;
  readonly split?: string;
  readonly simulated?: string[];
  readonly simulators?: string[];
  readonly training?: string;
  readonly discriminators?: string[];
  readonly score: boolean;
  readonly actions?: string;
  readonly issues?: string;
  readonly encoder?: string;
  readonly ab: AbPair[];
  readonly turing?: string[];
  readonly giveaways?: number;
  readonly metrics?: string[];
  readonly allContexts?: boolean;
  readonly turns?: number | 'equal';
  readonly seed?: number;
  readonly draws?: number;
  readonly again?: boolean;
}

/** `foil eval [run]`: computes an evaluation, and prints its tables as they come. */
export function registerEvalRun(group: Command, run: Run): void {
  group
    .command('run', { isDefault: true })
    .description(
      'Compute an evaluation (evaluations/NAME/spec.json), and print each table once it is there. With the name of one that is there, only what changed is computed again.',
    )
    .requiredOption('--name <name>', 'of the evaluation')
    .option('--real <corpus>', 'real sessions that nothing learnt from: a held-out split')
    .option('--split <name>', 'of these only sessions whose meta.split is this; "any" for all')
    .option('--simulated <corpora>', 'simulated sessions, with commas between; grouped by who simulated them', list)
    .option('--simulators <names>', 'only these, in this order', list)
    .option('--training <corpus>', 'real sessions that the simulators learnt from, to look for memorisation')
    .option('--discriminators <names>', 'sessions without scores by them are scored first', list)
    .option('--no-score', 'only scores that are there')
    .option('--actions <annotator>', 'who finds user actions: rules, a judge of foil.yaml, or none')
    .option('--issues <annotator>', "who finds what is wrong with the chatbot's messages: likewise")
    .option('--encoder <name>', 'what decides which sessions are near: words, minilm, or SERVER[:MODEL] of foil.yaml')
    .option('--ab <name=control:treatment>', 'an A/B test of two chatbots; can be repeated', pair, [])
    .option('--turing <names>', 'sittings of `foil eval turing` whose guesses stand beside the discriminators', list)
    .option('--giveaways <n>', 'sessions of each simulator to find give-aways in; some 20 requests each', integer(0))
    .option('--metrics <ids>', 'only these; "all" for all', list)
    .option('--all-contexts', 'also contexts that not all sides have sessions of')
    .option(
      '--turns <n>',
      'read sessions to their first n user turns; "equal": as far as the shortest of its context',
      turns,
    )
    .option('--seed <n>', 'of the intervals', integer(0))
    .option('--draws <n>', 'bootstrap samples of each interval', integer(100, 1_000_000))
    .option('--again', 'compute also what nothing has changed of')
    .addHelpText(
      'after',
      `${examples(
        [
          'foil eval --name it0 --real esconv-test --simulated it0-test --discriminators discriminator-it0',
          'all of it',
        ],
        ['foil eval --name it0', 'again, from its spec'],
        ['foil eval --name words --real a --simulated b,c --metrics linguistic --json', 'exhibits as JSON lines'],
      )}

A table that cannot be computed says why in its place, and the others go on. docs/evaluate.md says what each means.`,
    )
    .action(run(runCommand));
}

async function runCommand(cli: Cli, options: RunOptions): Promise<undefined> {
  const { evaluate } = await import('../../core/workflows/evaluate/evaluate.ts');
  const { evaluationPrinter } = await import('../eval-output.ts');
  const { changedFields, commandOf } = await import('../../core/workflows/evaluate/spec.ts');
  const ports = await cli.evaluations();
  const before = await ports.evaluations.find(options.name);
  const spec = await specOf(cli, before, options);
  const changed = before ? changedFields(before, spec) : [];
  if (changed.length > 0) cli.out.notice(`${spec.name}: ${changed.join(', ')} changed`);
  if (!before || changed.length > 0) await ports.evaluations.save(spec);
  const show = evaluationPrinter(cli);
  const request = { spec, command: commandOf(spec), again: options.again };
  for await (const event of evaluate(ports, request, cli.signal)) show(event);
  return undefined;
}

/** What is asked for, over what the evaluation was before. */
async function specOf(cli: Cli, before: EvaluationSpec | null, options: RunOptions): Promise<EvaluationSpec> {
  const { checkSpec, specSchema } = await import('../../core/workflows/evaluate/spec.ts');
  const { metricsOf } = await import('../../core/workflows/evaluate/evaluate.ts');
  const real = options.real ?? before?.real;
  const simulated = options.simulated ?? before?.simulated;
  if (real === undefined || simulated === undefined) {
    throw new FoilError('usage', `there is no evaluation "${options.name}" yet: say what it is of`, {
      remedy: '--real CORPUS --simulated CORPUS[,CORPUS]; foil sessions lists the corpora',
    });
  }
  const annotators = before?.annotators ?? { actions: 'rules', issues: 'rules' };
  const own = (name: string | undefined, kept: string | null) =>
    name === undefined ? kept : name === 'none' ? null : name;
  const given = {
    ...{ schema: 1, name: options.name, real, simulated },
    ...(options.split === undefined ? {} : { split: options.split === 'any' ? null : options.split }),
    ...(options.simulators ? { simulators: options.simulators } : {}),
    ...(options.training === undefined ? {} : { training: options.training }),
    ...(options.discriminators ? { discriminators: options.discriminators } : {}),
    ...(options.score ? {} : { score: false }),
    ...{
      annotators: { actions: own(options.actions, annotators.actions), issues: own(options.issues, annotators.issues) },
    },
    ...(options.encoder === undefined ? {} : { encoder: options.encoder }),
    ...(options.ab.length > 0 ? { ab: options.ab } : {}),
    ...(options.turing ? { turing: options.turing } : {}),
    ...(options.giveaways === undefined ? {} : { giveaways: options.giveaways }),
    ...(options.metrics ? { metrics: options.metrics.includes('all') ? null : options.metrics } : {}),
    ...(options.allContexts ? { same_contexts: false } : {}),
    ...(options.turns === undefined ? {} : { turns: options.turns }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.draws === undefined ? {} : { draws: options.draws }),
  };
  const parsed = specSchema.safeParse({ ...before, ...given });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FoilError('usage', `${fieldPath(issue?.path ?? [])}: ${issue?.message ?? 'it cannot be used'}`, {
      remedy: 'see `foil eval run --help`',
    });
  }
  checkSpec(parsed.data);
  metricsOf(parsed.data);
  await checkCorpora(cli, parsed.data);
  if (options.encoder !== undefined) {
    const { checkEncoder } = await import('../../backends/encode/open.ts');
    checkEncoder(options.encoder, await cli.config());
  }
  return parsed.data;
}

/** Before anything is written. @throws FoilError `unknown-corpus`. */
async function checkCorpora(cli: Cli, { real, simulated, training }: EvaluationSpec): Promise<void> {
  const { nearest } = await import('../../core/fields.ts');
  const known = (await (await cli.sessions()).corpora()).map(({ name }) => name);
  for (const name of [real, ...simulated, ...(training === null ? [] : [training])]) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new FoilError('unknown-corpus', `there is no corpus "${name}"`, {
      remedy: [...(near ? [`did you mean "${near}"?`] : []), `known: ${known.join(', ') || 'none yet'}`],
    });
  }
}

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new InvalidArgumentError('It takes names with commas between.');
  return names;
}

function pair(text: string, before: readonly AbPair[]): AbPair[] {
  const [, name, control, treatment] = /^([^=]+)=([^:]+):([^:]+)$/u.exec(text) ?? [];
  if (!name || !control || !treatment) throw new InvalidArgumentError('It takes NAME=CONTROL:TREATMENT.');
  return [...before, { name, control, treatment }];
}

function turns(text: string): number | 'equal' {
  return text === 'equal' ? text : integer(1)(text);
}
