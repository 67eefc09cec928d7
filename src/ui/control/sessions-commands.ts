import type { SessionQuery, SessionSummary } from '../../core/ports.ts';
import { fromCorpus } from '../../core/session/tree.ts';
import { judgeSession } from '../../core/workflows/judge.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import type { SessionsState } from '../state/state.ts';
import { topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn } from './lists.ts';

/** Rows kept around the selected one; the index gives others as one moves. */
const WINDOW = 200;

const SORTS = ['updated', 'p_T', 'lowest_r', 'user_turns', 'id'] as const;
const ORIGINS = [undefined, 'live', 'real', 'simulated'] as const;

/** Commands of the Sessions screen. @returns false if the command is not one of them, or another screen has the keys. */
export function sessionsCommand(control: Controller, command: Command): boolean {
  if (control.state.screen !== 'sessions' || topOverlay(control.state)) return false;
  const { sessions } = control.state;
  const moved = moveIn(command, sessions.selected, sessions.total, control.state.size.rows - 6);
  if (moved !== null) {
    change(control, { selected: moved });
    const { offset, rows } = sessions;
    if (moved < offset || moved >= offset + rows.length) refreshSessions(control);
    return true;
  }
  const query = (next: Partial<SessionQuery>) => {
    change(control, { query: { ...sessions.query, ...next }, selected: 0 });
    refreshSessions(control);
  };
  switch (command) {
    case 'list.choose':
      openSelected(control);
      return true;
    case 'sessions.search':
      change(control, { search: newComposer({ width: 60, text: sessions.query.text ?? '' }) });
      return true;
    case 'search.apply':
    case 'search.down':
      query({ text: sessions.search?.text.trim() ?? '' });
      change(control, { search: null });
      return true;
    case 'sessions.sort':
      query({ sort: after(SORTS, sessions.query.sort ?? 'updated') });
      return true;
    case 'sessions.reverse':
      query({ descending: !sessions.query.descending });
      return true;
    case 'sessions.origin':
      query(optional('origin', after(ORIGINS, sessions.query.origin), sessions.query));
      return true;
    case 'sessions.corpus':
      query(optional('corpus', after([undefined, ...sessions.corpora], sessions.query.corpus), sessions.query));
      return true;
    case 'sessions.risk':
      query({ hideRisk: !sessions.query.hideRisk });
      return true;
    case 'sessions.score':
      scoreSelected(control);
      return true;
    default:
      return false;
  }
}

/** Goes to the sessions that stand behind a figure; Esc goes back to it. */
export function showBehind(
  control: Controller,
  { title, among }: { readonly title: string; readonly among: NonNullable<SessionQuery['among']> },
): void {
  const { sort, descending } = control.state.sessions.query;
  // all of them, those with risk language too: they are in the figure
  const query: SessionQuery = { ...(sort ? { sort } : {}), descending: descending ?? false, hideRisk: false, among };
  control.set((state) => ({
    ...state,
    screen: 'sessions',
    overlays: [],
    sessions: { ...state.sessions, query, selected: 0, search: null, behind: title, below: state.overlays },
  }));
  refreshSessions(control);
}

/** Goes back to the figure, and looks at all sessions again. */
export function leaveBehind(control: Controller): void {
  const { among: _, ...query } = control.state.sessions.query;
  control.set((state) => ({
    ...state,
    screen: 'evaluate',
    overlays: state.sessions.below,
    sessions: { ...state.sessions, query: { ...query, hideRisk: true }, selected: 0, behind: null, below: [] },
  }));
}

/** Goes to the sessions of one corpus, whatever was looked for before. */
export function showCorpus(control: Controller, corpus: string): void {
  const { text: _, origin: __, among: ___, ...rest } = control.state.sessions.query;
  const query: SessionQuery = { ...rest, corpus };
  control.set((state) => ({
    ...state,
    screen: 'sessions',
    sessions: { ...state.sessions, query, selected: 0, search: null, behind: null, below: [] },
  }));
  refreshSessions(control);
}

/** Reads the rows around the selected one anew. */
export function refreshSessions(control: Controller): void {
  const { query, selected } = control.state.sessions;
  change(control, { loading: true });
  control.guard(async () => {
    const { sessions: store } = control.bench.ports;
    const offset = Math.max(0, selected - WINDOW / 2);
    const discriminator = control.state.chat.session?.roles.discriminator;
    const full = { ...query, ...(discriminator ? { discriminator } : {}), offset, limit: WINDOW };
    const [{ rows, total }, corpora] = await Promise.all([store.query(full), store.corpora()]);
    // A later request has been made: its answer counts.
    if (control.state.sessions.query !== query) return;
    change(control, {
      rows,
      total,
      offset,
      selected: Math.min(selected, Math.max(0, total - 1)),
      corpora: corpora.map((corpus) => corpus.name),
      loading: false,
    });
  });
}

function openSelected(control: Controller): void {
  const row = selectedRow(control.state.sessions);
  if (!row) return;
  control.guard(async () => {
    const { sessions: store, clock, newId } = control.bench.ports;
    if (row.corpus === 'live') return await control.openSession(await store.loadLive(row.id));
    const init = {
      id: newId('live'),
      at: clock.now().toISOString(),
      seed: control.bench.newSeed(),
      roles: control.state.chat.session?.roles ?? control.bench.roles,
    };
    await control.openSession(fromCorpus(await store.read(row.corpus, row.id), row.corpus, init));
  });
}

function scoreSelected(control: Controller): void {
  const row = selectedRow(control.state.sessions);
  const name = control.state.chat.session?.roles.discriminator ?? control.bench.roles.discriminator;
  if (!row) return;
  if (name === null) {
    control.tell('warn', 'no discriminator is in use: choose one with M in the Chat screen');
    return;
  }
  if (row.corpus === 'live') {
    control.tell('warn', 'live sessions are scored as they are opened (Enter)');
    return;
  }
  control.tell('dim', `scoring ${row.id} with ${name} …`);
  control.guard(async () => {
    const { sessions: store, models } = control.bench.ports;
    const discriminator = await models.discriminator(name, control.signal);
    const { context, turns } = await store.read(row.corpus, row.id);
    const z: number[] = [];
    for await (const judged of judgeSession(discriminator, context, turns, control.signal)) z.push(judged.z);
    const { logitP0, template, engine } = discriminator;
    await store.appendScores(row.corpus, [{ session: row.id, discriminator: name, z, logitP0, template, engine }]);
    control.tell('ok', `scored ${row.id}: ${z.length} user turns`);
    refreshSessions(control);
  });
}

export function selectedRow(sessions: SessionsState): SessionSummary | undefined {
  return sessions.rows[sessions.selected - sessions.offset];
}

function change(control: Controller, next: Partial<SessionsState>): void {
  control.set((state) => ({ ...state, sessions: { ...state.sessions, ...next } }));
}

function after<T>(values: readonly T[], current: T): T {
  return values[(values.indexOf(current) + 1) % values.length] as T;
}

/** A filter that may be absent, for exact optional properties. */
function optional<K extends 'origin' | 'corpus'>(
  key: K,
  value: SessionQuery[K],
  query: SessionQuery,
): Partial<SessionQuery> {
  return { ...query, [key]: value };
}
