import type { FoilError } from '../../errors.ts';
import type { ChatModel, Clock, Retry, TurnJournal } from '../../ports.ts';
import type { Role, Session } from '../../session/schema.ts';
import type { DiagnosticCounts } from './diagnostics.ts';

export interface SimulateRequest {
  readonly simulator: ChatModel;
  /** Each talks about each context. */
  readonly chatbots: readonly ChatModel[];
  /** What a configured chatbot is, by its name; kept in the session. */
  readonly describe?: ((chatbot: string) => unknown) | undefined;
  /** Sessions whose contexts (and opening side) are taken; nothing else of them is read. */
  readonly contexts: AsyncIterable<Session> | Iterable<Session>;
  /** Number of contexts if it is known, for the time left. */
  readonly contextCount?: number | undefined;
  /** Sessions a context and chatbot; 2 in the paper (4.2). */
  readonly perContext: number;
  readonly seed: number;
  /** A session that the simulator does not end is stopped after this many user turns. */
  readonly maxUserTurns: number;
  /** A session that ends with fewer user turns is counted as too early. */
  readonly minUserTurns?: number | undefined;
  readonly contextBudget?: number | undefined;
  /** Ids that the corpus has already: they are skipped. */
  readonly done: ReadonlySet<string>;
  /** Sessions at once; by default what the places of the models serve well. */
  readonly atOnce?: number | undefined;
  readonly budget?: Budget | undefined;
}

/** What a run may take; it ends cleanly when one of them is used up, and goes on when it is started again. */
export interface Budget {
  readonly tokens?: number | undefined;
  /** In the currency of the prices in foil.yaml. */
  readonly money?: number | undefined;
  readonly seconds?: number | undefined;
}

export interface SimulatePorts {
  readonly clock: Clock;
  readonly journal: TurnJournal;
  /** Adds whole sessions to the corpus; durable when it resolves. */
  append(sessions: readonly Session[]): Promise<void>;
}

/** Why a run ended before its plan was done: what ran out, somebody stopped it, or an endpoint failed for good. */
export type StopReason = keyof Budget | 'cancelled' | 'failed';

export type SimulateEvent =
  /** Durable in the journal. */
  | { readonly type: 'turn'; readonly id: string; readonly role: Role; readonly text: string; readonly end: boolean }
  /** The corpus has it already. */
  | { readonly type: 'skipped'; readonly id: string }
  /** Goes on after so many turns of an earlier run. */
  | { readonly type: 'resumed'; readonly id: string; readonly turns: number }
  /** An earlier run began it in another way (seed, models, sampling or context): it is begun anew. */
  | { readonly type: 'restarted'; readonly id: string }
  /** Durable in the corpus. */
  | { readonly type: 'session'; readonly session: Session }
  /** This session cannot go on; the others do. */
  | { readonly type: 'failed'; readonly id: string; readonly error: FoilError }
  | ({ readonly type: 'retry'; readonly id: string; readonly role: Role } & Retry)
  | { readonly type: 'paused' | 'unpaused' }
  /** Lossy: a few a second at most. */
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The last event, also of a run that was stopped. */
  | { readonly type: 'done'; readonly summary: Summary };

export interface Progress {
  readonly finished: number;
  readonly skipped: number;
  readonly failed: number;
  /** All sessions of the plan; null if the contexts are not counted. */
  readonly of: number | null;
  readonly running: number;
  /** Turns made in this run, of both sides. */
  readonly turns: number;
  readonly retries: number;
  readonly tokens: number;
  readonly money: number | null;
  /** Sessions a minute, and seconds left at that rate; null before one is finished, or while the plan is not counted. */
  readonly perMinute: number | null;
  readonly secondsLeft: number | null;
}

export interface Summary {
  readonly sessions: number;
  readonly skipped: number;
  readonly resumed: number;
  /** Sessions begun and not ended: the journal has their turns. */
  readonly unfinished: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly turns: number;
  readonly retries: Readonly<Record<string, number>>;
  readonly tokens: { readonly prompt: number; readonly completion: number; readonly estimated: boolean };
  readonly money: number | null;
  readonly seconds: number;
  readonly diagnostics: DiagnosticCounts;
  /** Null if the plan is done. */
  readonly stopped: StopReason | null;
}
