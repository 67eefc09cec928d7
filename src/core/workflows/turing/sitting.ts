import type { Clock, SessionStore } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { sit } from '../evaluate/sit.ts';
import { blindText, truthOf } from './blind.ts';
import { countOf, itemAt, openTuring, standingOf, type TuringState, turingStep } from './machine.ts';
import type {
  TuringCommand,
  TuringEvent,
  TuringItem,
  TuringOptions,
  TuringRecord,
  TuringSitting,
  TuringView,
} from './types.ts';

/** A file of guesses. Writes are durable against kill -9 when their promise resolves. */
export interface TuringStore {
  readonly head: TuringSitting;
  /** All records, in the order of the file. */
  readonly records: readonly TuringRecord[];
  append(record: TuringRecord): Promise<void>;
  close(): Promise<void>;
}

/** The sittings of a workspace. */
export interface TuringStores {
  list(): Promise<string[]>;
  /** Begins a sitting. @throws FoilError `name-taken`. */
  create(name: string, sitting: TuringSitting): Promise<void>;
  /** @throws FoilError `unknown-sitting` with those there are. */
  open(name: string): Promise<TuringStore>;
}

export interface TuringPorts {
  readonly store: TuringStore;
  readonly sessions: Pick<SessionStore, 'read'>;
  readonly clock: Clock;
}

/** A sitting of guesses: see `sit`. A guess is on the disk before the next turn is shown. */
export async function* turing(
  ports: TuringPorts,
  options: TuringOptions,
  commands: AsyncIterable<TuringCommand>,
  signal: AbortSignal,
): AsyncGenerator<TuringEvent, void, undefined> {
  const { store, clock } = ports;
  const sessions = remembered(ports.sessions);
  const sitting = {
    open: (now: number) => openTuring(store.head, store.records, options, now),
    step: turingStep,
    append: (record: TuringRecord) => store.append(record),
    written: (record: TuringRecord): TuringEvent => ({ type: 'written', record }),
    show: async (state: TuringState): Promise<TuringEvent> => ({
      type: 'view',
      view: await turingView(sessions, state),
    }),
  };
  yield* sit(sitting, clock, commands, signal);
}

/** Reads a session once for all its turns: a corpus may take long to be found in, and the person waits for the next turn. */
function remembered(sessions: Pick<SessionStore, 'read'>): Pick<SessionStore, 'read'> {
  let known = new Map<string, Promise<Session>>();
  return {
    read(corpus, id) {
      const key = JSON.stringify([corpus, id]);
      const found = known.get(key);
      if (found) return found;
      // of the item before nothing is needed any more; what failed is read again
      const reading = sessions.read(corpus, id);
      known = new Map([...[...known].slice(-1), [key, reading]]);
      reading.catch(() => known.delete(key));
      return reading;
    },
  };
}

/** What a person gets to see: of a session that they still judge nothing but its words. @throws FoilError for a session that is gone. */
export async function turingView(sessions: Pick<SessionStore, 'read'>, state: TuringState): Promise<TuringView> {
  const found = standingOf(state);
  const { sitting } = state;
  if (found === null) return { phase: 'end', sessions: sitting.items.length, ...countOf(state) };
  const { phase, ...standing } = found;
  const item = itemAt(sitting, standing.session) as TuringItem;
  const session = await sessions.read(item.corpus, item.session);
  const context = await sessions.read(sitting.settings.real, item.context);
  const text = blindText(session, context, standing.t, sitting.settings);
  return phase === 'truth' ? { phase, standing, text, truth: truthOf(session, item) } : { phase, standing, text };
}
