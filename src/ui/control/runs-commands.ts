import { type RunSummary, TRAINING_STAGES } from '../../core/stage/run.ts';
import { cloneRun } from '../../core/workflows/runs/manage.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { currentRun, matching, RUN_PANES, type RunsPrompt, type RunsView, selectedIndex } from '../state/runs.ts';
import { type ChooseOverlay, topOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { moveIn, scrollIn } from './lists.ts';
import { formCommand, openForm, runForm } from './run-form.ts';
import { adopt, note, openRun, resume } from './run-jobs.ts';
import { logCommand, searchFor, settleLog } from './run-log.ts';
import { changeRuns } from './runs-watch.ts';

/** Commands of the Runs screen. @returns false if the command is not one of them, or another screen has the keys. */
export function runsCommand(control: Controller, command: Command): boolean {
  if (control.state.screen !== 'runs' || topOverlay(control.state)) return false;
  const { view, prompt } = control.state.runs;
  if (prompt) return command === 'prompt.apply' && applyPrompt(control, prompt);
  if (view.kind === 'form') return formCommand(control, view.form, command);
  if (view.kind === 'compare') return compareCommand(control, view, command);
  const run = currentRun(control.state.runs);
  if (run && runCommand(control, run, command)) return true;
  return view.kind === 'list' ? listCommand(control, command) : paneCommand(control, view, command);
}

function listCommand(control: Controller, command: Command): boolean {
  const { runs } = control.state;
  const rows = matching(runs);
  const moved = moveIn(command, selectedIndex(runs), rows.length, control.state.size.rows - 7);
  if (moved !== null) {
    changeRuns(control, () => ({ selected: rows[moved]?.record.id ?? null }));
    return true;
  }
  const id = rows[selectedIndex(runs)]?.record.id ?? null;
  switch (command) {
    case 'list.choose':
      if (id !== null) openRun(control, id);
      return true;
    case 'runs.new':
      chooseStage(control);
      return true;
    case 'runs.filter':
      ask(control, { purpose: { kind: 'filter' }, label: '/ ', initial: runs.filter });
      return true;
    case 'runs.mark':
      changeRuns(control, ({ marked }) => ({ marked: marked === id ? null : id }));
      return true;
    case 'runs.compare':
      if (runs.marked !== null && id !== null) {
        const ids = [runs.marked, id] as const;
        changeRuns(control, () => ({ view: { kind: 'compare', ids, metric: 0 } }));
      }
      return true;
    default:
      return false;
  }
}

/** What can be done with a run, from the list or where it is open. */
function runCommand(control: Controller, run: RunSummary, command: Command): boolean {
  const { record } = run;
  const { id, name } = record;
  const open = control.state.runs.view.kind === 'run' ? id : null;
  switch (command) {
    case 'run.cancel':
      control.set((state) => ({
        ...state,
        overlays: [
          ...state.overlays,
          {
            kind: 'confirm',
            question: `Cancel ${name} (${id})? It gets time to save a checkpoint, and can be resumed.`,
            purpose: { kind: 'cancel-run', id },
          },
        ],
      }));
      return true;
    case 'run.resume':
      resume(control, id, name);
      return true;
    case 'run.clone':
      control.guard(async () => openForm(control, await cloneRun(await control.bench.runs(), id), open));
      return true;
    case 'run.note':
      ask(control, { purpose: { kind: 'note', id }, label: 'note: ', initial: '' });
      return true;
    case 'run.adopt':
      ask(control, { purpose: { kind: 'adopt', id }, label: 'adopt as: ', initial: record.adopted?.name ?? name });
      return true;
    case 'run.chat':
      if (record.adopted) {
        control.send({ type: 'switch', [record.request.kind]: record.adopted.name });
        control.set((state) => ({ ...state, screen: 'chat' }));
        control.tell('ok', `${record.adopted.name} is the ${record.request.kind} now`);
      }
      return true;
    default:
      return false;
  }
}

function paneCommand(control: Controller, view: Extract<RunsView, { kind: 'run' }>, command: Command): boolean {
  const change = (next: Partial<typeof view>) => changeRuns(control, () => ({ view: { ...view, ...next } }));
  const step = command === 'run.nextPane' ? 1 : command === 'run.previousPane' ? 2 : 0;
  if (step > 0) {
    change({ pane: RUN_PANES[(RUN_PANES.indexOf(view.pane) + step) % RUN_PANES.length] ?? 'plots', top: 0 });
    settleLog(control, view.id);
    return true;
  }
  if (view.pane === 'plots') {
    if (command === 'plots.next') change({ page: view.page + 1 });
    else if (command === 'plots.previous') change({ page: Math.max(0, view.page - 1) });
    else return false;
    return true;
  }
  if (view.pane === 'log') {
    if (command !== 'log.search') return logCommand(control, view.id, command);
    ask(control, { purpose: { kind: 'log', id: view.id }, label: 'search: ', initial: '' });
    return true;
  }
  const moved = scrollIn(command, view.top, control.state.size.rows - 6);
  if (moved !== null) change({ top: moved });
  return moved !== null;
}

function compareCommand(control: Controller, view: Extract<RunsView, { kind: 'compare' }>, command: Command): boolean {
  const by = command === 'plots.next' ? 1 : command === 'plots.previous' ? -1 : 0;
  if (by !== 0) changeRuns(control, () => ({ view: { ...view, metric: Math.max(0, view.metric + by) } }));
  return by !== 0;
}

/** Opens the list of stages for a new run. */
function chooseStage(control: Controller): void {
  control.guard(async () => {
    const { stages } = await (await control.bench.runs()).trainer.table();
    const options = TRAINING_STAGES.flatMap((value) => {
      const stage = stages[value];
      return stage ? [{ value, help: stage.equation ? `${stage.title} (${stage.equation})` : stage.title }] : [];
    });
    const overlay: ChooseOverlay = {
      kind: 'choose',
      title: 'Which stage?',
      purpose: { kind: 'stage' },
      options,
      many: false,
      free: null,
      marked: [],
      query: newComposer({ width: 40 }),
      selected: 0,
    };
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  });
}

interface Ask {
  readonly purpose: RunsPrompt['purpose'];
  readonly label: string;
  readonly initial: string;
}

function ask(control: Controller, { purpose, label, initial }: Ask): void {
  const text = newComposer({ width: control.state.size.columns - label.length, text: initial });
  changeRuns(control, () => ({ prompt: { purpose, label, text, refused: null } }));
}

function applyPrompt(control: Controller, prompt: RunsPrompt): true {
  const { purpose } = prompt;
  const text = prompt.text.text.trim();
  const close = (): void => changeRuns(control, () => ({ prompt: null }));
  switch (purpose.kind) {
    case 'filter':
      close();
      break;
    case 'log':
      close();
      searchFor(control, purpose.id, text);
      break;
    case 'note':
      close();
      if (text !== '') note(control, purpose.id, text);
      break;
    case 'adopt':
      if (text === '') changeRuns(control, () => ({ prompt: { ...prompt, refused: 'it needs a name' } }));
      else {
        close();
        adopt(control, purpose.id, text);
      }
      break;
    case 'field': {
      const refused = runForm.take(control, purpose.key, text);
      changeRuns(control, () => ({ prompt: refused === null ? null : { ...prompt, refused } }));
      break;
    }
  }
  return true;
}

/** What was chosen from a list: a stage for a new run, or the value of a field. */
export function chosen(
  control: Controller,
  purpose: Extract<ChooseOverlay['purpose'], { kind: 'stage' | 'field' }>,
  value: string,
): void {
  if (purpose.kind === 'stage') {
    const stage = TRAINING_STAGES.find((one) => one === value);
    if (stage) openForm(control, stage, null);
    return;
  }
  const refused = runForm.take(control, purpose.key, value);
  if (refused !== null) control.tell('error', refused);
}

/** Esc: a prompt, a filter, the form or the run is left; from the list one goes to Chat. */
export function runsBack(control: Controller): void {
  const { view, prompt, filter } = control.state.runs;
  if (prompt) changeRuns(control, () => ({ prompt: null }));
  else if (view.kind === 'form') runForm.leave(control, { form: view.form, back: view.form.back }, false);
  else if (view.kind !== 'list') changeRuns(control, () => ({ view: { kind: 'list' } }));
  else if (filter !== '') changeRuns(control, () => ({ filter: '' }));
  else control.set((state) => ({ ...state, screen: 'chat' }));
}
