import { plainText } from '../../core/text/safe.ts';
import { cellWidth, graphemes, graphemeWidth, type Row, rewrap, rowAt, wrapRows } from '../../core/text/wrap.ts';
import type { TextCommand } from '../keys/table.ts';

/** More than this (UTF-16 units) is no message, and would be slow in every later step. */
export const MAX_TEXT = 1_000_000;
const MAX_HISTORY = 200;
const MAX_UNDO = 100;
/** Units looked at to find a word or grapheme beside the cursor. */
const REACH = 512;

export interface ComposerState {
  readonly text: string;
  /** Offset in UTF-16 units, always between graphemes. */
  readonly cursor: number;
  /** Cells a row of text may take. */
  readonly width: number;
  /** Invariant: equals `wrapRows(text, width)`. */
  readonly rows: readonly Row[];
  /** The column that up and down aim at, kept while they pass shorter rows. */
  readonly goal: number | null;
  /** Texts sent, oldest first. */
  readonly history: readonly string[];
  /** The entry of the history that is shown, or null for the draft. */
  readonly at: number | null;
  readonly draft: string;
  /** The last change typed a character of a word: the next one is the same change to undo. */
  readonly typing: boolean;
  readonly undo: readonly { readonly text: string; readonly cursor: number }[];
  /** What the person should know, such as that a paste was cut; null once they go on. */
  readonly notice: string | null;
}

export type ComposerAction =
  | { readonly type: 'insert'; readonly text: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'resize'; readonly width: number }
  /** Replaces the whole text, for example with what $EDITOR wrote. */
  | { readonly type: 'set'; readonly text: string }
  /** The text was sent: clears it and adds it to the history. */
  | { readonly type: 'sent' }
  | { readonly type: TextCommand };

/** A text field: the composer, an editor, or a line of search. */
export function newComposer(init: { width: number; text?: string; history?: readonly string[] }): ComposerState {
  const text = init.text ?? '';
  const width = Math.max(2, init.width);
  return {
    text,
    cursor: text.length,
    width,
    rows: wrapRows(text, width),
    goal: null,
    history: init.history ?? [],
    at: null,
    draft: '',
    typing: false,
    undo: [],
    notice: null,
  };
}

/** Pure: one key, paste or outside change on a text field. */
export function composerReducer(state: ComposerState, action: ComposerAction): ComposerState {
  switch (action.type) {
    case 'insert':
      return insert(state, inContext(state, action.text));
    case 'paste':
      return insert(state, plainText(action.text.replace(/\r\n?/g, '\n')));
    case 'resize':
      return action.width === state.width
        ? state
        : {
            ...state,
            width: Math.max(2, action.width),
            rows: wrapRows(state.text, Math.max(2, action.width)),
            goal: null,
          };
    case 'set':
      return withText(remember(state, false), plainText(action.text.replace(/\r\n?/g, '\n')).slice(0, MAX_TEXT));
    case 'sent':
      return sent(state);
    case 'text.newline':
      return insert(state, '\n');
    case 'text.left':
      return move(state, before(state.text, state.cursor));
    case 'text.right':
      return move(state, after(state.text, state.cursor));
    case 'text.wordLeft':
      return move(state, wordBefore(state.text, state.cursor));
    case 'text.wordRight':
      return move(state, wordAfter(state.text, state.cursor));
    case 'text.home':
      return move(state, lineStart(state.text, state.cursor));
    case 'text.end':
      return move(state, lineEnd(state.text, state.cursor));
    case 'text.up':
      return vertical(state, -1);
    case 'text.down':
      return vertical(state, 1);
    case 'text.backspace':
      return remove(state, before(state.text, state.cursor), state.cursor);
    case 'text.delete':
      return remove(state, state.cursor, after(state.text, state.cursor));
    case 'text.wordBackspace':
      return remove(state, wordBefore(state.text, state.cursor), state.cursor);
    case 'text.wordDelete':
      return remove(state, state.cursor, wordAfter(state.text, state.cursor));
    case 'text.killStart':
      return remove(state, lineStart(state.text, state.cursor), state.cursor);
    case 'text.killEnd': {
      const end = lineEnd(state.text, state.cursor);
      return remove(state, state.cursor, end === state.cursor ? after(state.text, end) : end);
    }
    case 'text.undo':
      return undo(state);
  }
}

/** Where the cursor stands: row, and column in cells, both from 0. Spaces beyond the width keep it in the last column. */
export function cursorPlace(state: ComposerState): { row: number; column: number } {
  const row = rowAt(state.rows, state.cursor);
  const column = cellWidth(state.text.slice(state.rows[row]?.start ?? 0, state.cursor));
  return { row, column: Math.min(column, state.width - 1) };
}

function insert(state: ComposerState, text: string): ComposerState {
  const room = MAX_TEXT - state.text.length;
  if (text.length <= room) return text === '' ? state : splice(state, state.cursor, 0, text);
  // A cut between two halves of a surrogate pair would leave half a character.
  const cut = text
    .slice(0, Math.max(0, room))
    .toWellFormed()
    .replace(/\uFFFD$/, '');
  const lost = text.length - cut.length;
  const notice = `a turn holds at most ${MAX_TEXT.toLocaleString('en')} characters; the last ${lost.toLocaleString('en')} were left out`;
  return { ...(cut === '' ? state : splice(state, state.cursor, 0, cut)), notice };
}

/** Typed text made harmless as a continuation of what it follows: a joiner typed alone is right after some letters only. */
function inContext(state: ComposerState, text: string): string {
  const context = state.text.slice(before(state.text, state.cursor), state.cursor);
  const both = plainText(context + text);
  return both.startsWith(context) ? both.slice(context.length) : plainText(text);
}

function remove(state: ComposerState, from: number, to: number): ComposerState {
  return from === to ? state : splice(state, from, to - from, '');
}

/** The one way in which text changes, so that rows, undo and cursor always agree with it. */
function splice(state: ComposerState, at: number, removed: number, inserted: string): ComposerState {
  const text = state.text.slice(0, at) + inserted + state.text.slice(at + removed);
  return {
    ...remember(state, removed === 0 && /^\S{1,2}$/u.test(inserted)),
    text,
    cursor: joined(text, at + inserted.length),
    rows: rewrap(state.rows, text, state.width, at, removed, inserted.length),
    goal: null,
    notice: null,
  };
}

/** A cursor put after inserted text, moved on if what follows joins it in one grapheme (a combining mark, say). */
function joined(text: string, cursor: number): number {
  if (cursor === 0 || cursor === text.length) return cursor;
  const next = after(text, before(text, cursor));
  return next > cursor ? next : cursor;
}

function remember(state: ComposerState, typing: boolean): ComposerState {
  if (typing && state.typing) return state;
  // A megabyte of text is kept a few times, not a hundred.
  const keep = Math.max(3, Math.min(MAX_UNDO, Math.floor((4 * MAX_TEXT) / (state.text.length + 1))));
  return { ...state, typing, undo: [...state.undo, { text: state.text, cursor: state.cursor }].slice(-keep) };
}

function undo(state: ComposerState): ComposerState {
  const last = state.undo.at(-1);
  if (!last) return { ...state, notice: 'nothing to take back' };
  return { ...withText(state, last.text), cursor: last.cursor, typing: false, undo: state.undo.slice(0, -1) };
}

function withText(state: ComposerState, text: string): ComposerState {
  return { ...state, text, cursor: text.length, rows: wrapRows(text, state.width), goal: null, notice: null };
}

function sent(state: ComposerState): ComposerState {
  const known = state.text.trim() === '' || state.history.at(-1) === state.text;
  const history = known ? state.history : [...state.history, state.text].slice(-MAX_HISTORY);
  return { ...withText(state, ''), history, at: null, draft: '', typing: false, undo: [] };
}

function move(state: ComposerState, cursor: number): ComposerState {
  return { ...state, cursor, goal: null, typing: false, notice: null };
}

function vertical(state: ComposerState, step: -1 | 1): ComposerState {
  const { row, column } = cursorPlace(state);
  const target = state.rows[row + step];
  if (!target) return recall(state, step);
  const goal = state.goal ?? column;
  return { ...state, cursor: offsetAt(state, row + step, goal), goal, typing: false, notice: null };
}

/** The offset in a row that is nearest to a column from the left. */
function offsetAt(state: ComposerState, index: number, column: number): number {
  const row = state.rows[index];
  if (!row) return state.cursor;
  let at = row.start;
  let cells = 0;
  for (const part of graphemes(state.text.slice(row.start, row.end))) {
    cells += graphemeWidth(part);
    if (cells > column) return at;
    at += part.length;
  }
  // The offset where the next row starts would show there.
  const wrapped = state.rows[index + 1]?.start === at;
  return wrapped ? before(state.text, at) : at;
}

/** Up in the first row and down in the last walk the texts sent; the draft waits at the end. */
function recall(state: ComposerState, step: -1 | 1): ComposerState {
  const at = (state.at ?? state.history.length) + step;
  if (at < 0 || at > state.history.length) return state;
  const draft = state.at === null ? state.text : state.draft;
  const shown = at === state.history.length ? draft : (state.history[at] ?? '');
  return { ...withText(state, shown), at: at === state.history.length ? null : at, draft, typing: false, undo: [] };
}

const words = new Intl.Segmenter('en', { granularity: 'word' });

function before(text: string, cursor: number): number {
  const from = wellFormedFrom(text, cursor - REACH);
  return cursor === 0 ? 0 : cursor - (graphemes(text.slice(from, cursor)).at(-1)?.length ?? 1);
}

function after(text: string, cursor: number): number {
  return cursor >= text.length ? text.length : cursor + (graphemes(text.slice(cursor, cursor + REACH))[0]?.length ?? 1);
}

function wordBefore(text: string, cursor: number): number {
  const from = wellFormedFrom(text, cursor - REACH);
  const parts = Array.from(words.segment(text.slice(from, cursor)));
  const at = parts.findLastIndex((part) => part.isWordLike);
  return at === -1 ? from : from + (parts[at]?.index ?? 0);
}

function wordAfter(text: string, cursor: number): number {
  const slice = text.slice(cursor, cursor + REACH);
  const found = Array.from(words.segment(slice)).find((part) => part.isWordLike);
  return cursor + (found ? found.index + found.segment.length : slice.length);
}

function lineStart(text: string, cursor: number): number {
  return cursor === 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1;
}

function lineEnd(text: string, cursor: number): number {
  const feed = text.indexOf('\n', cursor);
  return feed === -1 ? text.length : feed;
}

/** An offset no less than 0 that is not inside a surrogate pair. */
function wellFormedFrom(text: string, from: number): number {
  if (from <= 0) return 0;
  const unit = text.charCodeAt(from);
  return unit >= 0xdc00 && unit <= 0xdfff ? from + 1 : from;
}
