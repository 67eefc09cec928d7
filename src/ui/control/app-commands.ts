import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import type { AppState } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { enterEvaluations, evaluateBack } from './evaluate-commands.ts';
import { endLabelling } from './labelling.ts';
import { enterLoops, loopBack } from './loop-commands.ts';
import { stopCheck } from './run-form.ts';
import { stopSearch } from './run-log.ts';
import { runsBack } from './runs-commands.ts';
import { leaveBehind, refreshSessions } from './sessions-commands.ts';
import { endTuring } from './turing.ts';
import { stopWhy, whyStopped } from './why.ts';

const SCREENS: ReadonlySet<Command> = new Set([
  'app.chat',
  'app.sessions',
  'app.review',
  'app.runs',
  'app.evaluate',
  'app.loop',
]);

/** Commands that work everywhere. @returns false if the command is not one of them. */
export function appCommand(control: Controller, command: Command): boolean {
  // what was said on one screen is about nothing on the next
  if (SCREENS.has(command)) control.set((state) => ({ ...state, message: null }));
  switch (command) {
    case 'app.chat':
      control.set((state) => ({ ...state, screen: 'chat', overlays: [] }));
      return true;
    case 'app.sessions':
      control.set((state) => ({ ...state, screen: 'sessions', overlays: [] }));
      refreshSessions(control);
      return true;
    case 'app.review':
      control.set((state) => ({ ...state, screen: 'review', overlays: [] }));
      control.review.open();
      return true;
    case 'app.runs':
      control.set((state) => ({ ...state, screen: 'runs', overlays: [] }));
      return true;
    case 'app.evaluate':
      enterEvaluations(control);
      return true;
    case 'app.loop':
      enterLoops(control);
      return true;
    case 'app.help':
      control.set((state) => open(state, { kind: 'help', top: 0 }));
      return true;
    case 'app.palette':
      control.set((state) => open(state, { kind: 'palette', query: newComposer({ width: 40 }), selected: 0 }));
      return true;
    case 'app.back':
      back(control);
      return true;
    case 'app.cancel':
      cancel(control);
      return true;
    case 'app.quit':
      control.quit();
      return true;
    default:
      return false;
  }
}

function open(state: AppState, overlay: AppState['overlays'][number]): AppState {
  // The same overlay twice would need Esc twice.
  if (state.overlays.some((other) => other.kind === overlay.kind)) return state;
  return { ...state, overlays: [...state.overlays, overlay] };
}

/** Esc: what is on top goes; a search is left; from the composer one goes to the transcript and back. */
function back(control: Controller): void {
  const { overlays, screen, sessions, chat } = control.state;
  const top = overlays.at(-1);
  if (top?.kind === 'context' && top.pick) {
    const pick = top.pick.searching ? { ...top.pick, searching: false } : null;
    control.set((state) => ({ ...state, overlays: state.overlays.with(-1, { ...top, pick }) }));
  } else if (top) {
    // Sampling goes on for nobody once its overlay is closed.
    if (top.kind === 'why') stopWhy();
    if (top.kind === 'label') endLabelling();
    if (top.kind === 'turing') endTuring();
    if (top.kind === 'alternatives' && !top.done) control.send({ type: 'stop' });
    control.set((state) => ({ ...state, overlays: state.overlays.slice(0, -1) }));
  } else if (screen === 'sessions') {
    if (!sessions.search && sessions.behind !== null) leaveBehind(control);
    else
      control.set((state) =>
        sessions.search ? { ...state, sessions: { ...sessions, search: null } } : { ...state, screen: 'chat' },
      );
  } else if (screen === 'review') {
    control.set((state) => ({ ...state, screen: 'chat' }));
  } else if (screen === 'runs') {
    runsBack(control);
  } else if (screen === 'evaluate') {
    evaluateBack(control);
  } else if (screen === 'loop') {
    loopBack(control);
  } else {
    const focus = chat.focus === 'composer' ? 'transcript' : 'composer';
    control.set((state) => ({ ...state, chat: { ...state.chat, focus } }));
  }
}

/** Ctrl+C: first what runs is cancelled; with nothing to cancel, a second one leaves. */
function cancel(control: Controller): void {
  const { chat, leaving } = control.state;
  if (leaving) {
    control.quit();
    return;
  }
  if (stopWhy()) {
    whyStopped(control);
    control.tell('warn', 'stopped; Ctrl+C again leaves Foil');
  } else if (stopCheck() || stopSearch()) {
    control.tell('warn', 'ended; Ctrl+C again leaves Foil');
  } else if (chat.activity !== null || chat.running) {
    control.send({ type: 'stop' });
    control.tell('warn', 'stopped; Ctrl+C again leaves Foil');
  } else if (control.evaluations.stop()) {
    control.tell('warn', 'the evaluation is being stopped; Ctrl+C again leaves Foil');
  } else if (control.loop.stop()) {
    control.tell('warn', 'the loop is being stopped; Ctrl+C again leaves Foil');
  } else {
    control.tell('warn', 'Ctrl+C again leaves Foil; the session is saved');
  }
  control.set((state) => ({ ...state, leaving: true }));
}
