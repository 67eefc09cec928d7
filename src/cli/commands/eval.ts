import type { Command } from 'commander';
import type { Run } from '../cli.ts';
import { examples } from '../options.ts';
import { registerAgreement } from './eval-agreement.ts';
import { registerAnnotate } from './eval-annotate.ts';
import { registerLabel } from './eval-label.ts';
import { registerRatings } from './eval-ratings.ts';
import { registerRules } from './eval-rules.ts';
import { registerEvalRun } from './eval-run.ts';
import { registerEvalShow } from './eval-show.ts';
import { registerTuring } from './eval-turing.ts';

/** `foil eval`: is a simulator real enough to trust, and how sure are we? Each subcommand declares itself in a file of its own. */
export function registerEval(program: Command, run: Run): void {
  const command = program
    .command('eval')
    .description("Real sessions beside simulated ones: the paper's tables and figures with intervals, and controls.")
    .addHelpText(
      'after',
      examples(
        [
          'foil eval --name it0 --real esconv-test --simulated it0-test --discriminators discriminator-it0',
          'all of it',
        ],
        ['foil eval run --help', 'what can be set'],
        ['foil eval report it0 --out it0.html', 'one file to read and to send'],
      ),
    );
  for (const register of [
    registerEvalRun,
    registerEvalShow,
    registerAnnotate,
    registerRules,
    registerRatings,
    registerLabel,
    registerAgreement,
    registerTuring,
  ])
    register(command, run);
}
