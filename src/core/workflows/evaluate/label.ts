import type { Taxonomy } from '../../evaluate/behaviour/taxonomy.ts';
import type { LabelCommand, LabelOptions, LabelRecord, Sample, SampleItem, ShownItem } from './label-types.ts';
import { foldUndone, type SitStep } from './sit.ts';

/** A sitting of labelling: the sample, what was said so far, where the labeller is, and what is toggled but not written. */
export interface LabelState {
  readonly options: LabelOptions;
  readonly taxonomy: Taxonomy;
  readonly sample: Sample;
  /** By labeller and item, what holds, oldest first; undone records and their undos left out. */
  readonly records: readonly LabelRecord[];
  /** Place in the sample; its length at the end. */
  readonly cursor: number;
  readonly draft: readonly string[];
  /** When the item was given, in milliseconds since the epoch. */
  readonly shownAt: number;
}

export type LabelStep = SitStep<LabelState, LabelRecord>;

/** Keys in the order of the categories: one key a label. */
const KEYS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** The key of each category; categories beyond the 62nd have none, and are toggled by name. */
export function labelKeys({ categories }: Taxonomy): { readonly key: string | null; readonly category: string }[] {
  return categories.map(({ id }, at) => ({ key: KEYS[at] ?? null, category: id }));
}

/** Records that hold: each undo takes back the newest record of its labeller and item. */
export function foldLabels(records: Iterable<LabelRecord>): LabelRecord[] {
  return foldUndone(records, (a, b) => a.item === b.item && a.labeller === b.labeller);
}

/** The newest label of each item by one labeller. */
export function labelsBy(records: readonly LabelRecord[], labeller: string): Map<string, readonly string[]> {
  const labels = new Map<string, readonly string[]>();
  for (const record of records) {
    if (record.labeller !== labeller) continue;
    if (record.type === 'label') labels.set(record.item, record.categories);
    if (record.type === 'skip') labels.delete(record.item);
  }
  return labels;
}

/** @param records all of the file, in its order. */
export function openLabels(
  sample: Sample,
  records: Iterable<LabelRecord>,
  taxonomy: Taxonomy,
  options: LabelOptions,
  now: number,
): LabelState {
  const state: LabelState = {
    ...{ options, taxonomy, sample, records: foldLabels(records), cursor: 0, draft: [], shownAt: now },
  };
  return show(state, firstOpen(state, 0), now);
}

/** The item that is shown; null at the end. */
export function currentItem({ sample, cursor }: LabelState): SampleItem | null {
  return sample.items[cursor] ?? null;
}

/** Carries out a command. Pure: the same state, command and time give the same step. */
export function labelStep(state: LabelState, command: LabelCommand, now: number): LabelStep {
  switch (command.type) {
    case 'next':
      return move(state, state.cursor + 1, now);
    case 'previous':
      return move(state, state.cursor - 1, now);
    case 'goto': {
      const at = state.sample.items.findIndex(({ id }) => id === command.item);
      return at === -1 ? refuse(state, `the sample has no item ${command.item}`) : quiet(show(state, at, now));
    }
    case 'undo':
      return undo(state, now);
    default: {
      const item = currentItem(state);
      return item === null ? refuse(state, 'the sample is at its end') : onItem(state, item, command, now);
    }
  }
}

type OnItem = Extract<LabelCommand, { type: 'toggle' | 'confirm' | 'set' | 'skip' }>;

function onItem(state: LabelState, item: SampleItem, command: OnItem, now: number): LabelStep {
  if (command.type === 'skip') return write(state, { ...said(state, item, now), type: 'skip' }, now);
  const wanted = command.type === 'toggle' ? [command.category] : command.type === 'set' ? command.categories : [];
  const unknown = wanted.find((id) => !state.taxonomy.categories.some((category) => category.id === id));
  if (unknown !== undefined) return refuse(state, `the taxonomy has no category "${unknown}"`);
  if (command.type === 'toggle') {
    const { category } = command;
    const has = state.draft.includes(category);
    const draft = has ? state.draft.filter((id) => id !== category) : [...state.draft, category];
    return quiet({ ...state, draft });
  }
  const categories = [...new Set(command.type === 'set' ? command.categories : state.draft)];
  return write(state, { ...said(state, item, now), type: 'label', categories }, now);
}

function said({ options, shownAt }: LabelState, { id }: SampleItem, now: number) {
  const at = new Date(now).toISOString();
  const ms = options.timed ? Math.max(0, now - shownAt) : null;
  return { schema: 1 as const, item: id, labeller: options.labeller, at, ms };
}

function write(state: LabelState, record: LabelRecord, now: number): LabelStep {
  const after = { ...state, records: foldLabels([...state.records, record]) };
  return { state: show(after, firstOpen(after, state.cursor + 1), now), write: record, refused: null };
}

function undo(state: LabelState, now: number): LabelStep {
  const { labeller } = state.options;
  const last = state.records.findLast((record) => record.labeller === labeller);
  const at = last ? state.sample.items.findIndex(({ id }) => id === last.item) : -1;
  const item = state.sample.items[at];
  if (!last || !item) return refuse(state, `${labeller} has nothing to undo`);
  const record: LabelRecord = { ...said(state, item, now), type: 'undo', ms: null };
  return {
    state: show({ ...state, records: foldLabels([...state.records, record]) }, at, now),
    write: record,
    refused: null,
  };
}

/** The first item from `from` on of which this labeller has said nothing; the next one where none is left. */
function firstOpen({ sample, records, options }: LabelState, from: number): number {
  const done = new Set(records.flatMap(({ item, labeller }) => (labeller === options.labeller ? [item] : [])));
  const open = sample.items.findIndex(({ id }, at) => at >= from && !done.has(id));
  return open === -1 ? sample.items.length : open;
}

function show(state: LabelState, cursor: number, now: number): LabelState {
  const at = { ...state, cursor, shownAt: now };
  const item = currentItem(at);
  const draft = item ? (labelsBy(state.records, state.options.labeller).get(item.id) ?? []) : [];
  return { ...at, draft };
}

function move(state: LabelState, cursor: number, now: number): LabelStep {
  if (cursor < 0) return refuse(state, 'this is the first item of the sample');
  if (cursor > state.sample.items.length) return refuse(state, 'the sample is at its end');
  return quiet(show(state, cursor, now));
}

function quiet(state: LabelState): LabelStep {
  return { state, write: null, refused: null };
}

function refuse(state: LabelState, refused: string): LabelStep {
  return { state, write: null, refused };
}

/** What a screen shows of the current item; null at the end. */
export function shownItem(state: LabelState): ShownItem | null {
  const item = currentItem(state);
  if (!item) return null;
  const { labeller } = state.options;
  const last = state.records.findLast((record) => record.item === item.id && record.labeller === labeller);
  return {
    ...{ item, draft: state.draft, of: state.sample.items.length },
    position: `${state.cursor + 1} / ${state.sample.items.length}`,
    labelled: labelsBy(state.records, labeller).size,
    state: last === undefined ? null : last.type === 'skip' ? 'skipped' : 'labelled',
  };
}
