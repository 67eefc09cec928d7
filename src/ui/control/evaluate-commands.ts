import { simulatedCorpora } from '../../core/workflows/evaluate/view.ts';
import { scrollable } from '../components/scroll.ts';
import type { Command } from '../keys/table.ts';
import {
  EVALUATION_PANES,
  type EvaluationsView,
  entriesOf,
  selectedEvaluation,
  shownEntry,
  shownEvaluation,
} from '../state/evaluate.ts';
import { exhibitSize } from '../state/evaluate-table.ts';
import { topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { chooseDrawn, drawForm } from './draw-form.ts';
import { change, openEvaluation } from './evaluate.ts';
import { evaluationForm, openEvaluationForm } from './evaluate-form.ts';
import { moveInExhibit, showBehindCursor } from './exhibits.ts';
import { moveIn, scrollIn } from './lists.ts';

type One = Extract<EvaluationsView, { kind: 'one' }>;

/** Commands of the Evaluate screen. @returns false if the command is not one of them, or another screen has the keys. */
export function evaluateCommand(control: Controller, command: Command): boolean {
  if (control.state.screen !== 'evaluate' || topOverlay(control.state)) return false;
  const { view, prompt } = control.state.evaluate;
  const typed = view.kind === 'draw' ? drawForm : evaluationForm;
  if (prompt) return command === 'prompt.apply' && typed.apply(control, prompt);
  if (view.kind === 'draw') return drawForm.command(control, view.form, command);
  if (view.kind === 'form') return evaluationForm.command(control, view.form, command);
  return view.kind === 'list' ? listCommand(control, command) : oneCommand(control, view, command);
}

function listCommand(control: Controller, command: Command): boolean {
  const { evaluate, size } = control.state;
  const at = selectedEvaluation(evaluate);
  const moved = moveIn(command, at, evaluate.rows.length, size.rows - 7);
  if (moved !== null) {
    change(control, ({ rows }) => ({ selected: rows[moved]?.name ?? null }));
    return true;
  }
  switch (command) {
    case 'list.choose': {
      const row = evaluate.rows[at];
      if (row) openEvaluation(control, row.name);
      return true;
    }
    case 'evals.new':
      openEvaluationForm(control, null, null);
      return true;
    case 'evals.label':
      chooseDrawn(control, 'sample');
      return true;
    case 'evals.turing':
      chooseDrawn(control, 'sitting');
      return true;
    case 'evals.reload':
      control.evaluations.again();
      return true;
    default:
      return false;
  }
}

function oneCommand(control: Controller, view: One, command: Command): boolean {
  const to = (next: Partial<One>) => change(control, () => ({ view: { ...view, ...next } }));
  switch (command) {
    case 'eval.run':
    case 'eval.again':
      control.evaluations.run(command === 'eval.again');
      return true;
    case 'eval.stop':
      control.evaluations.stop();
      return true;
    case 'eval.write':
      write(control);
      return true;
    case 'eval.nextPane':
    case 'eval.previousPane': {
      const by = command === 'eval.nextPane' ? 1 : EVALUATION_PANES.length - 1;
      to({
        pane: EVALUATION_PANES[(EVALUATION_PANES.indexOf(view.pane) + by) % EVALUATION_PANES.length] ?? 'contents',
      });
      return true;
    }
    case 'eval.next':
    case 'eval.previous':
      step(control, view, command === 'eval.next' ? 1 : -1);
      return true;
    case 'eval.new':
      openEvaluationForm(control, null, view.name);
      return true;
    case 'eval.change': {
      const shown = shownEvaluation(control.state.evaluate);
      if (shown) openEvaluationForm(control, shown.spec, view.name);
      return true;
    }
    case 'eval.list':
      toList(control);
      return true;
    case 'eval.reload':
      control.evaluations.again();
      control.tell('dim', 'read again');
      return true;
    default:
      return inPane(control, view, command);
  }
}

function inPane(control: Controller, view: One, command: Command): boolean {
  const { evaluate, size } = control.state;
  const to = (next: Partial<One>) => change(control, () => ({ view: { ...view, ...next } }));
  const page = Math.max(1, size.rows - 9);
  if (view.pane === 'notes') {
    const top = scrollIn(command, view.top, page);
    if (top !== null) to({ top });
    return top !== null;
  }
  if (view.pane === 'contents') {
    const entries = entriesOf(shownEvaluation(evaluate)?.view ?? null);
    const { id } = shownEntry(evaluate);
    const at = entries.findIndex((entry) => entry.id === id);
    const moved = moveIn(command, at, entries.length, page);
    if (moved !== null) to({ entry: entries[moved]?.id ?? 'about', row: 0, column: 0, top: 0 });
    else if (command === 'list.choose') to({ pane: 'exhibit' });
    else return false;
    return true;
  }
  const moved = moveInExhibit(command, view, sizeOf(control), page);
  if (moved !== null) to(moved);
  else if (command === 'exhibit.sessions') drill(control, view);
  else return false;
  return true;
}

function step(control: Controller, view: One, by: 1 | -1): void {
  const entries = entriesOf(shownEvaluation(control.state.evaluate)?.view ?? null);
  const { id } = shownEntry(control.state.evaluate);
  const at = entries.findIndex((entry) => entry.id === id) + by;
  const entry = entries[Math.max(0, Math.min(entries.length - 1, at))]?.id ?? 'about';
  if (entry !== id) change(control, () => ({ view: { ...view, entry, row: 0, column: 0, top: 0 } }));
}

/** How many rows and columns the cursor of the exhibit can be on; the rows of what is only read, for scrolling. */
function sizeOf(control: Controller): { rows: number; columns: number } {
  const entry = shownEntry(control.state.evaluate);
  if (entry.kind !== 'exhibit') return { rows: scrollable.tops, columns: 0 };
  return exhibitSize(entry.exhibit, simulatedOf(control));
}

function simulatedOf(control: Controller): ReadonlySet<string> {
  const view = shownEvaluation(control.state.evaluate)?.view;
  return view ? simulatedCorpora(view) : new Set();
}

/** Goes to the sessions behind the row or the point under the cursor. */
function drill(control: Controller, view: One): void {
  const entry = shownEntry(control.state.evaluate);
  if (entry.kind !== 'exhibit') return;
  showBehindCursor(control, entry.exhibit, view, simulatedOf(control));
}

/** The report and the tables, as files. */
function write(control: Controller): void {
  const shown = shownEvaluation(control.state.evaluate);
  const view = shown?.view;
  if (!view) {
    control.tell('warn', 'nothing is computed yet: a computes it');
    return;
  }
  control.tell('dim', 'writing the report …');
  control.guard(async () => {
    const { report, tables, count } = await control.bench.writeEvaluation(view);
    control.tell('ok', `report: ${report}; ${count} tables as CSV in ${tables}`);
  });
}

/** F6: the evaluation that was open, read again; at first the list. */
export function enterEvaluations(control: Controller): void {
  control.set((state) => ({
    ...state,
    ...{ screen: 'evaluate', overlays: [], sessions: { ...state.sessions, below: [] } },
  }));
  if (control.state.evaluate.running === null) control.evaluations.again();
}

function toList(control: Controller): void {
  change(control, () => ({ view: { kind: 'list' }, failed: null }));
  control.evaluations.again();
}

/** Esc: a prompt, the form, a pane or the evaluation is left; from the list one goes to Chat. */
export function evaluateBack(control: Controller): void {
  const { view, prompt } = control.state.evaluate;
  if (prompt) change(control, () => ({ prompt: null }));
  else if (view.kind === 'form') evaluationForm.leave(control, view, false);
  else if (view.kind === 'draw') drawForm.leave(control, view, false);
  else if (view.kind === 'one' && view.pane !== 'contents')
    change(control, () => ({ view: { ...view, pane: 'contents' } }));
  else if (view.kind === 'one') toList(control);
  else control.set((state) => ({ ...state, screen: 'chat' }));
}
