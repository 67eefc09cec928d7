import { type Command, Option } from 'commander';
import type { Extent, LoopPorts } from '../../core/workflows/loop/types.ts';
import type { Cli, Run } from '../cli.ts';
import { EXIT } from '../failure.ts';
import type { NewLoopOptions } from '../loop-settings.ts';
import { examples, integer } from '../options.ts';
import { reviewerOf } from '../pair-sets.ts';

/** `foil loop`: Algorithm 1 from one end to the other, with its lineage. */
export function registerLoop(program: Command, run: Run): void {
  const loop = program
    .command('loop')
    .description('The adversarial loop: simulate, judge, mine, review, DPO, check; again.');
  const collect = (value: string, before: readonly string[]) => [...before, value];

  loop
    .command('new')
    .argument('<name>', 'its models, corpora and sets are named after it')
    .description('Make a loop, and start nothing. It is kept in loops/NAME/loop.json, which can be edited.')
    .requiredOption('--train <corpus>', 'real sessions whose contexts are simulated and learnt from')
    .requiredOption('--valid <corpus>', 'real sessions of other contexts: what is judged stands on these')
    .option('--test <corpus>', 'real sessions of a third kind of contexts, for the figures of D')
    .option('--simulator <name>', 'simulator 0, instead of the one in foil.yaml')
    .option('--chatbots <names>', '"all" configurations, or some with commas between (default: the one in foil.yaml)')
    .option('--iterations <n>', 'rounds (the paper: 3)', integer(1, 100))
    .option('--held-out <name>', 'a discriminator that no round mines with, as a second opinion')
    .option('--sessions <corpora>', 'of simulator 0, TRAIN,VALID[,TEST]: iteration 0 takes these, and makes none')
    .option('--discriminator <name>', 'learnt from these sessions: iteration 0 takes it, and trains none')
    .option('--auto-approve', 'a rule reviews the pairs instead of a person, and signs for it')
    .option('--launcher <name>', 'where models are trained: local, or one of foil.yaml')
    .option(
      '--set <path=value>',
      'any setting of loop.json, as discriminator.changes.lr=5e-4; can be repeated',
      collect,
      [],
    )
    .addHelpText(
      'after',
      examples(
        ['foil loop new demo --train esconv-train --valid esconv-valid', "the paper's numbers, a person at the gate"],
        [
          'foil loop new on --train t --valid v --sessions it0-t,it0-v --discriminator discriminator-it0',
          'from what is there',
        ],
        ['foil loop new try --train t --valid v --auto-approve --set limits.train=20', 'a small one without a person'],
      ),
    )
    .action(run(create));

  loop
    .command('show', { isDefault: true })
    .argument('[name]', 'a loop; without it, all of them')
    .description('The grid of its stages: state, yield and time of each, and the alarms that fire.')
    .addHelpText('after', examples(['foil loop show demo', ''], ['foil loop show demo --json', 'with all figures']))
    .action(run(show));

  loop
    .command('run')
    .argument('<name>', 'a loop')
    .description(
      'Run it from where it is. Ctrl+C stops it; a training job goes on, and the same command finds it again.',
    )
    .addOption(new Option('--until <what>', 'how far').choices(['stage', 'iteration', 'all']).default('all'))
    .addHelpText(
      'after',
      `${examples(['foil loop run demo', 'to the gate, or to the end'], ['foil loop run demo --until stage', 'the next stage alone'])}

Exit code 0 also where it waits for a person at the gate: the last event says which.`,
    )
    .action(run(runCommand));

  loop
    .command('open')
    .argument('<name>', 'a loop')
    .description('Open the gate that waits: the pairs that are approved by now are trained on.')
    .option('--iteration <k>', 'of this iteration', integer(0))
    .option('--reviewer <name>', 'who opens it (default: the user of this machine)')
    .addHelpText('after', examples(['foil loop open demo', 'after foil review']))
    .action(run(open));

  loop
    .command('alarms')
    .argument('<name>', 'a loop')
    .description('Every alarm with its threshold, and its value in each iteration.')
    .option('--strict', 'exit code 1 if one fires')
    .addHelpText('after', examples(['foil loop alarms demo', ''], ['foil loop alarms demo --strict', 'in a script']))
    .action(run(alarms));
}

async function create(cli: Cli, name: string, options: NewLoopOptions): Promise<undefined> {
  const { newLoop } = await import('../loop-settings.ts');
  const ports = await cli.loops();
  const settings = await newLoop(cli, name, options);
  await ports.loops.create(settings);
  cli.out.event({ event: 'created', settings });
  cli.out.line(`loops/${name}/loop.json holds its settings; run it with: foil loop run ${name}`);
  return undefined;
}

async function show(cli: Cli, name: string | undefined): Promise<undefined> {
  const { readLoop } = await import('../../core/workflows/loop/read.ts');
  const { printGrid } = await import('../loop-output.ts');
  const ports = await cli.loops();
  if (name === undefined) {
    const names = await ports.loops.list();
    for (const one of names) {
      const { grid } = await readLoop(ports, one);
      const next = grid.next && { iteration: grid.next.iteration, stage: grid.next.stage, state: grid.next.state };
      cli.out.event({ event: 'loop', name: one, next });
      cli.out.line(`${one}  ${next ? `iteration ${next.iteration}, ${next.stage} ${next.state}` : 'done'}`);
    }
    if (names.length === 0) cli.out.line('No loops yet: foil loop new --help');
    return undefined;
  }
  const state = await readLoop(ports, name);
  const { settings, grid, alarms: all } = state;
  cli.out.event({ event: 'loop', name, settings, rows: grid.rows, next: grid.next, alarms: all });
  printGrid(cli, state);
  return undefined;
}

async function runCommand(cli: Cli, name: string, { until }: { until: Extent }): Promise<undefined> {
  const { runLoop } = await import('../../core/workflows/loop/loop.ts');
  const { showLoopEvent } = await import('../loop-output.ts');
  const ports: LoopPorts = await cli.loops();
  for await (const event of runLoop(ports, name, until, cli.signal)) showLoopEvent(cli, name, event);
  return undefined;
}

async function open(cli: Cli, name: string, options: { iteration?: number; reviewer?: string }): Promise<undefined> {
  const { openGate } = await import('../../core/workflows/loop/loop.ts');
  const by = reviewerOf(cli, options.reviewer);
  const cell = await openGate(await cli.loops(), name, by, options.iteration ?? null);
  cli.out.event({ event: 'opened', iteration: cell.iteration, by });
  cli.out.line(`iteration ${cell.iteration} is open; go on with: foil loop run ${name}`);
  return undefined;
}

async function alarms(cli: Cli, name: string, { strict }: { strict?: true }): Promise<number | undefined> {
  const { readLoop } = await import('../../core/workflows/loop/read.ts');
  const { printAlarms } = await import('../loop-output.ts');
  const { alarms: all } = await readLoop(await cli.loops(), name);
  for (const alarm of all) cli.out.event({ event: 'alarm', ...alarm });
  printAlarms(cli, all);
  return strict && all.some(({ verdict }) => verdict === 'alarm') ? EXIT.failed : undefined;
}
