import type { LogLine, LogPage } from '../../core/workflows/runs/types.ts';

/** More lines than this are not kept: what is scrolled away from is read again. */
export const MAX_LOG_LINES = 3000;
/** Lines shown above one that was jumped to. */
const CONTEXT_LINES = 3;

/**
 * A window of a log of any length: some lines of it, and where in them one looks. Invariants: `lines` are bytes
 * [start, end) of the log, with the line at its end that is still being written, and no more than MAX_LOG_LINES.
 */
export interface LogState {
  readonly lines: readonly LogLine[];
  readonly start: number;
  readonly end: number;
  /** Bytes that the log has, as far as is known. */
  readonly size: number;
  /** Index of the first line that shows; while the end is followed it has no meaning. */
  readonly top: number;
  /** New lines scroll into view. Ends when one scrolls up, searches or goes to the first line. */
  readonly follow: boolean;
  /** Lines that were still to go up when the window ended. */
  readonly owed: number;
  /** Characters that are scrolled away on the left. */
  readonly shift: number;
  readonly query: string;
  /** Start of the line that the search found. */
  readonly found: number | null;
}

export const NO_LOG: LogState = {
  lines: [],
  start: 0,
  end: 0,
  size: 0,
  top: 0,
  follow: true,
  owed: 0,
  shift: 0,
  query: '',
  found: null,
};

export type LogAction =
  /** The end of the log, or what was added to it since the last one. */
  | { readonly type: 'grown'; readonly page: LogPage }
  /** The end again: from here on it is followed. */
  | { readonly type: 'end'; readonly page: LogPage }
  /** The page before `start`, or after `end`. */
  | { readonly type: 'before' | 'after'; readonly page: LogPage }
  /** A page to look at from its first line on; with `found`, that is what a search found. */
  | { readonly type: 'jump'; readonly page: LogPage; readonly found?: number }
  | { readonly type: 'move'; readonly lines: number; readonly height: number }
  | { readonly type: 'shift'; readonly by: number }
  | { readonly type: 'query'; readonly query: string };

/** Pure: the window after a page has come or a key was pressed. */
export function logReducer(state: LogState, action: LogAction): LogState {
  switch (action.type) {
    case 'grown':
      return grown(state, action.page);
    case 'end':
      return { ...replaced(state, action.page), follow: true, found: null };
    case 'before':
      return before(state, action.page);
    case 'after':
      return after(state, action.page);
    case 'jump': {
      const found = action.found ?? null;
      const owed = found === null ? 0 : CONTEXT_LINES;
      return { ...replaced(state, action.page), follow: false, found, owed };
    }
    case 'move':
      return move(state, action.lines, action.height);
    case 'shift':
      return { ...state, shift: Math.max(0, state.shift + action.by) };
    case 'query':
      return { ...state, query: action.query, found: null };
  }
}

/** Index of the first line that shows in a pane of `height` rows. */
export function logTop(state: LogState, height: number): number {
  const last = Math.max(0, state.lines.length - height);
  return state.follow ? last : Math.min(state.top, last);
}

/** The page that must be read for what is looked at; one screen on either side is kept ready. */
export function wantedPage(state: LogState, height: number): 'before' | 'after' | null {
  const top = logTop(state, height);
  if (state.start > 0 && (top < height || state.owed > 0)) return 'before';
  if (!state.follow && state.end < state.size && top + 2 * height > state.lines.length) return 'after';
  return null;
}

/** The lines that show, and how far into the log they are (0 to 1). */
export function logView(
  state: LogState,
  height: number,
): { readonly lines: readonly LogLine[]; readonly share: number } {
  const top = logTop(state, height);
  const lines = state.lines.slice(top, top + height);
  const below = state.lines[top + height];
  const end = below ? below.at : state.end;
  return { lines, share: state.size === 0 ? 1 : Math.min(1, end / state.size) };
}

function replaced(state: LogState, page: LogPage): LogState {
  return { ...state, lines: page.lines, start: page.start, end: page.end, size: page.size, top: 0, owed: 0 };
}

/** No more lines of a page than a window keeps. */
function lastOf(page: LogPage): LogPage {
  const lines = page.lines.slice(-MAX_LOG_LINES);
  return lines.length < page.lines.length ? { ...page, lines, start: lines[0]?.at ?? page.start } : page;
}

function grown(state: LogState, page: LogPage): LogState {
  // A log that became shorter is another one: a resumed job may have begun it anew.
  const other = page.size < state.end;
  if (state.lines.length === 0 || other) return { ...replaced(state, lastOf(page)), follow: state.follow || other };
  if (!state.follow) return { ...state, size: Math.max(state.size, page.size) };
  if (page.start === state.end && page.lines.length < MAX_LOG_LINES) return appended(state, page);
  return page.end <= state.end ? state : replaced(state, lastOf(page));
}

function before(state: LogState, page: LogPage): LogState {
  if (page.end !== state.start) return state;
  const all = [...page.lines, ...state.lines];
  const top = state.top + page.lines.length;
  const moved = Math.max(0, top - state.owed);
  // At the very start nothing more can be owed, nor where the page had it all.
  const owed = page.start === 0 || top >= state.owed ? 0 : state.owed - top;
  const lines = all.slice(0, MAX_LOG_LINES);
  const end = all[MAX_LOG_LINES]?.at ?? state.end;
  return { ...state, lines, start: page.start, end, top: moved, owed, size: Math.max(state.size, page.size) };
}

function after(state: LogState, page: LogPage): LogState {
  return page.start === state.end ? appended(state, page) : state;
}

function appended(state: LogState, page: LogPage): LogState {
  // A last line that was still being written is told again.
  const whole = state.lines.at(-1)?.at === page.start ? state.lines.slice(0, -1) : state.lines;
  const all = [...whole, ...page.lines];
  const gone = Math.max(0, all.length - MAX_LOG_LINES);
  const lines = gone === 0 ? all : all.slice(gone);
  const start = gone === 0 ? state.start : (lines[0]?.at ?? page.end);
  const size = Math.max(state.size, page.size);
  return { ...state, lines, start, end: page.end, size, top: Math.max(0, state.top - gone) };
}

function move(state: LogState, by: number, height: number): LogState {
  if (by > 0 && state.follow) return state;
  const top = logTop(state, height) + by;
  const last = Math.max(0, state.lines.length - height);
  const owed = state.start > 0 ? Math.max(0, -top) : 0;
  return { ...state, follow: false, top: Math.max(0, Math.min(top, last)), owed };
}
