import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { Run, Surroundings } from './cli.ts';
import { registerAlternatives } from './commands/alternatives.ts';
import { registerChat } from './commands/chat.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEval } from './commands/eval.ts';
import { registerExport } from './commands/export.ts';
import { registerFeatures } from './commands/features.ts';
import { registerImport } from './commands/import.ts';
import { registerLoop } from './commands/loop.ts';
import { registerMine } from './commands/mine.ts';
import { registerModels } from './commands/models.ts';
import { registerPairs } from './commands/pairs.ts';
import { registerReview } from './commands/review.ts';
import { registerRuns } from './commands/runs.ts';
import { registerScore } from './commands/score.ts';
import { registerServe } from './commands/serve.ts';
import { registerSessions } from './commands/sessions.ts';
import { registerSetup } from './commands/setup.ts';
import { registerSimulate } from './commands/simulate.ts';
import { registerTrain } from './commands/train.ts';
import { registerWhy } from './commands/why.ts';

/** All commands. Each file of `commands/` declares one and loads what it needs only when it runs. */
export function createProgram(run: Run, around: Surroundings): Command {
  const program = new Command('foil')
    .description('A terminal workbench for adversarially trained user simulators.')
    .version(packageJson.version)
    .option('--workspace <dir>', 'folder with sessions/, pairs/ and foil.yaml', '.')
    .option('--json', 'JSON lines on stdout, and nothing else there', false)
    .configureHelp({ showGlobalOptions: true })
    // errors are printed in one place, by runCli
    .configureOutput({ writeOut: (text) => around.stdout.write(text), writeErr: () => {}, outputError: () => {} })
    .exitOverride();

  for (const register of [
    registerChat,
    registerSessions,
    registerScore,
    registerWhy,
    registerAlternatives,
    registerMine,
    registerPairs,
    registerReview,
    registerSimulate,
    registerTrain,
    registerRuns,
    registerLoop,
    registerEval,
    registerFeatures,
    registerImport,
    registerExport,
    registerModels,
    registerServe,
    registerSetup,
    registerDoctor,
  ])
    register(program, run);
  return program;
}
