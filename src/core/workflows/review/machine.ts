import { FoilError } from '../../errors.ts';
import { preferredByD } from '../../preference/agreement.ts';
import { applyDecision, type Decision, type ReviewedPair } from '../../preference/decisions.ts';
import { buildQueue, leftRole, makeItem, type ReviewItem, stateOf, verdictIn } from './queue.ts';
import type { ReviewCommand, ReviewEvent, ReviewOptions } from './types.ts';

/** A sitting: all pairs with their records, the queue that is shown, and where in it the reviewer is. */
export interface ReviewState {
  readonly options: ReviewOptions;
  readonly items: readonly ReviewItem[];
  /** Indices of items. */
  readonly queue: readonly number[];
  /** Place in the queue; its length at the end. */
  readonly cursor: number;
  /** When the current pair was given, in milliseconds since the epoch. */
  readonly shownAt: number;
}

/** A set as its store has it: pairs as they were made (`list(set, [])`) and the effective journal. */
export interface SetRecords {
  readonly set: string;
  readonly pairs: readonly ReviewedPair[];
  readonly decisions: readonly Decision[];
}

/** What a command comes to: records to be written before anything is shown, the state after them, and its events. */
export interface Step {
  readonly state: ReviewState;
  readonly write: readonly { readonly set: string; readonly decision: Decision }[];
  readonly events: readonly ReviewEvent[];
}

export function openState(sets: readonly SetRecords[], options: ReviewOptions, now: number): ReviewState {
  const items = sets.flatMap(({ set, pairs, decisions }) => {
    const entries = new Map<string, Decision[]>();
    for (const decision of decisions) {
      const of = entries.get(decision.pair);
      if (of) of.push(decision);
      else entries.set(decision.pair, [decision]);
    }
    return pairs.map(({ set: _, review: __, ...pair }) => makeItem(set, pair, entries.get(pair.id) ?? []));
  });
  return { options, items, queue: buildQueue(items, options), cursor: 0, shownAt: now };
}

export function currentItem(state: ReviewState): ReviewItem | null {
  const index = state.queue[state.cursor];
  return index === undefined ? null : (state.items[index] ?? null);
}

/** Carries out a command. Pure: the same state, command and time give the same step. */
export function step(state: ReviewState, command: ReviewCommand, now: number): Step {
  switch (command.type) {
    case 'undo':
      return undo(state, now);
    case 'next':
      return move(state, Math.min(state.cursor + 1, state.queue.length), now);
    case 'previous':
      return state.cursor === 0
        ? refuse(state, 'this is the first pair of the queue')
        : move(state, state.cursor - 1, now);
    case 'goto':
      return goto(state, command.set, command.pair, now);
    case 'options':
      return reopen(state, { ...state.options, ...command.change }, now);
    case 'reload':
      return refuse(state, 'the sets are read by the workflow');
    default: {
      const item = currentItem(state);
      return item ? onPair(state, item, command, now) : refuse(state, 'the queue is at its end');
    }
  }
}

/** The record of an edited side's reward, once it is known; null if the text is no longer what was scored. */
export function rescored(
  state: ReviewState,
  of: { readonly set: string; readonly pair: string; readonly role: 'chosen' | 'rejected'; readonly text: string },
  r: number,
  now: number,
): Step | null {
  const item = state.items.find(({ set, pair }) => set === of.set && pair.id === of.pair);
  const side = item && stateOf(item, state.options.reviewer)[of.role];
  if (!item || !side || side.content !== of.text || side.r !== null) return null;
  return amend(state, item, { edit: { [of.role]: { ...side, r } }, rescored: true }, now);
}

type OnPair = Extract<ReviewCommand, { type: 'approve' | 'reject' | 'skip' | 'pick' | 'swap' | 'edit' | 'note' }>;

function onPair(state: ReviewState, item: ReviewItem, command: OnPair, now: number): Step {
  const { blind, reviewer } = state.options;
  const left = leftRole(item, state.options);
  switch (command.type) {
    case 'approve':
    case 'reject':
      if (blind) return refuse(state, 'blind, the better side is picked: left, right or none');
      return decide(state, item, { decision: command.type }, now);
    case 'skip':
      return decide(state, item, { decision: 'skip' }, now);
    case 'pick': {
      if (!blind) return refuse(state, 'sides are picked in blind mode only');
      const { place: picked } = command;
      if (picked === 'none') return decide(state, item, { decision: 'reject', blind: { left, picked } }, now);
      const role = (picked === 'left') === (left === 'chosen') ? 'chosen' : 'rejected';
      const swap = role === 'rejected' ? { swap: true as const } : {};
      return decide(state, item, { decision: 'approve', blind: { left, picked }, ...swap }, now);
    }
    case 'swap':
      // While blind it would tell nothing, and the side that is picked says it.
      return blind ? refuse(state, 'blind, pick the better side instead') : amend(state, item, { swap: true }, now);
    case 'note':
      return amend(state, item, { note: command.text.trim() }, now);
    case 'edit': {
      const text = command.text.trim();
      if (text === '') return refuse(state, 'a side must say something');
      const role = (command.place === 'left') === (left === 'chosen') ? 'chosen' : 'rejected';
      const states = stateOf(item, reviewer);
      const side = states[role];
      const end = command.end ?? side.end;
      const other = states[role === 'chosen' ? 'rejected' : 'chosen'];
      if (text === side.content && end === side.end) return refuse(state, 'the text is as it was');
      if (text === other.content && end === other.end) return refuse(state, 'both sides would say the same');
      return amend(state, item, { edit: { [role]: { content: text, end, r: null, by: { kind: 'human' } } } }, now);
    }
  }
}

type Said = Pick<Decision, 'decision'> & Partial<Pick<Decision, 'blind' | 'swap'>>;

function decide(state: ReviewState, item: ReviewItem, said: Said, now: number): Step {
  const decision = record(state, item, said, now);
  const after = withRecord(state, item, decision);
  const label = stateOf(after.item, decision.reviewer).labels[decision.pass] ?? null;
  const preferred = preferredByD(item.pair);
  const agreesWithD = label === null || label === 'none' || preferred === null ? null : label === preferred;
  return {
    state: { ...after.state, cursor: state.cursor + 1, shownAt: now },
    write: [{ set: item.set, decision }],
    events: [{ type: 'decided', set: item.set, decision, label, agreesWithD }],
  };
}

function amend(
  state: ReviewState,
  item: ReviewItem,
  what: Partial<Pick<Decision, 'edit' | 'swap' | 'note' | 'rescored'>>,
  now: number,
): Step {
  const decision = record(state, item, { decision: 'amend', ...what }, now);
  return {
    state: withRecord(state, item, decision).state,
    write: [{ set: item.set, decision }],
    events: [{ type: 'amended', set: item.set, decision }],
  };
}

/** Takes back the last record of the pair that is shown, whatever was said about others since. */
export function undoPair(state: ReviewState, now: number): Step {
  const { reviewer, pass } = state.options;
  const item = currentItem(state);
  const decision = item?.entries.findLast((entry) => entry.reviewer === reviewer && entry.pass === pass);
  if (!item || !decision) return refuse(state, `${reviewer} has said nothing about it in pass ${pass}`);
  return takeBack(state, { item, decision, index: state.items.indexOf(item) }, now);
}

/** A command that was refused, as the error that a command line ends with. */
export function refusal({ events }: Step, pair: string): FoilError | null {
  const refused = events.find((event) => event.type === 'refused');
  return refused
    ? new FoilError('refused', `${pair}: ${refused.reason}`, { remedy: 'nothing was written about it' })
    : null;
}

function undo(state: ReviewState, now: number): Step {
  const { reviewer, pass } = state.options;
  const last = newestRecord(state);
  if (last) return takeBack(state, last, now);
  return refuse(state, `${reviewer} has nothing to undo${pass > 1 ? ` in pass ${pass}` : ''}`);
}

type Found = { readonly item: ReviewItem; readonly index: number; readonly decision: Decision };

function takeBack(state: ReviewState, last: Found, now: number): Step {
  const { reviewer, pass } = state.options;
  const write: Step['write'][number][] = [];
  let at: { state: ReviewState; item: ReviewItem } = { state, item: last.item };
  let undone = last.decision;
  for (;;) {
    const decision: Decision = { ...record(at.state, at.item, { decision: 'undo' }, now), ms: null };
    write.push({ set: at.item.set, decision });
    at = withRecord(at.state, at.item, decision);
    if (!undone.rescored) break;
    const before = at.item.entries.findLast((entry) => entry.reviewer === reviewer && entry.pass === pass);
    if (!before) break;
    undone = before;
  }
  return {
    state: showItem(at.state, last.index, now),
    write,
    events: [{ type: 'undone', set: last.item.set, pair: last.item.pair.id, decision: undone }],
  };
}

/** The newest record of this reviewer and pass in the sets that are looked at; by time, and by place within one time. */
function newestRecord(state: ReviewState): Found | null {
  const { reviewer, pass, filter } = state.options;
  let newest: Found | null = null;
  for (const [index, item] of state.items.entries()) {
    if (item.entries.length === 0 || (filter.sets && !filter.sets.includes(item.set))) continue;
    const decision = item.entries.findLast((entry) => entry.reviewer === reviewer && entry.pass === pass);
    if (decision && (!newest || decision.at >= newest.decision.at)) newest = { item, index, decision };
  }
  return newest;
}

/** Shows an item, adding it to the queue here where it was filtered out. */
function showItem(state: ReviewState, index: number, now: number): ReviewState {
  const place = state.queue.indexOf(index);
  if (place !== -1) return { ...state, cursor: place, shownAt: now };
  return { ...state, queue: state.queue.toSpliced(state.cursor, 0, index), shownAt: now };
}

function goto(state: ReviewState, set: string, pair: string, now: number): Step {
  const index = state.items.findIndex((item) => item.set === set && item.pair.id === pair);
  return index === -1 ? refuse(state, `there is no pair ${set}/${pair}`) : quiet(showItem(state, index, now));
}

function move(state: ReviewState, cursor: number, now: number): Step {
  return cursor === state.cursor ? refuse(state, 'the queue is at its end') : quiet({ ...state, cursor, shownAt: now });
}

/** Another queue, at the pair that was shown if it is in there. */
function reopen(state: ReviewState, options: ReviewOptions, now: number): Step {
  const index = state.queue[state.cursor];
  const queue = buildQueue(state.items, options);
  // Whoever asks for an order wants to see what comes first in it; any other change leaves the pair where it is.
  const ordered = options.order !== state.options.order || options.seed !== state.options.seed;
  const place = ordered || index === undefined ? -1 : queue.indexOf(index);
  return quiet({ ...state, options, queue, cursor: Math.max(0, place), shownAt: now });
}

function record(state: ReviewState, { pair }: ReviewItem, said: Said & Partial<Decision>, now: number): Decision {
  const { reviewer, pass } = state.options;
  const ms = Math.max(0, now - state.shownAt);
  return { schema: 1, pair: pair.id, reviewer, pass, at: new Date(now).toISOString(), ms, blind: null, ...said };
}

function withRecord(
  state: ReviewState,
  item: ReviewItem,
  decision: Decision,
): { state: ReviewState; item: ReviewItem } {
  const index = state.items.indexOf(item);
  const changed = makeItem(item.set, item.pair, applyDecision(item.entries, decision) ?? item.entries);
  return { item: changed, state: { ...state, items: state.items.with(index, changed) } };
}

function quiet(state: ReviewState): Step {
  return { state, write: [], events: [] };
}

function refuse(state: ReviewState, reason: string): Step {
  return { state, write: [], events: [{ type: 'refused', reason }] };
}

/** How many pairs of the queue this reviewer has decided in this pass. */
export function doneInQueue({ items, queue, options: { reviewer, pass } }: ReviewState): number {
  return queue.filter((index) => verdictIn(items[index] as ReviewItem, reviewer, pass) !== 'pending').length;
}
