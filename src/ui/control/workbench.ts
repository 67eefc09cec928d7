import type { FoilError } from '../../core/errors.ts';
import type { Ports } from '../../core/ports.ts';
import type { LiveSession, Role } from '../../core/session/schema.ts';
import type { RunPorts } from '../../core/stage/ports.ts';
import type { Seats } from '../../core/workflows/converse/types.ts';
import type { Samples } from '../../core/workflows/evaluate/samples.ts';
import type { EvaluatePorts } from '../../core/workflows/evaluate/types.ts';
import type { EvaluationView } from '../../core/workflows/evaluate/view.ts';
import type { LoopPorts } from '../../core/workflows/loop/types.ts';
import type { TuringStores } from '../../core/workflows/turing/sitting.ts';
import type { EngineState } from '../state/state.ts';

/** What the screens are given by whoever starts them: ports, settings, and the few things only a process can do. */
export interface Workbench {
  readonly ports: Ports;
  // Opened when a screen first asks, once, since most sittings need none of them; what failed to open is tried again.
  /** What training runs need. */
  runs(): Promise<RunPorts>;
  /** What loops need. */
  loops(): Promise<LoopPorts>;
  /** What evaluations need. */
  evaluations(): Promise<EvaluatePorts>;
  /** Writes the report and each exhibit as CSV; returns the file, the folder, and how many are in it. */
  writeEvaluation(view: EvaluationView): Promise<{ report: string; tables: string; count: number }>;
  /** Samples of messages to label, and what they are measured with. */
  samples(): Promise<Samples>;
  /** Sittings of blind Turing mode. */
  sittings(): Promise<TuringStores>;
  /** Names of the chatbot configurations that there are. */
  chatbots(): Promise<readonly string[]>;
  /** Name of the workspace, for the title bar. */
  readonly workspace: string;
  readonly roles: LiveSession['roles'];
  readonly seats: Seats;
  /** Who reviews pairs, until they say otherwise on the screen. */
  readonly reviewer: string;
  readonly first: Role;
  readonly contextBudget: number;
  readonly alternatives: number;
  readonly maxUserTurns: number;
  /** Opened at start instead of a new session. */
  readonly open: LiveSession | null;
  newSeed(): number;
  /** Who is told of a line of the workspace's files that is skipped. */
  onProblem(listener: (problem: FoilError) => void): void;
  /** Makes the embedded engine ready, with what it does and how long still; returns at once where nothing needs it. */
  prepare(onState: (state: EngineState) => void, signal: AbortSignal): Promise<void>;
  /** Writes a transcript beside the sessions and prints it to the scroll-back on leaving. Returns the file's path. */
  dump(name: string, text: string): Promise<string>;
  /** Lets $EDITOR change a text; the caller has given it the terminal. Null if there is no editor or it failed. */
  editText(text: string): Promise<string | null>;
}
