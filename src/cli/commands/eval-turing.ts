import { type Command, Option } from 'commander';
import type { TuringStores } from '../../core/workflows/turing/sitting.ts';
import type { TuringCommand, TuringSettings } from '../../core/workflows/turing/types.ts';
import type { Cli, Run } from '../cli.ts';
import { corporaOf } from '../corpus.ts';
import { examples, integer, names, settingsOf } from '../options.ts';
import { reviewerOf } from '../pair-sets.ts';
import { tellView, tellWritten } from '../turing-output.ts';

interface StartOptions {
  readonly real: string;
  readonly split?: string;
  readonly simulated: string;
  readonly n?: number;
  readonly seed?: number;
  readonly turns?: number;
  readonly sides?: TuringSettings['sides'];
  readonly input?: TuringSettings['input'];
  readonly context: boolean;
  readonly feedback: boolean;
  readonly scale?: string;
}

interface ByOptions {
  readonly by?: string;
  readonly at?: string;
}

/** `foil eval turing`: a person guesses, turn by turn, whether the user of a session is real; for scripts. */
export function registerTuring(command: Command, run: Run): void {
  const turing = command
    .command('turing')
    .description('Guess blind, turn by turn, whether users are real; beside the discriminators on the same turns.');
  turing
    .command('start')
    .argument('<name>', 'name of the sitting')
    .description('Draw sessions to judge, by a seed: contexts that all corpora have, one side of each.')
    .requiredOption('--real <corpus>', 'real sessions')
    .requiredOption('--simulated <corpora>', 'simulated sessions on the same contexts; corpora with commas between')
    .option('--split <name>', 'only real sessions whose meta.split is this')
    .option('--n <n>', 'sessions (default: 20)', integer(2, 1000))
    .option('--seed <n>', 'the same seed draws the same sessions (default: 1)', integer(0))
    .option(
      '--turns <n>',
      'user turns of each at most (default: as many as the shortest side of its context)',
      integer(1),
    )
    .addOption(
      new Option(
        '--sides <how>',
        'coin: each by a coin; half: as many real as simulated, which can be counted (default: coin)',
      ).choices(['half', 'coin']),
    )
    .addOption(
      new Option(
        '--input <input>',
        'what is shown of the chatbot (default: user-turns, as discriminators read)',
      ).choices(['user-turns', 'all']),
    )
    .option('--no-context', 'without what the session is about')
    .option('--no-feedback', 'the truth is shown for no session, and figures only at the end')
    .option('--scale <ps>', 'p(real) of the keys 1, 2, ... (default: 0.05,0.2,0.4,0.6,0.8,0.95)')
    .addHelpText(
      'after',
      examples(
        [
          'foil eval turing start blind --real esconv-test --simulated it0-test --n 20',
          'turing/blind.jsonl: ids, no text',
        ],
        ['foil eval turing next blind', 'the first turn to guess; on the screen: F6, then t'],
      ),
    )
    .action(run(start));
  const shared = (name: string, about: string, example: string): Command =>
    turing
      .command(name)
      .argument('<sitting>', 'name of the sitting')
      .description(about)
      .addHelpText('after', examples([`foil eval turing ${name} ${example}`.trimEnd(), '']))
      .option('--by <name>', 'who guesses (default: the user of this machine)');
  const act = (name: string, about: string, example: string): Command =>
    shared(name, about, example).option(
      '--at <place>',
      'refuse unless this is what `next` shows: SESSION/TURN as 3/2, 3/judged, or end',
    );
  shared(
    'next',
    'What is to be guessed: the session up to a user turn. Says nothing of where it comes from.',
    'blind',
  ).action(run(next));
  act('guess', 'Guess the turn that `next` shows: a key of the scale, 1 for surely simulated.', 'blind 5 --at 3/2')
    .argument('<key>', 'key of the scale, from 1', integer(1, 9))
    .action(
      run((cli: Cli, name: string, level: number, options: ByOptions) =>
        carryOut(cli, name, { type: 'guess', level }, options),
      ),
    );
  act('note', 'Write a note on the session.', 'blind "repeats itself"')
    .argument('<text>', 'the note')
    .action(
      run((cli: Cli, name: string, text: string, options: ByOptions) =>
        carryOut(cli, name, { type: 'note', text }, options),
      ),
    );
  turing
    .command('show')
    .argument('<sittings...>', 'names of sittings')
    .description(
      'How often people and discriminators were right on the same turns; sessions that are still judged count nowhere.',
    )
    .option('--seed <n>', 'of the intervals', integer(0), 1)
    .option('--draws <n>', 'bootstrap samples of each interval', integer(100, 1_000_000), 2000)
    .addHelpText('after', examples(['foil eval turing show blind', 'as `foil eval --turing blind` counts it']))
    .action(run(show));
  const plain = [
    ['skip', 'Leave the session out.', 'skip'],
    ['undo', 'Take back the last guess or skip, as long as the truth about it was not shown.', 'undo'],
    ['truth', 'After the last guess of a session: what it was. Its guesses then stand.', 'next'],
  ] as const;
  for (const [name, about, type] of plain)
    act(name, about, 'blind').action(
      run((cli: Cli, sitting: string, options: ByOptions) => carryOut(cli, sitting, { type }, options)),
    );
}

async function start(cli: Cli, name: string, options: StartOptions): Promise<undefined> {
  const { startSitting } = await import('../../core/workflows/turing/start.ts');
  const { turingSettingsSchema } = await import('../../core/workflows/turing/types.ts');
  const { scale, simulated, ...rest } = options;
  const given = {
    ...{ ...rest, simulated: names(simulated) },
    ...(scale === undefined ? {} : { scale: names(scale).map(Number) }),
  };
  const settings = settingsOf(turingSettingsSchema, given, 'foil eval turing start');
  const ports = { sessions: corporaOf(cli), stores: await stores(cli), clock: cli.clock };
  const { sessions, guesses, notices } = await startSitting(ports, name, settings);
  cli.out.event({ event: 'sitting', name, sessions, guesses, settings });
  cli.out.line(
    `${sessions} sessions with ${guesses} user turns drawn into turing/${name}.jsonl, which holds the key: do not read it`,
  );
  for (const notice of notices) cli.out.notice(notice);
  cli.out.line(`begin: foil eval turing next ${name}, or F6 and t on the screen`);
  return undefined;
}

async function stores(cli: Cli): Promise<TuringStores> {
  const { openTuringStores } = await import('../../backends/evaluate/turing.ts');
  const { formatError } = await import('../../core/errors.ts');
  return openTuringStores(cli.workspace, (problem) => cli.out.notice(formatError(problem)));
}

/** A sitting as one person has it, and its file. */
async function open(cli: Cli, name: string, { by }: ByOptions) {
  const { openTuring } = await import('../../core/workflows/turing/machine.ts');
  const store = await (await stores(cli)).open(name);
  const options = { by: reviewerOf(cli, by), timed: false };
  return { store, state: openTuring(store.head, store.records, options, cli.clock.now().getTime()) };
}

async function next(cli: Cli, name: string, options: ByOptions): Promise<undefined> {
  const { turingView } = await import('../../core/workflows/turing/sitting.ts');
  const { store, state } = await open(cli, name, options);
  await store.close();
  tellView(cli, name, await turingView(await cli.sessions(), state), store.head.settings);
  return undefined;
}

/** One command, written before it is told. */
async function carryOut(cli: Cli, name: string, command: TuringCommand, options: ByOptions): Promise<undefined> {
  const { turingStep } = await import('../../core/workflows/turing/machine.ts');
  const { turingView } = await import('../../core/workflows/turing/sitting.ts');
  const { FoilError } = await import('../../core/errors.ts');
  const { store, state } = await open(cli, name, options);
  try {
    const { refused, ...step } = turingStep(state, { ...command, at: options.at }, cli.clock.now().getTime());
    if (refused !== null || step.write === null)
      throw new FoilError('refused', refused ?? 'nothing is to be written', {
        remedy: `see \`foil eval turing next ${name}\``,
      });
    await store.append(step.write);
    tellWritten(cli, step.write);
    if (step.write.type === 'truth')
      tellView(cli, name, await turingView(await cli.sessions(), step.state), store.head.settings);
  } finally {
    await store.close();
  }
  return undefined;
}

async function show(cli: Cli, sittings: string[], draws: { seed: number; draws: number }): Promise<undefined> {
  const { sittingExhibits } = await import('../../core/workflows/turing/figures.ts');
  const { printExhibit } = await import('../eval-output.ts');
  const ports = { sessions: corporaOf(cli), stores: await stores(cli) };
  const { exhibits, simulated } = await sittingExhibits(ports, sittings, null, draws);
  for (const exhibit of exhibits) {
    cli.out.event({ event: 'exhibit', metric: 'turing', exhibit });
    printExhibit(cli, exhibit, simulated);
  }
  return undefined;
}
