import { asFoilError, FoilError, formatError } from '../../core/errors.ts';
import type { RunRequest, TrainingStage } from '../../core/stage/run.ts';
import { discardPlan, planRun } from '../../core/workflows/runs/manage.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import { canStart, type FormState, NO_PREFLIGHT, newRequest, type Preflight, reducePreflight } from '../state/form.ts';
import { type FormChoices, type FormField, formFields } from '../state/form-fields.ts';
import { resetField, setField } from '../state/form-set.ts';
import { chooseRows } from '../state/rows.ts';
import { changeOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { fieldOverlay, stepOf } from './field.ts';
import { moveIn } from './lists.ts';
import { startPlan } from './run-jobs.ts';
import { changeRuns } from './runs-watch.ts';

/** The check that is under way. */
let checking: AbortController | null = null;

export function formOnScreen(control: Controller): FormState | null {
  const { view } = control.state.runs;
  return view.kind === 'form' ? view.form : null;
}

function changeForm(control: Controller, change: (form: FormState) => Partial<FormState>): void {
  changeRuns(control, ({ view }) =>
    view.kind === 'form' ? { view: { kind: 'form', form: { ...view.form, ...change(view.form) } } } : {},
  );
}

/** Opens the form of a stage, or with what another run was asked for. */
export function openForm(control: Controller, from: TrainingStage | RunRequest, back: string | null): void {
  control.guard(async () => {
    const choices = await choicesOf(control);
    const request = typeof from === 'string' ? newRequest(from, choices) : from;
    const form: FormState = { request, choices, selected: 0, pane: 'fields', top: 0, preflight: NO_PREFLIGHT, back };
    changeRuns(control, () => ({ view: { kind: 'form', form }, prompt: null }));
  });
}

async function choicesOf(control: Controller): Promise<FormChoices> {
  const ports = await control.bench.runs();
  const [table, corpora, sets, models, { runs }] = await Promise.all([
    ports.trainer.table(),
    control.bench.ports.sessions.corpora(),
    control.bench.ports.pairs.sets(),
    ports.models.list(),
    ports.runs.list(),
  ]);
  return {
    table,
    corpora: corpora.filter(({ name }) => name !== 'live').map(({ name, sessions }) => ({ name, sessions })),
    sets,
    launchers: ports.launchers.names,
    simulators: models
      .filter(({ kind, server }) => kind === 'simulator' && server === 'embedded')
      .map(({ name }) => name),
    taken: [...models.map(({ name }) => name), ...runs.map(({ name }) => name)],
  };
}

/** Commands of the form. @returns false if the command is not one of them. */
export function formCommand(control: Controller, form: FormState, command: Command): boolean {
  switch (command) {
    case 'form.pane':
      changeForm(control, ({ pane }) => ({ pane: pane === 'fields' ? 'preflight' : 'fields' }));
      return true;
    case 'form.preflight':
      check(control);
      return true;
    case 'form.start':
      start(control);
      return true;
  }
  if (form.pane === 'preflight') {
    const moved = moveIn(command.replace('scroll.', 'list.') as Command, form.top, 500, control.state.size.rows - 8);
    if (moved !== null) changeForm(control, () => ({ top: moved }));
    return moved !== null;
  }
  const fields = formFields(form);
  const moved = moveIn(command, form.selected, fields.length, control.state.size.rows - 10);
  if (moved !== null) {
    changeForm(control, () => ({ selected: moved }));
    return true;
  }
  const field = fields[form.selected];
  if (!field) return false;
  switch (command) {
    case 'list.choose':
      enter(control, field);
      return true;
    case 'field.next':
      cycle(control, field, 1);
      return true;
    case 'field.previous':
      cycle(control, field, -1);
      return true;
    case 'field.reset':
      put(control, (now) => resetField(now, field.key));
      if (field.preset === null) control.tell('warn', `presets say nothing of "${field.label}"; Enter changes it`);
      return true;
    default:
      return false;
  }
}

/** Enter: a list to choose from, a line to type in, or the start. */
function enter(control: Controller, field: FormField): void {
  if (field.kind === 'button') {
    start(control);
    return;
  }
  const { key, label, unit, value } = field;
  if (field.kind === 'text') {
    const prompt = `${label}${unit === null ? '' : ` (${unit})`}: `;
    const text = newComposer({ width: control.state.size.columns - prompt.length, text: value });
    changeRuns(control, () => ({ prompt: { purpose: { kind: 'field', key }, label: prompt, text, refused: null } }));
    return;
  }
  const overlay = fieldOverlay(field, { kind: 'field', key });
  control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  lookAgain(control, key);
}

/** Reads anew what can be chosen, behind the open list: a corpus may have been imported since the form was opened. */
function lookAgain(control: Controller, key: string): void {
  control.guard(async () => {
    const choices = await choicesOf(control);
    changeForm(control, () => ({ choices }));
    const form = formOnScreen(control);
    const options = form && formFields(form).find((field) => field.key === key)?.options;
    if (!options) return;
    control.set((state) =>
      changeOverlay(state, 'choose', (overlay) => {
        if (overlay.kind !== 'choose' || overlay.purpose.kind !== 'field' || overlay.purpose.key !== key)
          return overlay;
        const value = chooseRows(overlay)[overlay.selected]?.value;
        const next = { ...overlay, options };
        return {
          ...next,
          selected: Math.max(
            0,
            chooseRows(next).findIndex((row) => row.value === value),
          ),
        };
      }),
    );
  });
}

function cycle(control: Controller, field: FormField, step: 1 | -1): void {
  const next = stepOf(control, field, step);
  if (next !== null) put(control, (form) => setField(form, field.key, next));
}

/** A field as it was typed or chosen. @throws FoilError that says what it takes. */
export function takeField(control: Controller, key: string, text: string): void {
  put(control, (form) => setField(form, key, text));
}

function put(control: Controller, change: (form: FormState) => RunRequest): void {
  changeForm(control, (form) => {
    const next = change(form);
    // The same values are the same request: what was checked of it still holds.
    return { request: JSON.stringify(next) === JSON.stringify(form.request) ? form.request : next };
  });
}

/** The first field that cannot be taken is gone to. @returns whether there is none. */
function allGood(control: Controller, form: FormState): boolean {
  const fields = formFields(form);
  const wrong = fields.findIndex((field) => field.error !== null);
  if (wrong === -1) return true;
  changeForm(control, () => ({ selected: wrong, pane: 'fields' }));
  control.tell('error', `${fields[wrong]?.label}: ${fields[wrong]?.error}`);
  return false;
}

/** Checks the run; the result stays beside the form. */
function check(control: Controller): void {
  const form = formOnScreen(control);
  if (!form || !allGood(control, form)) return;
  const { request } = form;
  stopCheck();
  const abort = new AbortController();
  checking = abort;
  const signal = AbortSignal.any([abort.signal, control.signal]);
  dropPlan(control, form);
  const update = (change: (preflight: Preflight) => Preflight) =>
    changeForm(control, ({ preflight }) => (preflight.request === request ? { preflight: change(preflight) } : {}));
  changeForm(control, () => ({
    pane: 'preflight',
    top: 0,
    preflight: { ...NO_PREFLIGHT, status: 'running', request },
  }));
  control.guard(async () => {
    try {
      const ports = await control.bench.runs();
      for await (const event of planRun(ports, request, signal)) {
        if (event.type === 'planned' && formOnScreen(control)?.preflight.request !== request) {
          await discardPlan(ports, event.plan);
          return;
        }
        update((preflight) => reducePreflight(preflight, event));
      }
    } catch (error) {
      if (asFoilError(error) === null) {
        update(() => NO_PREFLIGHT);
        if (checking === abort) control.tell('warn', 'the check was ended; nothing was started');
      } else {
        const failure = formatError(error).replaceAll('\n', ' ');
        update((preflight) => ({ ...preflight, status: 'failed', failure }));
      }
    } finally {
      if (checking === abort) checking = null;
    }
  });
}

/** Ends a check that is under way. @returns false if there is none. */
export function stopCheck(): boolean {
  checking?.abort();
  return checking !== null;
}

/** Starts what was checked; checks what was not. */
function start(control: Controller): void {
  const form = formOnScreen(control);
  if (!form) return;
  const { plan, status, request } = form.preflight;
  if (plan && canStart(form)) {
    changeForm(control, () => ({ preflight: NO_PREFLIGHT }));
    startPlan(control, plan);
  } else if (status !== 'running' || request !== form.request) {
    control.tell('dim', 'it is checked first; Ctrl+S then starts it');
    check(control);
  }
}

/** Removes the folder of a plan that will not be started. */
function dropPlan(control: Controller, form: FormState): void {
  const { plan } = form.preflight;
  if (plan) control.guard(async () => await discardPlan(await control.bench.runs(), plan));
}

/** Leaves the form for where it was opened from. */
export function leaveForm(control: Controller, form: FormState): void {
  stopCheck();
  dropPlan(control, form);
  const { back } = form;
  changeRuns(control, () => ({
    prompt: null,
    view: back === null ? { kind: 'list' } : { kind: 'run', id: back, pane: 'details', page: 0, top: 0 },
  }));
}

/** What a prompt of a field was given. @returns why it cannot be taken, or null. */
export function refusedBy(control: Controller, key: string, text: string): string | null {
  try {
    takeField(control, key, text);
    return null;
  } catch (error) {
    if (error instanceof FoilError) return error.message;
    throw error;
  }
}
