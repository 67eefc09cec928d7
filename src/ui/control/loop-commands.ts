import type { Command } from '../keys/table.ts';
import {
  type GridMove,
  LOOP_PANES,
  type LoopScreenView,
  moveCursor,
  selectedLoop,
  shownAlarm,
  shownLoop,
} from '../state/loop.ts';
import { jumpOf } from '../state/loop-detail.ts';
import { topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn, scrollIn } from './lists.ts';
import { changeLoops, openLoop } from './loop.ts';
import { loopForm, openLoopForm } from './loop-form.ts';
import { openRun } from './run-jobs.ts';
import { showCorpus } from './sessions-commands.ts';

type LoopOne = Extract<LoopScreenView, { kind: 'loop' }>;

/** Commands of the Loop screen. @returns false if the command is not one of them, or another screen has the keys. */
export function loopCommand(control: Controller, command: Command): boolean {
  if (control.state.screen !== 'loop' || topOverlay(control.state)) return false;
  const { view, prompt } = control.state.loop;
  if (prompt) return command === 'prompt.apply' && loopForm.apply(control, prompt);
  if (view.kind === 'form') return loopForm.command(control, view.form, command);
  return view.kind === 'list' ? listCommand(control, command) : oneCommand(control, view, command);
}

function listCommand(control: Controller, command: Command): boolean {
  const { loop } = control.state;
  const moved = moveIn(command, selectedLoop(loop), loop.loops.length, control.state.size.rows - 7);
  if (moved !== null) {
    changeLoops(control, ({ loops }) => ({ selected: loops[moved]?.name ?? null }));
    return true;
  }
  switch (command) {
    case 'list.choose': {
      const row = loop.loops[selectedLoop(loop)];
      if (row) openLoop(control, row.name);
      return true;
    }
    case 'loops.new':
      openLoopForm(control, null);
      return true;
    case 'loops.reload':
      control.loop.again();
      return true;
    default:
      return false;
  }
}

const MOVES: Partial<Record<Command, GridMove>> = {
  'grid.up': 'up',
  'grid.down': 'down',
  'grid.left': 'left',
  'grid.right': 'right',
  'grid.next': 'next',
};

function oneCommand(control: Controller, view: LoopOne, command: Command): boolean {
  const change = (next: Partial<LoopOne>) => changeLoops(control, () => ({ view: { ...view, ...next } }));
  const shown = shownLoop(control.state.loop);
  const move = MOVES[command];
  if (move) {
    if (shown) change({ ...moveCursor(shown.view, view, move), top: 0 });
    return true;
  }
  switch (command) {
    case 'grid.open':
      jump(control, view);
      return true;
    case 'grid.pageUp':
      change({ top: Math.max(0, view.top - 5) });
      return true;
    case 'grid.pageDown':
      change({ top: view.top + 5 });
      return true;
    case 'loop.stage':
      control.loop.run('stage');
      return true;
    case 'loop.iteration':
      control.loop.run('iteration');
      return true;
    case 'loop.all':
      control.loop.run('all');
      return true;
    case 'loop.stop':
      control.loop.stop();
      return true;
    case 'loop.gate':
      askGate(control, view);
      return true;
    case 'loop.nextPane':
    case 'loop.previousPane': {
      const by = command === 'loop.nextPane' ? 1 : LOOP_PANES.length - 1;
      const pane = LOOP_PANES[(LOOP_PANES.indexOf(view.pane) + by) % LOOP_PANES.length] ?? 'stage';
      change({ pane, top: 0 });
      return true;
    }
    case 'loop.new':
      openLoopForm(control, view.name);
      return true;
    case 'loop.list':
      toList(control);
      return true;
    case 'loop.reload':
      control.loop.again();
      control.tell('dim', 'read again: what the loop reads has been looked at');
      return true;
    default:
      return scroll(control, view, command);
  }
}

/** Moves among the alarms, or scrolls the figures. */
function scroll(control: Controller, view: LoopOne, command: Command): boolean {
  const shown = shownLoop(control.state.loop);
  const list = command.replace('scroll.', 'list.') as Command;
  if (view.pane === 'alarms') {
    const at = shown ? shownAlarm(shown.view, view.alarm) : 0;
    const alarm = moveIn(list, at, shown?.view.alarms.length ?? 0, 3);
    if (alarm !== null) changeLoops(control, () => ({ view: { ...view, alarm } }));
    return alarm !== null;
  }
  const top = scrollIn(command, view.top, Math.max(1, control.state.size.rows - 8));
  if (top !== null) changeLoops(control, () => ({ view: { ...view, top } }));
  return top !== null;
}

/** Goes to what the stage under the cursor made. */
function jump(control: Controller, view: LoopOne): void {
  const shown = shownLoop(control.state.loop);
  if (!shown) return;
  const to = jumpOf(shown, view);
  switch (to.kind) {
    case 'run':
      control.set((state) => ({ ...state, screen: 'runs' }));
      openRun(control, to.id);
      return;
    case 'review':
      control.set((state) => ({ ...state, screen: 'review' }));
      control.review.openSet(to.set);
      return;
    case 'sessions':
      showCorpus(control, to.corpus);
      return;
    case 'none':
      control.tell('warn', to.why);
  }
}

/** Asks once, with what is approved by now: pairs may have been judged since the loop was read. */
function askGate(control: Controller, { name }: LoopOne): void {
  control.guard(async () => {
    const shown = shownLoop(control.state.loop);
    const gate = shown?.gate;
    if (!shown || !gate) {
      control.tell('warn', 'the gate is not read yet: r reads the loop again');
      return;
    }
    const found = (await control.bench.ports.pairs.sets()).find((set) => set.name === gate.set);
    const { approved, rejected, pending } = found ?? gate;
    const { floor } = shown.settings.dpo;
    const few = approved < floor ? ` DPO refuses fewer than ${floor}.` : '';
    const question = `Open the gate of iteration ${gate.iteration}? ${approved} pairs of ${gate.set} are approved and will be trained on; ${pending} pending and ${rejected} rejected ones stay out.${few}`;
    control.set((state) => ({
      ...state,
      overlays: [
        ...state.overlays,
        { kind: 'confirm', question, purpose: { kind: 'open-gate', loop: name, iteration: gate.iteration } },
      ],
    }));
  });
}

/** Opens the gate, in the name of who reviews. */
export function gateConfirmed(control: Controller, loop: string, iteration: number): void {
  control.guard(async () => {
    const { openGate } = await import('../../core/workflows/loop/loop.ts');
    const by = control.state.review?.options.reviewer ?? control.bench.reviewer;
    await openGate(await control.bench.loops(), loop, by, iteration);
    // before it is said: the next key may go on
    await control.loop.settle(loop);
    control.tell('ok', `the gate of iteration ${iteration} is open: s, i or a goes on with it`);
  });
}

/** F7: the loop that was open, read again; at first the only one there is, or the list. */
export function enterLoops(control: Controller): void {
  control.set((state) => ({ ...state, screen: 'loop', overlays: [] }));
  control.loop.again();
}

function toList(control: Controller): void {
  changeLoops(control, () => ({ view: { kind: 'list' }, open: null, failed: null }));
}

/** Esc: a prompt, the form, a pane or the loop is left; from the only loop one goes to Chat. */
export function loopBack(control: Controller): void {
  const { view, prompt, loops } = control.state.loop;
  if (prompt) changeLoops(control, () => ({ prompt: null }));
  else if (view.kind === 'form') loopForm.leave(control, view, false);
  else if (view.kind === 'loop' && view.pane !== 'stage')
    changeLoops(control, () => ({ view: { ...view, pane: 'stage', top: 0 } }));
  else if (view.kind === 'loop' && loops.length > 1) toList(control);
  else control.set((state) => ({ ...state, screen: 'chat' }));
}
