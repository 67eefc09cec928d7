import type { Clock, ModelRegistry, Ports } from '../ports.ts';
import type { StageEvent } from './events.ts';
import type { FilePiece, Job, Launcher } from './launcher.ts';
import type { RunRecord, RunRequest } from './run.ts';
import type { StageTable } from './table-schema.ts';

/** What training runs need from the world; the rest is in `../ports.ts`. */

/** A folder among the runs that is none, or none that this version can read. */
export interface SkippedFolder {
  readonly folder: string;
  readonly reason: string;
}

/** Records of runs, and the files of their folders on this machine. A record is whole on the disk when its promise resolves. */
export interface RunStore {
  /** Newest first. */
  list(): Promise<{ runs: RunRecord[]; skipped: SkippedFolder[] }>;
  /** @throws FoilError for an unknown id, or a record that cannot be read. */
  load(id: string): Promise<RunRecord>;
  /** The only way to change a record: `change` sees what is on the disk, with no other writer between. */
  update(id: string, change: (record: RunRecord) => RunRecord): Promise<RunRecord>;
  /** Absolute. */
  folder(id: string): string;
  /** At most `limit` bytes of a file of the run's folder here; of a file that is not there, none. */
  read(id: string, file: string, from: number, limit: number): Promise<FilePiece>;
}

/** What the trainer tells while it works: what it does, and a line of what a program prints. */
export type TrainerEvent =
  | { readonly type: 'step'; readonly text: string }
  | { readonly type: 'line'; readonly text: string }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'event'; readonly event: StageEvent };

/** Makes runs: their folders, their command lines, and models of what they wrote. */
export interface Trainer {
  table(): Promise<StageTable>;
  /** Builds the folder of a run that is not to be seen yet. @throws FoilError for rows, models or values that cannot be used. */
  build(id: string, request: RunRequest, signal: AbortSignal): AsyncGenerator<TrainerEvent, RunRecord>;
  /** The stage's own check of that folder, on this machine. @throws FoilError with what is wrong and its remedy. */
  preflight(id: string, request: RunRequest, signal: AbortSignal): AsyncGenerator<TrainerEvent, void>;
  /** Makes a built folder a run. */
  publish(id: string): Promise<void>;
  /** Removes a built folder that did not become a run. */
  discard(id: string): Promise<void>;
  /** The job of a run, ready to be submitted; builds the Python environment where the launcher needs this machine's. */
  job(record: RunRecord, attempt: number, signal: AbortSignal): AsyncGenerator<TrainerEvent, Job>;
  /**
   * Exports the adapter of an ended run whose files lie here as model NAME of the workspace, and returns its folder.
   * @throws FoilError `name-taken` for a model of that name that did not come from this run.
   */
  adopt(record: RunRecord, name: string, signal: AbortSignal): AsyncGenerator<TrainerEvent, string>;
}

/** The launchers of foil.yaml, and `local`. */
export interface Launchers {
  readonly names: readonly string[];
  /** @throws FoilError for an unknown name, with those known. */
  open(name: string): Promise<Launcher>;
}

/** What the workflows of runs touch. */
export interface RunPorts {
  readonly runs: RunStore;
  readonly trainer: Trainer;
  readonly launchers: Launchers;
  /** Loads what was adopted into the running engine. */
  readonly models: ModelRegistry;
  readonly clock: Clock;
  readonly newId: Ports['newId'];
}
