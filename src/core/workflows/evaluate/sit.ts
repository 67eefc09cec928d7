import { asFoilError, type FoilError } from '../../errors.ts';
import type { Clock } from '../../ports.ts';

/** What a command comes to: a record to be written before anything is shown, and the state after it. */
export interface SitStep<State, Written> {
  readonly state: State;
  readonly write: Written | null;
  /** Why the command was not carried out; null if it was. */
  readonly refused: string | null;
}

/** What a person at a screen works through, and where it is kept. */
export interface Sitting<State, Command, Written, Event> {
  readonly open: (now: number) => State;
  /** Pure: the same state, command and time give the same step. */
  readonly step: (state: State, command: Command, now: number) => SitStep<State, Written>;
  /** Durable when the promise resolves. */
  readonly append: (record: Written) => Promise<void>;
  readonly written: (record: Written) => Event;
  readonly show: (state: State) => Promise<Event>;
}

export type SitTells =
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'error'; readonly error: FoilError };

/**
 * Commands in, typed events out, one command at a time. A record is on the disk before any event of its command is sent; so
 * kill -9 loses none that was seen to be taken. What cannot be written or read becomes an `error` event and leaves the
 * sitting where it was. Ends when `commands` ends, or `signal` aborts.
 */
export async function* sit<State, Command, Written, Event>(
  sitting: Sitting<State, Command, Written, Event>,
  clock: Clock,
  commands: AsyncIterable<Command>,
  signal: AbortSignal,
): AsyncGenerator<Event | SitTells, void, undefined> {
  const now = () => clock.now().getTime();
  let state = sitting.open(now());
  yield await sitting.show(state);
  for await (const command of commands) {
    if (signal.aborted) return;
    const step = sitting.step(state, command, now());
    if (step.refused !== null) {
      yield { type: 'refused', reason: step.refused };
      continue;
    }
    try {
      if (step.write) await sitting.append(step.write);
      state = step.state;
      if (step.write) yield sitting.written(step.write);
      yield await sitting.show(state);
    } catch (error) {
      const known = asFoilError(error);
      if (known) yield { type: 'error', error: known };
    }
  }
}

/** Records that hold: each undo takes back the newest record of the same person about the same thing. */
export function foldUndone<T extends { readonly type: string }>(
  records: Iterable<T>,
  same: (a: T, b: T) => boolean,
): T[] {
  const holding: T[] = [];
  for (const record of records) {
    if (record.type !== 'undo') holding.push(record);
    else {
      const at = holding.findLastIndex((other) => same(other, record));
      if (at !== -1) holding.splice(at, 1);
    }
  }
  return holding;
}
