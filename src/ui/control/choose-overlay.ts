import type { Command } from '../keys/table.ts';
import { chooseRows } from '../state/rows.ts';
import { type ChooseOverlay, changeOverlay, type Overlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { drawForm, openDrawForm } from './draw-form.ts';
import { evaluationForm } from './evaluate-form.ts';
import { annotatorChosen } from './exhibits.ts';
import { openLabelling } from './labelling.ts';
import { moveIn } from './lists.ts';
import { gateConfirmed } from './loop-commands.ts';
import { loopForm } from './loop-form.ts';
import { reviewChosen } from './review-commands.ts';
import { formOnScreen, runForm } from './run-form.ts';
import { cancel } from './run-jobs.ts';
import { chosen } from './runs-commands.ts';
import { openTuringSitting } from './turing.ts';

type Of<K extends Overlay['kind']> = Extract<Overlay, { kind: K }>;

function close(control: Controller): void {
  control.set((state) => ({ ...state, overlays: state.overlays.slice(0, -1) }));
}

const WHOLE = ['all', 'none'];

export function chooseCommand(control: Controller, top: ChooseOverlay, command: Command): boolean {
  const put = (next: Partial<ChooseOverlay>) =>
    control.set((state) => changeOverlay(state, 'choose', (overlay) => ({ ...overlay, ...next })));
  const rows = chooseRows(top);
  const moved = moveIn(command, top.selected, rows.length, Math.max(1, control.state.size.rows - 10));
  if (moved !== null) {
    put({ selected: moved });
    return true;
  }
  const row = rows[top.selected];
  if (command === 'choose.mark') {
    if (row) {
      const { value } = row;
      // `all` and `none` say what the list is: another mark beside them would change nothing
      const others = WHOLE.includes(value) ? [] : top.marked.filter((one) => one !== value && !WHOLE.includes(one));
      put({ marked: top.marked.includes(value) ? others : [...others, value] });
    }
    return true;
  }
  if (command === 'choose.new') {
    const { kind } = top.purpose;
    close(control);
    if (kind === 'sample' || kind === 'sitting') openDrawForm(control, kind);
    return true;
  }
  if (command !== 'list.choose') return false;
  if (top.many) {
    const values = top.marked.length > 0 ? top.marked : row ? [row.value] : [];
    close(control);
    take(control, top.purpose, values.join(', '));
  } else if (row) {
    close(control);
    take(control, top.purpose, row.value);
  }
  return true;
}

function take(control: Controller, purpose: ChooseOverlay['purpose'], value: string): void {
  if (purpose.kind === 'sample') openLabelling(control, value);
  else if (purpose.kind === 'sitting') openTuringSitting(control, value);
  else if (purpose.kind === 'annotator') annotatorChosen(control, value);
  else if (purpose.kind === 'review') reviewChosen(control, purpose.choice, value);
  else if (purpose.kind === 'setting' || purpose.kind === 'evaluation' || purpose.kind === 'drawing') {
    const form = { setting: loopForm, evaluation: evaluationForm, drawing: drawForm }[purpose.kind];
    const refused = form.take(control, purpose.key, value);
    if (refused !== null) control.tell('error', refused);
  } else chosen(control, purpose, value);
}

export function confirmCommand(control: Controller, top: Of<'confirm'>, command: Command): boolean {
  if (command !== 'confirm.yes' && command !== 'confirm.no') return false;
  close(control);
  if (command === 'confirm.no') return true;
  const { purpose } = top;
  const { screen, loop, evaluate } = control.state;
  if (purpose.kind === 'cancel-run') cancel(control, purpose.id);
  else if (purpose.kind === 'open-gate') gateConfirmed(control, purpose.loop, purpose.iteration);
  else if (screen === 'loop') {
    if (loop.view.kind === 'form') loopForm.leave(control, loop.view, true);
  } else if (screen === 'evaluate') {
    if (evaluate.view.kind === 'form') evaluationForm.leave(control, evaluate.view, true);
    else if (evaluate.view.kind === 'draw') drawForm.leave(control, evaluate.view, true);
  } else {
    const form = formOnScreen(control);
    if (form) runForm.leave(control, { form, back: form.back }, true);
  }
  return true;
}

export function stepsCommand(control: Controller, top: Of<'steps'>, command: Command): boolean {
  const last = top.lines.length - 1;
  const moved = moveIn(command.replace('scroll.', 'list.') as Command, last - top.up, top.lines.length, 10);
  if (moved === null) return false;
  control.set((state) => changeOverlay(state, 'steps', (overlay) => ({ ...overlay, up: last - moved })));
  return true;
}
