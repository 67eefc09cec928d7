import { foldUndone, type SitStep } from '../evaluate/sit.ts';
import type {
  Guess,
  Standing,
  TuringCommand,
  TuringItem,
  TuringOptions,
  TuringRecord,
  TuringSitting,
} from './types.ts';

/** A sitting as one person has it: what they said so far, and what they look at. */
export interface TuringState {
  readonly sitting: TuringSitting;
  readonly options: TuringOptions;
  /** Of this person, oldest first, what holds: undone records and their undos left out. */
  readonly records: readonly TuringRecord[];
  /** The item whose truth is being looked at, from 1; null while there is something to guess. */
  readonly looking: number | null;
  /** When the turn was given, in milliseconds since the epoch. */
  readonly shownAt: number;
}

export type TuringStep = SitStep<TuringState, TuringRecord>;

/** What one person said of one item. `told`: the truth about it was shown. */
interface Said {
  readonly guesses: readonly Guess[];
  readonly skipped: boolean;
  readonly told: boolean;
}

/** @param records all of the file, in its order. */
export function openTuring(
  sitting: TuringSitting,
  records: Iterable<TuringRecord>,
  options: TuringOptions,
  now: number,
): TuringState {
  return { sitting, options, records: foldTuring([...records], options.by), looking: null, shownAt: now };
}

/** The records of one person that hold. A note or a look at the truth is never undone. */
export function foldTuring(records: readonly TuringRecord[], by: string): TuringRecord[] {
  return foldUndone(
    records.filter((record) => record.by === by),
    (a, b) => a.item === b.item && (a.type === 'guess' || a.type === 'skip'),
  );
}

/** Everyone who guessed in a sitting, in the order of their first guess. */
export function guessersOf(records: readonly TuringRecord[]): string[] {
  return [...new Set(records.flatMap(({ type, by }) => (type === 'guess' ? [by] : [])))];
}

function saidOf(records: readonly TuringRecord[], item: number): Said {
  const own = records.filter((record) => record.item === item);
  return {
    guesses: own.filter((record) => record.type === 'guess'),
    skipped: own.some(({ type }) => type === 'skip'),
    told: own.some(({ type }) => type === 'truth'),
  };
}

/** Whether a person is done with an item: nothing of it is left to guess or to show. */
function isDone({ sitting, records }: TuringState, item: number): boolean {
  const { guesses, skipped, told } = saidOf(records, item);
  const whole = guesses.length >= (itemAt(sitting, item)?.turns ?? 0);
  return skipped || (whole && (told || !sitting.settings.feedback));
}

/**
 * Items whose guesses are final and whose truth may be told to whoever asks: with feedback those that were told; without it
 * all that were guessed, but only once the person is through, since figures on the way would be feedback.
 */
export function closedItems(state: TuringState): { readonly item: number; readonly guesses: readonly Guess[] }[] {
  const { sitting, records } = state;
  const through = currentItem({ ...state, looking: null }) === null;
  if (!sitting.settings.feedback && !through) return [];
  return sitting.items.flatMap((_, at) => {
    const { guesses, skipped } = saidOf(records, at + 1);
    return guesses.length > 0 && !skipped && isDone(state, at + 1) ? [{ item: at + 1, guesses }] : [];
  });
}

/** The place of the item that is shown, from 1; null at the end. */
export function currentItem(state: TuringState): number | null {
  if (state.looking !== null) return state.looking;
  const at = state.sitting.items.findIndex((_, place) => !isDone(state, place + 1));
  return at === -1 ? null : at + 1;
}

export function itemAt({ items }: TuringSitting, item: number): TuringItem | undefined {
  return items[item - 1];
}

/** What is shown of where the person stands; null at the end. Nothing in it depends on what the session is. */
export function standingOf(state: TuringState): (Standing & { readonly phase: 'guess' | 'judged' | 'truth' }) | null {
  const { sitting, records, looking } = state;
  const session = currentItem(state);
  if (session === null) return null;
  const { turns } = itemAt(sitting, session) as TuringItem;
  const { guesses } = saidOf(records, session);
  const note = records.findLast((record) => record.type === 'note' && record.item === session);
  return {
    ...{ session, sessions: sitting.items.length, turns, guesses: guesses.map(({ p }) => p) },
    t: Math.min(turns, guesses.length + 1),
    note: note?.type === 'note' ? note.text : null,
    ...countOf(state),
    phase: looking !== null ? 'truth' : guesses.length >= turns ? 'judged' : 'guess',
  };
}

/** What is shown, as commands name it: `3/2` for user turn 2 of session 3, `3/judged`, `3/truth`, `end`. */
export function placeOf(
  standing: { readonly phase: string; readonly session: number; readonly t: number } | null,
): string {
  if (standing === null) return 'end';
  return `${standing.session}/${standing.phase === 'guess' ? standing.t : standing.phase}`;
}

/** Sessions that were judged to their end, and that were skipped. */
export function countOf({ sitting, records }: TuringState): { readonly judged: number; readonly skipped: number } {
  const all = sitting.items.map(({ turns }, at) => ({ ...saidOf(records, at + 1), turns }));
  return {
    judged: all.filter(({ guesses, skipped, turns }) => !skipped && guesses.length >= turns).length,
    skipped: all.filter(({ skipped }) => skipped).length,
  };
}

/** Carries out a command. Pure: the same state, command and time give the same step. */
export function turingStep(state: TuringState, command: TuringCommand, now: number): TuringStep {
  const standing = standingOf(state);
  const place = placeOf(standing);
  if (command.at !== undefined && command.at !== place)
    return refuse(state, `the sitting is at ${place}, not at ${command.at}`);
  if (command.type === 'undo') return undo(state, now);
  if (standing === null) return refuse(state, 'the sitting is at its end');
  const { session: item, phase } = standing;
  const said = { schema: 1 as const, item, by: state.options.by, at: new Date(now).toISOString() };
  switch (command.type) {
    case 'next':
      if (phase === 'truth') return { state: { ...state, looking: null, shownAt: now }, write: null, refused: null };
      if (phase === 'guess') return refuse(state, `turn ${standing.t} of ${standing.turns} is not guessed yet`);
      return write(state, { ...said, type: 'truth' }, now, item);
    case 'note':
      return write(state, { ...said, type: 'note', t: standing.t, text: command.text }, now, state.looking);
    case 'skip':
      return phase === 'truth'
        ? refuse(state, 'its truth was shown: it is judged')
        : write(state, { ...said, type: 'skip' }, now);
    case 'guess': {
      const { scale } = state.sitting.settings;
      const p = scale[command.level - 1];
      if (p === undefined) return refuse(state, `the keys of the scale are 1 to ${scale.length}`);
      if (phase !== 'guess') return refuse(state, 'all turns of this session are guessed');
      const ms = state.options.timed ? Math.max(0, now - state.shownAt) : null;
      return write(state, { ...said, type: 'guess', t: standing.t, level: command.level, p, ms }, now);
    }
  }
}

function undo(state: TuringState, now: number): TuringStep {
  const { by } = state.options;
  const last = state.records.findLast(({ type }) => type === 'guess' || type === 'skip');
  if (!last) return refuse(state, `${by} has nothing to undo`);
  if (saidOf(state.records, last.item).told)
    return refuse(state, `the truth about session ${last.item} was shown: its guesses stand`);
  return write(state, { schema: 1, type: 'undo', item: last.item, by, at: new Date(now).toISOString() }, now);
}

function write(state: TuringState, record: TuringRecord, now: number, looking: number | null = null): TuringStep {
  const records = foldTuring([...state.records, record], state.options.by);
  // a note takes time that is not the guess's, but the turn is the same
  const shownAt = record.type === 'note' ? state.shownAt : now;
  return { state: { ...state, records, looking, shownAt }, write: record, refused: null };
}

function refuse(state: TuringState, refused: string): TuringStep {
  return { state, write: null, refused };
}
