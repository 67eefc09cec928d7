import type { Command } from 'commander';
import type { Run } from '../cli.ts';
import { registerAgreement } from './eval-agreement.ts';
import { registerAnnotate } from './eval-annotate.ts';
import { registerLabel } from './eval-label.ts';

/** `foil eval`: what an evaluation is made of, as commands. Each subcommand declares itself in a file of its own. */
export function registerEval(program: Command, run: Run): void {
  const command = program.command('eval').description('Evaluate simulators: annotate, label, measure agreement.');
  for (const register of [registerAnnotate, registerLabel, registerAgreement]) register(command, run);
}
