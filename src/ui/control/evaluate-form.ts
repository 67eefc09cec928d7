import { FoilError } from '../../core/errors.ts';
import { type EvaluationSpec, specSchema } from '../../core/workflows/evaluate/spec.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import type { EvaluationsState, EvaluationsView } from '../state/evaluate.ts';
import {
  type EvaluationForm,
  evaluationFields,
  newEvaluationForm,
  resetEvaluationField,
  setEvaluationField,
} from '../state/evaluate-form.ts';
import type { FormField } from '../state/form-fields.ts';
import type { Controller } from './controller.ts';
import { change, openEvaluation } from './evaluate.ts';
import { fieldOverlay, stepOf } from './field.ts';
import { moveIn } from './lists.ts';

/** Opens the form. @param spec what is to be changed; null for a new one. @param back the evaluation that one goes back to. */
export function openEvaluationForm(control: Controller, spec: EvaluationSpec | null, back: string | null): void {
  control.guard(async () => {
    const { sessions, models: registry } = control.bench.ports;
    const { evaluations } = await control.evaluations.ports();
    const [corpora, models, taken] = await Promise.all([sessions.corpora(), registry.list(), evaluations.list()]);
    const named = (kind: string) => models.filter((model) => model.kind === kind).map(({ name }) => name);
    const form = newEvaluationForm(
      {
        corpora: corpora
          .filter(({ name }) => name !== 'live')
          .map(({ name, sessions: count }) => ({ name, sessions: count })),
        ...{ simulators: named('simulator'), discriminators: named('discriminator'), taken },
        annotators: [...named('judge'), ...named('chatbot')],
      },
      spec,
    );
    change(control, () => ({ prompt: null, view: { kind: 'form', form, back } }));
  });
}

function changeForm(control: Controller, next: (form: EvaluationForm) => Partial<EvaluationForm>): void {
  change(control, ({ view }) =>
    view.kind === 'form' ? { view: { ...view, form: { ...view.form, ...next(view.form) } } } : {},
  );
}

/** Commands of the form. @returns false if the command is not one of them. */
export function evaluationFormCommand(control: Controller, form: EvaluationForm, command: Command): boolean {
  if (command === 'evalform.create') {
    keep(control, form);
    return true;
  }
  const fields = evaluationFields(form);
  const moved = moveIn(command, form.selected, fields.length, control.state.size.rows - 10);
  if (moved !== null) {
    changeForm(control, () => ({ selected: moved }));
    return true;
  }
  const field = fields[form.selected];
  if (!field) return false;
  const step = command === 'field.next' ? 1 : -1;
  switch (command) {
    case 'list.choose':
      enter(control, form, field);
      return true;
    case 'field.next':
    case 'field.previous': {
      const next = stepOf(control, field, step);
      if (next !== null) changeForm(control, (now) => ({ spec: setEvaluationField(now, field.key, next) }));
      return true;
    }
    case 'field.reset':
      changeForm(control, (now) => ({ spec: resetEvaluationField(now, field.key) }));
      return true;
    default:
      return false;
  }
}

/** Enter: a list to choose from, a line to type in, or the evaluation is kept. */
function enter(control: Controller, form: EvaluationForm, field: FormField): void {
  const { key, label, value } = field;
  if (field.kind === 'button') keep(control, form);
  else if (field.kind === 'text') {
    const prompt = `${label}: `;
    const text = newComposer({ width: control.state.size.columns - prompt.length, text: value });
    change(control, () => ({ prompt: { key, label: prompt, text, refused: null } }));
  } else {
    const overlay = fieldOverlay(field, { kind: 'evaluation', key });
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  }
}

export function applyEvaluationPrompt(control: Controller, prompt: NonNullable<EvaluationsState['prompt']>): true {
  const refused = evaluationRefused(control, prompt.key, prompt.text.text);
  change(control, () => ({ prompt: refused === null ? null : { ...prompt, refused } }));
  return true;
}

/** A field as it was typed or chosen. @returns why it cannot be taken, or null. */
export function evaluationRefused(control: Controller, key: string, text: string): string | null {
  try {
    changeForm(control, (form) => ({ spec: setEvaluationField(form, key, text) }));
    return null;
  } catch (error) {
    if (error instanceof FoilError) return error.message;
    throw error;
  }
}

/** Keeps the evaluation and opens it; a field that cannot be taken is gone to first. */
function keep(control: Controller, form: EvaluationForm): void {
  const fields = evaluationFields(form);
  const wrong = fields.findIndex(({ error }) => error !== null);
  if (wrong !== -1) {
    changeForm(control, () => ({ selected: wrong }));
    control.tell('error', `${fields[wrong]?.label}: ${fields[wrong]?.error}`);
    return;
  }
  control.guard(async () => {
    const spec = specSchema.parse(form.spec);
    const { evaluations } = await control.evaluations.ports();
    await evaluations.save(spec);
    openEvaluation(control, spec.name);
    const kept = 'what nothing of this decides is not computed again';
    control.tell(
      'ok',
      form.known
        ? `${spec.name} is changed: a computes it; ${kept}`
        : `${spec.name} is made, and nothing is started: a computes it`,
    );
  });
}

/** Leaves the form for where it was opened from; asks first if something was filled in. */
export function leaveEvaluationForm(
  control: Controller,
  { form, back }: Extract<EvaluationsView, { kind: 'form' }>,
  sure: boolean,
): void {
  if (!sure && JSON.stringify(form.spec) !== JSON.stringify(form.initial)) {
    const question = `Leave the form? What was filled in for ${form.spec.name} is not kept.`;
    control.set((state) => ({
      ...state,
      overlays: [...state.overlays, { kind: 'confirm', question, purpose: { kind: 'leave-form' } }],
    }));
  } else if (back === null) {
    change(control, () => ({ view: { kind: 'list' } }));
    control.evaluations.again();
  } else openEvaluation(control, back);
}
