import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FoilError } from '../../core/errors.ts';
import type { ModelRegistry } from '../../core/ports.ts';
import type { Job } from '../../core/stage/launcher.ts';
import type { Launchers, RunStore, Trainer, TrainerEvent } from '../../core/stage/ports.ts';
import { RUN_FILES, type RunRecord, type RunRequest } from '../../core/stage/run.ts';
import { hyperOf, sameValue } from '../../core/stage/table.ts';
import type { HyperValue, StageTable } from '../../core/stage/table-schema.ts';
import type { AdapterFolder } from '../registry/cards.ts';
import { checkName, diskError } from '../store/disk.ts';
import { writeRecord } from '../store/run-store.ts';
import { findAdapter, templateOf } from './adapters.ts';
import { adopt } from './adopt.ts';
import { stageCommand, stageEnvironment, writeAccelerateSettings } from './command.ts';
import { Inputs } from './inputs.ts';
import { runStage, trainPython } from './python.ts';
import { type RowStores, writeRows } from './rows.ts';
import { readStageTable } from './table.ts';

export interface TrainerOptions {
  /** Absolute; holds runs/ and models/. */
  readonly workspace: string;
  readonly runs: RunStore;
  readonly stores: RowStores;
  readonly launchers: Launchers;
  /** Names that are taken, and the folders of adapters. */
  readonly models: Pick<ModelRegistry, 'list'> & { card(name: string): Promise<AdapterFolder | null> };
  /** Base weights of the embedded engine, fetched first where they are missing. */
  baseWeights(signal: AbortSignal): AsyncGenerator<TrainerEvent, string>;
}

/** Builds wait here until they are started; the folder is no run, as its name starts with a dot. */
const PLANS = '.plans';
/** A build that nobody started for so long was left behind by a foil that died. */
const STALE_MS = 24 * 3600 * 1000;

export class LocalTrainer implements Trainer {
  private readonly options: TrainerOptions;

  constructor(options: TrainerOptions) {
    this.options = options;
  }

  table(): Promise<StageTable> {
    return readStageTable();
  }

  async *build(id: string, request: RunRequest, signal: AbortSignal): AsyncGenerator<TrainerEvent, RunRecord> {
    checkName(id, 'run');
    checkName(request.name, 'model');
    const { stage, preset, changes } = request;
    const hyper = hyperOf(await this.table(), stage, preset, changes);
    const launcher = await this.options.launchers.open(request.launcher);
    await this.sweep();
    const folder = this.planFolder(id);
    const inputs = new Inputs(folder);
    try {
      await mkdir(inputs.folder, { recursive: true });
      yield { type: 'step', text: 'writing rows' };
      const notices: string[] = [];
      const rows = await this.rows(request, hyper, inputs, (text) => notices.push(text));
      for (const text of notices) yield { type: 'notice', text };
      yield { type: 'step', text: 'copying template and code' };
      const parent = await this.parent(request);
      await inputs.copy('template', templateOf(parent), 'template.jinja', 'template.jinja');
      const adapter = parent ? await inputs.adapter(parent) : null;
      await inputs.code();
      await writeAccelerateSettings(folder, request.resources.gpus);
      signal.throwIfAborted();
      const base = request.base ?? launcher.base ?? (yield* this.options.baseWeights(signal));
      const spec = {
        stage,
        base,
        template: `${RUN_FILES.inputs}/template.jinja`,
        rows,
        name: request.name,
        kind: request.kind,
        seed: request.seed,
        hyper,
        ...(adapter === null ? {} : { adapter }),
      };
      await writeFile(join(folder, RUN_FILES.spec), `${JSON.stringify(spec, null, 1)}\n`, { flush: true });
      const record = recordOf(id, request, inputs);
      await writeRecord(folder, record);
      return record;
    } catch (error) {
      throw diskError(error, folder);
    }
  }

  async *preflight(id: string, request: RunRequest, signal: AbortSignal): AsyncGenerator<TrainerEvent, void> {
    const launcher = await this.options.launchers.open(request.launcher);
    const base = request.base ?? launcher.base;
    if (base !== null && !(await stat(base).catch(() => null))) {
      yield {
        type: 'notice',
        text: `the base is on the machine of ${launcher.name} alone: the run checks its rows there, before its first step`,
      };
      return;
    }
    const python = yield* trainPython(signal);
    yield { type: 'step', text: 'checking rows, lengths and memory' };
    const command = [python, '-m', 'foil_train', request.stage, '--spec', RUN_FILES.spec, '--out', RUN_FILES.output];
    const argv = [...command, '--events', 'preflight.jsonl', '--preflight'];
    yield* runStage(argv, { cwd: this.planFolder(id), env: stageEnvironment(1) }, signal);
  }

  async publish(id: string): Promise<void> {
    const to = this.options.runs.folder(id);
    await rename(this.planFolder(id), to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw diskError(error, to);
      throw new FoilError('no-plan', 'what was to be started is not there any more', {
        where: { file: this.planFolder(id) },
        remedy: 'plan it again',
      });
    });
  }

  async discard(id: string): Promise<void> {
    await rm(this.planFolder(id), { recursive: true, force: true });
  }

  async *job(record: RunRecord, attempt: number, signal: AbortSignal): AsyncGenerator<TrainerEvent, Job> {
    const { id, request } = record;
    const launcher = await this.options.launchers.open(record.launcher);
    const python = launcher.python ?? (yield* trainPython(signal));
    const hyper = hyperOf(await this.table(), request.stage, request.preset, request.changes);
    return {
      id,
      folder: this.options.runs.folder(id),
      argv: stageCommand(python, request, { resume: attempt > 1 }),
      env: stageEnvironment(typeof hyper['threads'] === 'number' ? hyper['threads'] : 1),
      resources: request.resources,
      attempt,
    };
  }

  async *adopt(record: RunRecord, name: string, signal: AbortSignal): AsyncGenerator<TrainerEvent, string> {
    const { workspace, runs, models, baseWeights } = this.options;
    const entries = await models.list();
    return yield* adopt(
      { workspace, folder: runs.folder(record.id), taken: entries.map((entry) => entry.name), baseWeights },
      record,
      name,
      signal,
    );
  }

  /** Rows of the run that this one was cloned from, if they are asked for in the same words; else new ones. */
  private async rows(
    request: RunRequest,
    hyper: Readonly<Record<string, HyperValue>>,
    inputs: Inputs,
    notice: (text: string) => void,
  ): Promise<Record<string, string>> {
    const { runs, stores } = this.options;
    if (request.from !== null) {
      const source = await runs.load(request.from);
      const before = hyperOf(await this.table(), source.stage, source.request.preset, source.request.changes);
      const same =
        JSON.stringify([source.stage, source.request.kind, source.request.rows]) ===
        JSON.stringify([request.stage, request.kind, request.rows]);
      if (same && sameValue(before['input'] ?? null, hyper['input'] ?? null)) return await this.shared(source, inputs);
    }
    return await writeRows(request, hyper, stores, inputs, notice);
  }

  private async shared(source: RunRecord, inputs: Inputs): Promise<Record<string, string>> {
    const files: Record<string, string> = {};
    for (const [key, input] of Object.entries(source.inputs)) {
      if (!input.file.endsWith('.jsonl')) continue;
      files[key] = (await inputs.share(key, this.options.runs.folder(source.id), input)).file;
    }
    return files;
  }

  private async parent({ stage, adapter }: RunRequest): Promise<AdapterFolder | null> {
    if (stage !== 'dpo') return null;
    if (adapter !== null) return await findAdapter(adapter, this.options.models);
    throw new FoilError('usage', 'DPO starts from the adapter of the previous simulator', {
      remedy: 'name it with --adapter',
    });
  }

  private planFolder(id: string): string {
    return join(this.options.workspace, 'runs', PLANS, id);
  }

  private async sweep(): Promise<void> {
    const folder = join(this.options.workspace, 'runs', PLANS);
    for (const name of await readdir(folder).catch(() => [])) {
      const seen = await stat(join(folder, name)).catch(() => null);
      if (seen && Date.now() - seen.mtimeMs > STALE_MS) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

function recordOf(id: string, request: RunRequest, inputs: Inputs): RunRecord {
  const { stage, name, preset, changes, launcher, from } = request;
  return {
    schema: 1,
    id,
    stage,
    name,
    preset,
    changed: changes,
    created: new Date().toISOString(),
    launcher,
    handle: null,
    from,
    notes: [],
    cancelled: null,
    adopted: null,
    request,
    inputs: inputs.taken,
    refused: null,
    ended: null,
    collected: false,
  };
}
