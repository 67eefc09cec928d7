import { logPage, searchLog } from '../../core/workflows/runs/log.ts';
import type { LogPlace } from '../../core/workflows/runs/types.ts';
import type { Command } from '../keys/table.ts';
import { layout } from '../layout.ts';
import { runPanes } from '../screens/runs/layout.ts';
import { statusRows } from '../screens/Status.tsx';
import { type LogAction, type LogState, logReducer, logView, NO_LOG, wantedPage } from '../state/log.ts';
import type { AppState } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { changeDetail } from './runs-watch.ts';

/** Lines read at a time: some screens of them. */
const PAGE_LINES = 400;
/** Columns that a long line is shifted by. */
const SHIFT = 20;

/** One reader a run at a time, and one search. */
const reading = new Set<string>();
let searching: AbortController | null = null;

/** Rows of the log that show; 0 where it does not. */
export function logHeight(state: AppState): number {
  const { view } = state.runs;
  const { columns, rows } = state.size;
  const regions = layout(columns, rows, 1, statusRows(state, columns));
  if (regions.kind === 'small' || view.kind !== 'run') return 0;
  return Math.max(0, (runPanes(regions, view.pane).log?.height ?? 0) - 2);
}

function logOf(control: Controller, id: string): LogState {
  return control.state.runs.details[id]?.log ?? NO_LOG;
}

function act(control: Controller, id: string, action: LogAction): void {
  changeDetail(control, id, (detail) => ({ ...detail, log: logReducer(detail.log, action) }));
}

/** Reads the pages that are missing around what is looked at. */
export function settleLog(control: Controller, id: string): void {
  if (reading.has(id)) return;
  reading.add(id);
  control.guard(async () => {
    try {
      for (;;) {
        const log = logOf(control, id);
        const wanted = wantedPage(log, logHeight(control.state));
        if (wanted === null) return;
        const page = await pageAt(control, id, wanted === 'before' ? { before: log.start } : { after: log.end });
        act(control, id, { type: wanted, page });
        const now = logOf(control, id);
        // A page that brings nothing would be asked for again and again: the log ends in half a line.
        if (now.start === log.start && now.end === log.end) return;
      }
    } finally {
      reading.delete(id);
    }
  });
}

async function pageAt(control: Controller, id: string, place: LogPlace) {
  return await logPage(await control.bench.runs(), id, place, PAGE_LINES, control.signal);
}

/** Commands of the log pane. @returns false if the command is not one of them. */
export function logCommand(control: Controller, id: string, command: Command): boolean {
  const height = logHeight(control.state);
  const step = { 'scroll.up': -1, 'scroll.down': 1, 'scroll.pageUp': -(height - 1), 'scroll.pageDown': height - 1 };
  if (command in step) {
    act(control, id, { type: 'move', lines: step[command as keyof typeof step], height });
    settleLog(control, id);
    return true;
  }
  switch (command) {
    case 'log.left':
    case 'log.right':
      act(control, id, { type: 'shift', by: command === 'log.left' ? -SHIFT : SHIFT });
      return true;
    case 'log.first':
      jump(control, id, async () => ({ type: 'jump', page: await pageAt(control, id, { after: 0 }) }));
      return true;
    case 'log.follow':
      jump(control, id, async () => ({ type: 'end', page: await pageAt(control, id, 'end') }));
      return true;
    case 'log.nextMatch':
      findInLog(control, id, 'forward', true);
      return true;
    case 'log.previousMatch':
      findInLog(control, id, 'back', true);
      return true;
    default:
      return false;
  }
}

function jump(control: Controller, id: string, action: () => Promise<LogAction>): void {
  control.guard(async () => {
    act(control, id, await action());
    settleLog(control, id);
  });
}

/** Searches for `query` from the first line that shows on. */
export function searchFor(control: Controller, id: string, query: string): void {
  act(control, id, { type: 'query', query });
  findInLog(control, id, 'forward', false);
}

/** Ends a search that is under way. @returns false if there is none. */
export function stopSearch(): boolean {
  if (!searching) return false;
  searching.abort();
  searching = null;
  return true;
}

function findInLog(control: Controller, id: string, direction: 'forward' | 'back', onwards: boolean): void {
  stopSearch();
  const log = logOf(control, id);
  const { query } = log;
  const say = (search: string | null) => changeDetail(control, id, (detail) => ({ ...detail, search }));
  if (query === '') {
    say(null);
    return;
  }
  const abort = new AbortController();
  searching = abort;
  const signal = AbortSignal.any([abort.signal, control.signal]);
  say(`searching "${query}" …`);
  control.guard(async () => {
    try {
      const ports = await control.bench.runs();
      const from = searchFrom(log, logHeight(control.state), direction, onwards);
      let found = await searchLog(ports, id, query, from, direction, signal);
      const wrapped = found === null;
      if (wrapped) found = await searchLog(ports, id, query, direction === 'forward' ? 0 : log.size, direction, signal);
      if (found === null) {
        say(`no line holds "${query}"`);
        return;
      }
      act(control, id, { type: 'jump', page: await pageAt(control, id, { after: found }), found });
      settleLog(control, id);
      say(wrapped ? `"${query}": from the ${direction === 'forward' ? 'start' : 'end'} again` : `"${query}"`);
    } catch (error) {
      // a search that replaced this one says what it does itself
      if (searching === abort || searching === null) say(null);
      throw error;
    } finally {
      if (searching === abort) searching = null;
    }
  });
}

/** The byte to search from: after or before the line that was found last, else the first line that shows. */
function searchFrom(log: LogState, height: number, direction: 'forward' | 'back', onwards: boolean): number {
  const first = logView(log, height).lines[0]?.at ?? log.start;
  if (!onwards || log.found === null) return first;
  if (direction === 'back') return log.found;
  return log.lines.find((line) => line.at > (log.found ?? 0))?.at ?? log.end;
}
