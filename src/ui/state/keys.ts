import { nextRole, pathTo } from '../../core/session/tree.ts';
import type { KeyFacts } from '../keys/facts.ts';
import type { Place } from '../keys/places.ts';
import { MIN_COLUMNS, MIN_ROWS } from '../layout.ts';
import { type EvaluationsState, shownEntry } from './evaluate.ts';
import { type LoopsState, shownLoop } from './loop.ts';
import { currentRun, type RunsState } from './runs.ts';
import { type AppState, topOverlay } from './state.ts';
import { hasUnjudged } from './view.ts';

/** Where the keyboard is. */
export function placeOf(state: AppState): Place {
  const overlay = topOverlay(state);
  if (overlay?.kind === 'context' && overlay.pick) return overlay.pick.searching ? 'context.search' : 'context';
  if (overlay) return overlay.kind;
  if (state.screen === 'runs') return runsPlace(state.runs);
  if (state.screen === 'loop') return loopPlace(state.loop);
  if (state.screen === 'evaluate') return evaluatePlace(state.evaluate);
  if (state.screen === 'review') return 'review';
  if (state.screen === 'sessions') return state.sessions.search ? 'sessions.search' : 'sessions';
  return `chat.${state.chat.focus}`;
}

function runsPlace({ prompt, view }: RunsState): Place {
  if (prompt) return 'runs.prompt';
  switch (view.kind) {
    case 'list':
      return 'runs';
    case 'run':
      return `runs.${view.pane}`;
    case 'compare':
      return 'runs.compare';
    case 'form':
      return view.form.pane === 'fields' ? 'runs.form' : 'runs.preflight';
  }
}

function loopPlace({ prompt, view }: LoopsState): Place {
  if (prompt) return 'loop.prompt';
  if (view.kind === 'list') return 'loop';
  return view.kind === 'form' ? 'loop.form' : `loop.${view.pane}`;
}

function evaluatePlace({ prompt, view }: EvaluationsState): Place {
  if (prompt) return 'evaluate.prompt';
  if (view.kind === 'list') return 'evaluate';
  return view.kind === 'one' ? `evaluate.${view.pane}` : `evaluate.${view.kind}`;
}

/** What the key table must know. */
export function factsOf(state: AppState): KeyFacts {
  const { session, seats, activity, running, transcript } = state.chat;
  const path = session ? pathTo(session) : [];
  const selected = transcript.selected === null ? undefined : session?.nodes[Number(transcript.selected)];
  const overlay = topOverlay(state);
  const tables = overlay?.kind === 'exhibits' ? overlay : null;
  return {
    busy: activity !== null,
    running,
    seat: seats.assistant === 'human' ? 'chatbot' : seats.user === 'human' ? 'user' : 'watch',
    turns: path.length,
    selected: selected?.role ?? 'none',
    scored: session?.roles.discriminator !== null,
    ended: path.length > 0 && nextRole(path, 'user') === null,
    partial: path.at(-1)?.partial === true,
    unjudged: session !== null && hasUnjudged(session),
    branches:
      session !== null &&
      selected !== undefined &&
      session.nodes.some((node) => node.parent === selected.parent && node.id !== selected.id),
    many: overlay?.kind === 'choose' && overlay.many,
    drawn: overlay?.kind === 'choose' && (overlay.purpose.kind === 'sample' || overlay.purpose.kind === 'sitting'),
    marked: overlay?.kind === 'alternatives' ? overlay.marks.length : 0,
    // An engine that starts is waited for; a fetch takes too long for that.
    noModel: state.engine.status === 'fetching' ? state.engine.detail : null,
    review: reviewFacts(state),
    ...runFacts(state.runs),
    ...loopFacts(state.loop),
    exhibit: tables !== null || shownEntry(state.evaluate).kind === 'exhibit',
    tables: tables?.exhibits.length ?? 0,
    agreement: tables?.agreement != null,
    evaluationHere: state.evaluate.running?.spec.name ?? null,
    evaluationStopping: state.evaluate.running?.stopping === true,
  };
}

function reviewFacts({ review, size }: AppState): KeyFacts['review'] {
  const small = size.columns < MIN_COLUMNS || size.rows < MIN_ROWS;
  return { pair: review?.pair != null && !small, blind: review?.options.blind === true, small };
}

function loopFacts(loops: LoopsState): Pick<KeyFacts, 'loop' | 'loopHere' | 'loopStopping'> {
  const loop = shownLoop(loops);
  const grid = loop?.view.grid;
  const waits = (cell: { state: string } | null | undefined) => cell?.state === 'waiting';
  return {
    loop: loop && {
      waiting: grid?.rows.some(({ cells }) => cells.some(waits)) === true,
      gateNext: waits(grid?.next),
      done: grid?.next === null,
      holder: loop.holder,
    },
    loopHere: loops.running?.name ?? null,
    loopStopping: loops.running?.stopping === true,
  };
}

function runFacts(runs: RunsState): Pick<KeyFacts, 'run' | 'runMarked' | 'formBusy' | 'searched'> {
  const { view, marked } = runs;
  const run = currentRun(runs);
  const form = view.kind === 'form' ? view.form : null;
  // A check of what the form was before says nothing of what it is now: it may be replaced.
  const checking = form?.preflight.status === 'running' && form.preflight.request === form.request;
  return {
    run: run && {
      state: run.report.state,
      actions: run.actions,
      adopted: run.record.adopted !== null,
      marked: run.record.id === marked,
    },
    runMarked: marked !== null,
    formBusy: checking ? 'the run is being checked; Ctrl+C ends the check' : null,
    searched: view.kind === 'run' && (runs.details[view.id]?.log.query ?? '') !== '',
  };
}
