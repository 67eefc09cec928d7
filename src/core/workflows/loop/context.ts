import type { Session } from '../../session/schema.ts';
import type { LoopStage, Ref } from './journal.ts';
import { type Made, type Split, splitsOf } from './needs.ts';
import type { Cell } from './plan.ts';
import type { LoopSettings } from './settings.ts';
import type { LoopEvent, LoopPorts } from './types.ts';

/** What the work of a stage is given. */
export interface StageContext {
  readonly ports: LoopPorts;
  readonly settings: LoopSettings;
  readonly cell: Cell & { readonly hash: string };
  /** Names of what it is to make. */
  readonly outputs: readonly Ref[];
  readonly made: Made;
  readonly signal: AbortSignal;
  /** Notes the id of a training run, durably. */
  reserve(run: string): Promise<void>;
}

export interface StageResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly figures?: unknown;
  /** Where the work was done elsewhere, and how long it took is known. */
  readonly seconds?: number;
}

export type StageWork = AsyncGenerator<LoopEvent, StageResult>;

export function progress(
  { cell: { iteration, stage } }: StageContext,
  text: string,
  done: number | null = null,
  of: number | null = null,
): LoopEvent {
  return { type: 'progress', iteration, stage, text, done, of };
}

export function notice({ cell: { iteration, stage } }: StageContext, text: string): LoopEvent {
  return { type: 'notice', iteration, stage, text };
}

/**
 * The name of the first thing of this iteration that a finished stage made. @throws RangeError where it is not done.
 */
export function nameOf({ made }: StageContext, stage: LoopStage, iteration: number): string {
  const name = made(stage, iteration)?.[0]?.name;
  if (name === undefined) throw new RangeError(`${stage} of iteration ${iteration} is not done`);
  return name;
}

/** Name of simulator k. */
export function simulatorName(context: StageContext, iteration: number): string {
  return iteration === 0 ? context.settings.simulator : nameOf(context, 'dpo', iteration - 1);
}

/** The simulated corpus of a split. */
export function corpusOf({ settings, made }: StageContext, iteration: number, split: Split): string {
  const found = made('simulate', iteration)?.[splitsOf(settings).indexOf(split)];
  if (!found) throw new RangeError(`no ${split} sessions of iteration ${iteration}`);
  return found.name;
}

/** Real sessions of a split, in file order: their contexts are those of the loop. */
export async function contextsOf(
  { ports, settings, signal }: StageContext,
  split: Split,
  limit: number | null = settings.limits[split],
): Promise<Session[]> {
  const corpus = settings.contexts[split];
  const sessions: Session[] = [];
  if (corpus === null) return sessions;
  for await (const session of ports.sessions.stream(corpus)) {
    if (sessions.length === (limit ?? Number.POSITIVE_INFINITY)) break;
    signal.throwIfAborted();
    sessions.push(session);
  }
  return sessions;
}

/** Id of the real session whose context a simulated one has. */
export function contextOf({ meta }: Session): string {
  return String(meta['context_of']);
}
