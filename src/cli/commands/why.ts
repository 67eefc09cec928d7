import type { Command } from 'commander';
import { FoilError } from '../../core/errors.ts';
import { sigmoid } from '../../core/reward/reward.ts';
import type { WhyEvent } from '../../core/workflows/evaluate/whys.ts';
import type { Cli, Run } from '../cli.ts';
import { examples, integer } from '../options.ts';

interface WhyOptions {
  readonly turn?: number;
  readonly discriminator?: string;
  readonly most?: number;
}

/** `foil why`: what of a session moves the log-odds of a discriminator. */
export function registerWhy(program: Command, run: Run): void {
  program
    .command('why')
    .argument('<corpus>', 'a corpus')
    .argument('<session>', 'id of a session of it')
    .description('Why a session, or one user turn of it, looks real or simulated: z with each part less z without it.')
    .option('--turn <t>', 'only this user turn, from 1: its sentences, clauses and words', integer(1))
    .option('--discriminator <name>', 'instead of the one in foil.yaml')
    .option('--most <n>', 'parts that are taken out of a turn at most; each is a request', integer(1), 64)
    .addHelpText(
      'after',
      examples(
        ['foil why it0-test simulator-it0.a.7.0', 'which of its user turns give it away'],
        ['foil why it0-test simulator-it0.a.7.0 --turn 3 --json', 'which words of one do'],
      ),
    )
    .action(run(why));
}

async function why(cli: Cli, corpus: string, id: string, options: WhyOptions): Promise<undefined> {
  const { whysOfSession, whysOfTurn } = await import('../../core/workflows/evaluate/whys.ts');
  const { countUserTurns } = await import('../../core/session/tree.ts');
  const name = options.discriminator ?? (await cli.roles()).discriminator;
  if (name === null) {
    throw new FoilError('usage', 'no discriminator is named', {
      remedy: '--discriminator NAME: foil models lists them',
    });
  }
  const session = await (await cli.sessions()).read(corpus, id);
  const { turn: t } = options;
  const turns = countUserTurns(session.turns);
  if (t !== undefined && t > turns)
    throw new FoilError('usage', `${id} has ${turns} user turns`, { remedy: `--turn 1 to ${turns}` });
  const discriminator = await (await cli.registry()).discriminator(name, cli.signal);
  const asked =
    t === undefined
      ? whysOfSession(discriminator, session, cli.signal)
      : whysOfTurn(discriminator, session, t, cli.signal, options.most);
  for (;;) {
    const next = await asked.next();
    if (!next.done) {
      show(cli, next.value, name);
      continue;
    }
    cli.out.progress(null);
    cli.out.event({ event: 'done', corpus, session: id, discriminator: name, turn: t ?? null, whys: next.value });
    cli.out.line(' change of z  part (below 0 it gives the simulator away)');
    for (const { effect, grain, t: at, text } of next.value) {
      const what = grain === 'turn' ? `t ${at}` : grain;
      cli.out.line(`${effect.toFixed(2).padStart(12)}  ${what.padEnd(9)} ${text.replaceAll('\n', ' / ')}`);
    }
    return undefined;
  }
}

function show(cli: Cli, event: WhyEvent, discriminator: string): void {
  if (event.type === 'begin') {
    cli.out.event({ event: 'begin', discriminator, z: event.z, p: sigmoid(event.z), of: event.of });
    cli.out.line(`${discriminator}: z ${event.z.toFixed(2)}, p ${sigmoid(event.z).toFixed(3)}`);
    return;
  }
  cli.out.event({ event: 'why', ...event.why });
  cli.out.progress({ step: 'taking out', text: `${event.done} of ${event.of} parts` });
}
