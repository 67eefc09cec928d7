import { asFoilError, formatError } from '../../core/errors.ts';
import type { RunRequest, TrainingStage } from '../../core/stage/run.ts';
import { discardPlan, planRun } from '../../core/workflows/runs/manage.ts';
import type { Command } from '../keys/table.ts';
import { canStart, type FormState, NO_PREFLIGHT, newRequest, type Preflight, reducePreflight } from '../state/form.ts';
import { type FormChoices, formFields } from '../state/form-fields.ts';
import { resetField, setField } from '../state/form-set.ts';
import { chooseRows } from '../state/rows.ts';
import { changeOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { scrollIn } from './lists.ts';
import { startPlan } from './run-jobs.ts';
import { changeRuns } from './runs-watch.ts';
import { formKeys } from './settings-form.ts';

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
  }
  if (form.pane === 'preflight' && command !== 'form.start') {
    const moved = scrollIn(command, form.top, control.state.size.rows - 8);
    if (moved !== null) changeForm(control, () => ({ top: moved }));
    return moved !== null;
  }
  const field = formFields(form)[form.selected];
  if (command === 'field.reset' && field?.preset === null)
    control.tell('warn', `presets say nothing of "${field.label}"; Enter changes it`);
  return runForm.command(control, form, command);
}

/** The form of a new run. */
export const runForm = formKeys<FormState>({
  makes: 'form.start',
  purpose: 'field',
  fields: formFields,
  at: (selected) => ({ selected, pane: 'fields' }),
  unsaved: ({ request }) => request.name,
  set: (form, key, text) => ({ request: same(form, setField(form, key, text)) }),
  reset: (form, key) => ({ request: same(form, resetField(form, key)) }),
  change: changeForm,
  ask: (control, prompt) =>
    changeRuns(control, () => ({ prompt: prompt && { ...prompt, purpose: { kind: 'field', key: prompt.key } } })),
  listed: lookAgain,
  make: start,
  close: leave,
});

/** The same values are the same request: what was checked of it still holds. */
function same({ request }: FormState, next: RunRequest): RunRequest {
  return JSON.stringify(next) === JSON.stringify(request) ? request : next;
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

/** Checks the run; the result stays beside the form. */
function check(control: Controller): void {
  const form = formOnScreen(control);
  if (!form || !runForm.allGood(control, form)) return;
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

function leave(control: Controller, { form, back }: { form: FormState; back: string | null }): void {
  stopCheck();
  dropPlan(control, form);
  changeRuns(control, () => ({
    prompt: null,
    view: back === null ? { kind: 'list' } : { kind: 'run', id: back, pane: 'details', page: 0, top: 0 },
  }));
}
