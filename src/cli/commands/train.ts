import { type Command, Option } from 'commander';
import type { RunPorts } from '../../core/stage/ports.ts';
import type { RunRequest, TrainingStage } from '../../core/stage/run.ts';
import type { Cli, Run } from '../cli.ts';
import { examples } from '../options.ts';
import { addRequestOptions, type TrainOptions } from '../run-request.ts';

const STAGES: readonly [stage: TrainingStage, description: string, examples: [string, string][]][] = [
  [
    'sft',
    'Teach a base one side of real sessions: a simulator, or a chatbot (Eq. 1).',
    [
      ['foil train sft --train esconv-train --valid esconv-valid --name sim-it0 --follow', 'a simulator, watched'],
      ['foil train sft --train t.jsonl --valid v.jsonl --set lr=5e-4 --dry-run', 'only check rows of your own'],
      ['foil train sft --preset paper --launcher cluster --train c --valid v', '8 GPUs of a cluster of foil.yaml'],
    ],
  ],
  [
    'discriminator',
    'Teach a fresh adapter to tell real users from simulated ones after each user turn (Eq. 3).',
    [
      [
        'foil train discriminator --train esconv-train --valid esconv-valid --simulated it0',
        'simulated on those contexts',
      ],
      [
        'foil train discriminator --train t --valid v --simulated it0 --set head=linear',
        "the paper's head, to compare",
      ],
    ],
  ],
  [
    'dpo',
    'Let a simulator prefer the turns that the discriminator takes for real (Eq. 5).',
    [
      ['foil train dpo --adapter sim-it0 --pairs it1 --name sim-it1', 'with the approved pairs of a set'],
      ['foil train dpo --adapter sim-it0 --pairs', 'with those of all sets'],
      ['foil train dpo --adapter sim-it0 --pairs it1 --real esconv-train --set real_weight=5', 'kept near real users'],
      ['foil train dpo --adapter sim-it0 --pairs rows.jsonl --set beta=0.5', 'with a file of rows'],
    ],
  ],
];

/** `foil train`: starts a training run that needs no terminal. */
export function registerTrain(program: Command, run: Run): void {
  const train = program
    .command('train')
    .description('Start a training run; it goes on without this terminal (see `foil runs`).');
  for (const [stage, description, shown] of STAGES) {
    const command = addRequestOptions(train.command(stage).description(description));
    const source = 'a corpus, or a file of rows (.jsonl)';
    if (stage !== 'dpo') command.option('--train <source>', `rows to learn from: ${source}`);
    command.option('--valid <source>', `rows to validate on: ${source}`);
    if (stage === 'dpo') {
      command
        .option('--adapter <model>', 'simulator to go on with: policy and frozen reference; a name, or a folder')
        .option('--pairs [set]', 'approved pairs: of all sets, of one, or of a file of rows (.jsonl)')
        .option('--real <source>', `sessions of real users, for real_weight: ${source}`);
    }
    if (stage === 'sft') {
      command
        .addOption(new Option('--kind <kind>', 'whose turns are learnt').choices(['simulator', 'chatbot']))
        .option('--system <text>', 'system text of a chatbot');
    }
    if (stage === 'discriminator') {
      command
        .option('--test <source>', 'rows for its figures, where the step is chosen on --valid')
        .option('--simulated <corpus>', 'simulated sessions of those contexts; can be repeated', collect, [])
        .addOption(
          new Option('--match <by>', 'how lengths are matched').choices(['turns', 'words', 'none']).default('turns'),
        )
        .option('--no-context', 'leave the context c out');
    }
    command
      .addHelpText('after', examples(...shown))
      .action(run((cli: Cli, options: TrainOptions & StartOptions) => trainCommand(cli, stage, options)));
  }
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export interface StartOptions {
  readonly dryRun?: boolean;
  readonly follow?: boolean;
}

async function trainCommand(
  cli: Cli,
  stage: TrainingStage,
  options: TrainOptions & StartOptions,
): Promise<number | undefined> {
  const { requestOf } = await import('../run-request.ts');
  const ports = await cli.runs();
  const given = {
    ...options,
    simulated: options.simulated ?? [],
    match: options.match ?? 'turns',
    context: options.context ?? true,
  };
  const request = requestOf(stage, given, await ports.trainer.table(), cli.around.cwd);
  return await planAndStart(cli, ports, request, options);
}

/** Plans a run, and starts it unless it is a dry run; the exit code of what was followed. */
export async function planAndStart(
  cli: Cli,
  ports: RunPorts,
  request: RunRequest,
  options: StartOptions,
): Promise<number | undefined> {
  const { discardPlan, planRun, startRun } = await import('../../core/workflows/runs/manage.ts');
  const { followRun } = await import('../../core/workflows/runs/watch.ts');
  const { followToEnd, showPlan, showStart } = await import('../run-output.ts');
  const { out } = cli;
  const plan = await showPlan(cli, planRun(ports, request, cli.signal));
  out.event({ event: 'planned', run: plan.id, request, inputs: plan.record.inputs });
  if (options.dryRun) {
    await discardPlan(ports, plan);
    out.line('checked; nothing was started');
    return undefined;
  }
  const record = await showStart(cli, startRun(ports, plan, cli.signal));
  if (options.follow) return await followToEnd(cli, followRun(ports, record.id, cli.signal), record.id);
  out.line(`watch it with: foil runs follow ${record.id}`);
  return undefined;
}
