import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FoilError } from '../core/errors.ts';
import { LAUNCHER_KINDS } from '../core/stage/launcher.ts';
import type { RowSource, RunRequest, TrainingStage } from '../core/stage/run.ts';
import { PRESETS, type Preset, parseHyper } from '../core/stage/table.ts';
import type { HyperValue, StageTable } from '../core/stage/table-schema.ts';
import { integer } from './options.ts';

/** What `foil train` and `foil runs clone` can both be told of a run. */
export interface RequestOptions {
  readonly preset?: Preset;
  readonly set: readonly string[];
  readonly name?: string;
  readonly seed?: number;
  readonly base?: string;
  readonly launcher?: string;
  readonly gpus?: number;
  readonly cpus?: number;
  readonly memoryGb?: number;
  readonly hours?: number;
}

export interface TrainOptions extends RequestOptions {
  readonly train?: string;
  readonly valid?: string;
  readonly test?: string;
  readonly simulated: readonly string[];
  readonly pairs?: string | true;
  readonly adapter?: string;
  readonly real?: string;
  readonly kind?: 'simulator' | 'chatbot';
  readonly system?: string;
  readonly match: 'turns' | 'words' | 'none';
  readonly context: boolean;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

const positive = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It takes a number above 0.');
  return value;
};

/** The options of both commands. */
export function addRequestOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--preset <preset>', 'Table 6 of the paper, or the recipe for the 135M base').choices(PRESETS),
    )
    .option(
      '--set <key=value>',
      'a hyper-parameter with another value than the preset has; can be repeated',
      collect,
      [],
    )
    .option('--name <name>', 'name of the model that comes out of it')
    .option('--seed <n>', 'the same seed gives the same first losses', integer(0))
    .option(
      '--base <path>',
      "base weights on the machine that trains (default: the launcher's, else the embedded engine's)",
    )
    .option('--launcher <name>', `local, or one of foil.yaml (${LAUNCHER_KINDS.join(', ')})`)
    .option('--gpus <n>', 'GPUs to ask for; more than one run under FSDP2', integer(0, 64))
    .option('--cpus <n>', 'CPU cores to ask for', integer(1))
    .option('--memory-gb <n>', 'memory to ask for', positive)
    .option('--hours <n>', 'time to ask for', positive)
    .option('--dry-run', 'check rows, lengths and memory, and start nothing')
    .option('--follow', 'watch it; Ctrl+C leaves it running');
}

/** A request from nothing but options. @throws FoilError `usage` for those that do not fit the stage. */
export function requestOf(stage: TrainingStage, options: TrainOptions, table: StageTable, cwd: string): RunRequest {
  const preset = options.preset ?? 'small';
  const kind = stage === 'discriminator' ? 'discriminator' : stage === 'dpo' ? 'simulator' : sftKind(options);
  const source = (text: string | undefined) => (text === undefined ? null : sourceOf(text, cwd));
  return {
    stage,
    name: options.name ?? `${kind}-new`,
    kind,
    preset,
    changes: changesOf(options.set, table, stage),
    seed: options.seed ?? 17,
    rows: {
      train: pairSource(options.pairs, cwd) ?? source(options.train),
      valid: source(options.valid),
      test: source(options.test),
      real: source(options.real),
      simulated: [...options.simulated],
      match: options.match,
      context: options.context,
      system: options.system ?? null,
    },
    adapter: options.adapter ?? null,
    base: options.base === undefined ? null : resolve(cwd, options.base),
    launcher: options.launcher ?? 'local',
    resources: {
      // The paper trains on 8 GPUs; the small base runs on what the machine has.
      gpus: options.gpus ?? (preset === 'paper' ? 8 : 0),
      cpus: options.cpus ?? null,
      memoryGb: options.memoryGb ?? null,
      hours: options.hours ?? null,
    },
    from: null,
  };
}

/** Pairs of the workspace, of one set of it, or in a file. */
function pairSource(pairs: string | true | undefined, cwd: string): RowSource | null {
  if (pairs === undefined) return null;
  if (pairs === true) return { from: 'pairs' };
  return pairs.endsWith('.jsonl') ? fileSource(pairs, cwd) : { from: 'pairs', set: pairs };
}

/** A cloned request with changes; a change of the preset takes the changed hyper-parameters along. */
export function changedRequest(
  request: RunRequest,
  options: RequestOptions,
  table: StageTable,
  cwd: string,
): RunRequest {
  const { resources } = request;
  return {
    ...request,
    preset: options.preset ?? request.preset,
    changes: { ...request.changes, ...changesOf(options.set, table, request.stage) },
    name: options.name ?? request.name,
    seed: options.seed ?? request.seed,
    base: options.base === undefined ? request.base : resolve(cwd, options.base),
    launcher: options.launcher ?? request.launcher,
    resources: {
      gpus: options.gpus ?? resources.gpus,
      cpus: options.cpus ?? resources.cpus,
      memoryGb: options.memoryGb ?? resources.memoryGb,
      hours: options.hours ?? resources.hours,
    },
  };
}

function sftKind({ kind, system }: TrainOptions): 'simulator' | 'chatbot' {
  return kind ?? (system === undefined ? 'simulator' : 'chatbot');
}

function changesOf(set: readonly string[], table: StageTable, stage: TrainingStage): Record<string, HyperValue> {
  const changes: Record<string, HyperValue> = {};
  for (const text of set) {
    const at = text.indexOf('=');
    if (at < 1) {
      throw new FoilError('usage', `--set takes key=value, not "${text}"`, { remedy: 'for example --set lr=5e-5' });
    }
    const name = text.slice(0, at).trim();
    changes[name] = parseHyper(table, stage, name, text.slice(at + 1));
  }
  return changes;
}

/** A corpus by its name, or a file of rows by its path. */
function sourceOf(text: string, cwd: string): RowSource {
  return /\.jsonl$|[\\/]/u.test(text) ? fileSource(text, cwd) : { from: 'corpus', corpus: text };
}

function fileSource(text: string, cwd: string): RowSource {
  return { from: 'file', file: resolve(cwd, text) };
}
