import type { FoilError } from '../../errors.ts';
import type { ChatModel, Ports, TurnJournal } from '../../ports.ts';
import type { RunPorts } from '../../stage/ports.ts';
import type { Alarm } from './alarms.ts';
import type { LoopRecord, LoopStage, Ref } from './journal.ts';
import type { Grid } from './plan.ts';
import type { LoopSettings } from './settings.ts';

/** Loops on disk, a folder each: `loop.json` and `journal.jsonl`. */
export interface LoopStore {
  list(): Promise<string[]>;
  /** @throws FoilError `unknown-loop`, or what is wrong in its file. */
  load(name: string): Promise<LoopSettings>;
  /** @throws FoilError `name-taken`. */
  create(settings: LoopSettings): Promise<void>;
  /** The journal as it is, up to its last whole record. */
  read(name: string): Promise<LoopRecord[]>;
  /** Whether somebody holds the journal. */
  held(name: string): Promise<boolean>;
  /** Who holds the journal, in words; null if nobody does. */
  holder(name: string): Promise<string | null>;
  /** Takes the journal, as the only one who runs the loop. @throws FoilError `locked`. */
  hold(name: string): Promise<LoopJournal>;
}

export interface LoopJournal {
  /** All records, those that were appended here too. */
  readonly records: readonly LoopRecord[];
  /** Durable when the promise resolves. */
  append(record: LoopRecord): Promise<void>;
  close(): Promise<void>;
}

/** Everything that a loop touches. */
export interface LoopPorts extends Ports {
  readonly runs: RunPorts;
  readonly loops: LoopStore;
  /** What a corpus, a model or a chatbot configuration is now, as a hash; null if there is none. */
  contentHash(ref: Ref & { kind: 'corpus' | 'model' | 'chatbot' }): Promise<string | null>;
  /** What the card of a model says of how good it is; null if it has none. */
  validation(model: string): Promise<unknown>;
  /** Chatbots by the names of configurations or models; `all` for all configurations. */
  chatbots(names: readonly string[], signal: AbortSignal): Promise<readonly LoopChatbot[]>;
  /** Turns on their way to a corpus; held until it is closed. */
  turnJournal(corpus: string): Promise<TurnJournal>;
  /**
   * Runs a loop as `runLoop` does, in a process of its own, so that its sessions leave a screen its keys. Null where no
   * process can be had.
   */
  readonly apart: ((name: string, extent: Extent, signal: AbortSignal) => AsyncGenerator<LoopEvent, unknown>) | null;
  /** Ids that a corpus has; none if there is no such corpus. */
  sessionIds(corpus: string): Promise<ReadonlySet<string>>;
}

export interface LoopChatbot {
  readonly model: ChatModel;
  /** Kept in its sessions; null for a model as it stands. */
  readonly config: unknown;
}

/** How far a loop is run: the next stage, the rest of the iteration that is next, or all of it. The gate stops each. */
export type Extent = 'stage' | 'iteration' | 'all';

interface At {
  readonly iteration: number;
  readonly stage: LoopStage;
}

/** `progress` is lossy, the others must be delivered. What `end` tells is in the journal before it. */
export type LoopEvent =
  /** The grid after a change: first of all, and after each stage. */
  | { readonly type: 'grid'; readonly grid: Grid }
  | ({ readonly type: 'begin'; readonly again: boolean } & At)
  /** `done` of `of` things, where they can be counted. */
  | ({
      readonly type: 'progress';
      readonly text: string;
      readonly done: number | null;
      readonly of: number | null;
    } & At)
  | ({ readonly type: 'notice'; readonly text: string } & At)
  /** A training run was found or made; `foil runs` and the Runs screen show it. */
  | ({ readonly type: 'run'; readonly run: string } & At)
  | ({ readonly type: 'end'; readonly counts: Readonly<Record<string, number>>; readonly seconds: number } & At)
  | ({ readonly type: 'failed'; readonly error: FoilError } & At)
  /** A person has to look at these pairs and open the gate. */
  | ({ readonly type: 'waiting'; readonly set: string; readonly approved: number; readonly pending: number } & At)
  /** An alarm that fires, after the stage that set it off. */
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  | { readonly type: 'stopped'; readonly why: Outcome };

/** `reached`: the extent is done, and there is more. */
export type Outcome = 'done' | 'reached' | 'waiting';
