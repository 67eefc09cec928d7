import type { Segment } from './Line.tsx';
import { itemShape, rowSegments, type TranscriptCache, type TranscriptItem } from './turn.ts';

export { makeTranscriptCache, type TranscriptCache, type TranscriptItem } from './turn.ts';

/** A row of an item. `index` is where the item stood, for when its id has gone (a live turn gets its own id at last). */
interface Place {
  readonly id: string;
  readonly index: number;
  readonly row: number;
}

export interface TranscriptState {
  /** The topmost row that shows; null follows the bottom. */
  readonly anchor: Place | null;
  readonly selected: string | null;
}

export const START_TRANSCRIPT: TranscriptState = { anchor: null, selected: null };

export interface TranscriptRow {
  readonly key: string;
  readonly segments: readonly Segment[];
}

export interface TranscriptWindow {
  readonly rows: readonly TranscriptRow[];
  /** Items of the first and last row that show; -1 if there is none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly atBottom: boolean;
}

export type TranscriptMove =
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'top'
  | 'bottom'
  | 'previous'
  | 'next'
  | 'previousUser'
  | 'nextUser'
  | { readonly select: string };

/**
 * The rows that show: at most `height`, each at most `width` cells. Wraps only items that show, and of a turn that
 * grows only its last paragraph, so the cost does not depend on the length of the session.
 */
export function transcriptWindow(
  items: readonly TranscriptItem[],
  state: TranscriptState,
  width: number,
  height: number,
  cache: TranscriptCache,
): TranscriptWindow {
  const view = { items, width, height, cache };
  const top = topOf(view, state.anchor);
  const rows: TranscriptRow[] = [];
  let lastIndex = -1;
  let atBottom = true;
  for (let index = top.index; index < items.length && rows.length < height; index += 1) {
    const item = items[index];
    if (!item) break;
    const total = rowCount(view, index);
    const from = index === top.index ? top.row : 0;
    const to = Math.min(total, from + height - rows.length);
    for (let row = from; row < to; row += 1) {
      rows.push({
        key: `${item.id}:${row}`,
        segments: rowSegments(item, row, item.id === state.selected, width, cache),
      });
    }
    lastIndex = index;
    atBottom = to === total && index === items.length - 1;
  }
  return { rows, firstIndex: rows.length === 0 ? -1 : top.index, lastIndex, atBottom };
}

interface View {
  readonly items: readonly TranscriptItem[];
  readonly width: number;
  readonly height: number;
  readonly cache: TranscriptCache;
}

/** Scrolling and selecting. What is selected always shows, so that no key acts on a turn that cannot be seen. */
export function moveTranscript(
  items: readonly TranscriptItem[],
  state: TranscriptState,
  size: { readonly width: number; readonly height: number; readonly cache: TranscriptCache },
  move: TranscriptMove,
): TranscriptState {
  const view: View = { items, ...size };
  if (items.length === 0) return START_TRANSCRIPT;
  const page = Math.max(1, size.height - 1);
  if (typeof move === 'object') return reveal(view, state, indexOf(items, move.select));
  switch (move) {
    case 'up':
      return scroll(view, state, -1);
    case 'down':
      return scroll(view, state, 1);
    case 'pageUp':
      return scroll(view, state, -page);
    case 'pageDown':
      return scroll(view, state, page);
    case 'top':
      return { anchor: placeAt(view, 0, 0), selected: state.selected === null ? null : (items[0]?.id ?? null) };
    case 'bottom':
      return { anchor: null, selected: state.selected === null ? null : (items.at(-1)?.id ?? null) };
    case 'previous':
    case 'previousUser':
      return step(view, state, -1, move === 'previousUser');
    case 'next':
    case 'nextUser':
      return step(view, state, 1, move === 'nextUser');
  }
}

function scroll(view: View, state: TranscriptState, rows: number): TranscriptState {
  const top = walk(view, topOf(view, state.anchor), rows);
  const bottom = bottomTop(view);
  const anchor = top.index > bottom.index || (top.index === bottom.index && top.row >= bottom.row) ? null : top;
  if (state.selected === null) return { anchor, selected: null };
  const { firstIndex, lastIndex } = transcriptWindow(
    view.items,
    { anchor, selected: null },
    view.width,
    view.height,
    view.cache,
  );
  const index = indexOf(view.items, state.selected);
  const seen = Math.min(lastIndex, Math.max(firstIndex, index));
  return { anchor, selected: view.items[seen]?.id ?? null };
}

function step(view: View, state: TranscriptState, by: 1 | -1, users: boolean): TranscriptState {
  const { items } = view;
  const from = state.selected === null ? -1 : indexOf(items, state.selected);
  // With nothing selected, the last turn is where both directions begin.
  const way = from === -1 ? -1 : by;
  let index = from === -1 ? items.length : from;
  do index += way;
  while (users && items[index] !== undefined && items[index]?.role !== 'user');
  if (items[index] !== undefined) return reveal(view, state, index);
  return from === -1 ? state : reveal(view, state, from);
}

/** Selects an item and scrolls no further than needed to show it; to its first row if it is taller than the window. */
function reveal(view: View, state: TranscriptState, index: number): TranscriptState {
  const item = view.items[index];
  if (!item) return { ...state, selected: null };
  if (index === view.items.length - 1 && rowCount(view, index) <= view.height)
    return { anchor: null, selected: item.id };
  const top = topOf(view, state.anchor);
  if (index < top.index || (index === top.index && top.row > 0))
    return { anchor: placeAt(view, index, 0), selected: item.id };
  const last = { ...placeAt(view, index, 0), row: rowCount(view, index) - 1 };
  const lowest = rowCount(view, index) >= view.height ? placeAt(view, index, 0) : walk(view, last, 1 - view.height);
  const below = lowest.index > top.index || (lowest.index === top.index && lowest.row > top.row);
  return { anchor: below ? lowest : top, selected: item.id };
}

function placeAt(view: View, index: number, row: number): Place {
  return { id: view.items[index]?.id ?? '', index, row };
}

/** The topmost row for an anchor, never so low that rows below stay empty while rows above are hidden. */
function topOf(view: View, anchor: Place | null): Place {
  const bottom = bottomTop(view);
  if (anchor === null) return bottom;
  const kept = view.items[anchor.index]?.id === anchor.id;
  const found = kept ? anchor.index : indexOf(view.items, anchor.id);
  const index = found === -1 ? Math.min(anchor.index, view.items.length - 1) : found;
  if (index < 0) return bottom;
  const row = Math.min(anchor.row, rowCount(view, index) - 1);
  return index > bottom.index || (index === bottom.index && row >= bottom.row) ? bottom : placeAt(view, index, row);
}

/** The topmost row when the last row of the last item stands at the bottom. */
function bottomTop(view: View): Place {
  const last = view.items.length - 1;
  if (last < 0) return { id: '', index: 0, row: 0 };
  return walk(view, { ...placeAt(view, last, 0), row: rowCount(view, last) - 1 }, 1 - view.height);
}

/** `rows` rows further down, or up if negative; stops at the ends. */
function walk(view: View, from: Place, rows: number): Place {
  let { index, row } = from;
  let left = rows;
  while (left < 0) {
    const up = Math.min(row, -left);
    row -= up;
    left += up;
    if (left === 0 || index === 0) break;
    index -= 1;
    row = rowCount(view, index);
  }
  while (left > 0) {
    const total = rowCount(view, index);
    const down = Math.min(total - 1 - row, left);
    row += down;
    left -= down;
    if (left === 0 || index === view.items.length - 1) break;
    index += 1;
    row = 0;
    left -= 1;
  }
  return placeAt(view, index, row);
}

function indexOf(items: readonly TranscriptItem[], id: string): number {
  return items.findLastIndex((item) => item.id === id);
}

function rowCount(view: View, index: number): number {
  const item = view.items[index];
  return item ? itemShape(item, view.width, view.cache).total : 0;
}
