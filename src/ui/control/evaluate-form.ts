import { type EvaluationSpec, specSchema } from '../../core/workflows/evaluate/spec.ts';
import {
  type EvaluationForm,
  evaluationFields,
  newEvaluationForm,
  resetEvaluationField,
  setEvaluationField,
} from '../state/evaluate-form.ts';
import type { Controller } from './controller.ts';
import { change, openEvaluation } from './evaluate.ts';
import { formKeys } from './settings-form.ts';

/** Opens the form. @param spec what is to be changed; null for a new one. @param back the evaluation that one goes back to. */
export function openEvaluationForm(control: Controller, spec: EvaluationSpec | null, back: string | null): void {
  control.guard(async () => {
    const { sessions, models: registry } = control.bench.ports;
    const { evaluations, encoders } = await control.bench.evaluations();
    const [corpora, models, taken, sittings] = await Promise.all([
      ...([sessions.corpora(), registry.list(), evaluations.list()] as const),
      (await control.bench.sittings()).list(),
    ]);
    const named = (kind: string) => models.filter((model) => model.kind === kind).map(({ name }) => name);
    const form = newEvaluationForm(
      {
        corpora: corpora
          .filter(({ name }) => name !== 'live')
          .map(({ name, sessions: count }) => ({ name, sessions: count })),
        ...{ simulators: named('simulator'), discriminators: named('discriminator'), taken, sittings },
        encoders,
        annotators: [...named('judge'), ...named('chatbot')],
      },
      spec,
    );
    change(control, () => ({ prompt: null, view: { kind: 'form', form, back } }));
  });
}

/** The form of an evaluation, new or changed. */
export const evaluationForm = formKeys<EvaluationForm>({
  makes: 'evalform.create',
  purpose: 'evaluation',
  fields: evaluationFields,
  at: (selected) => ({ selected }),
  unsaved: ({ spec, initial }) => (JSON.stringify(spec) === JSON.stringify(initial) ? null : spec.name),
  set: (form, key, text) => ({ spec: setEvaluationField(form, key, text) }),
  reset: (form, key) => ({ spec: resetEvaluationField(form, key) }),
  change: (control, next) =>
    change(control, ({ view }) =>
      view.kind === 'form' ? { view: { ...view, form: { ...view.form, ...next(view.form) } } } : {},
    ),
  ask: (control, prompt) => change(control, () => ({ prompt })),
  make: (control, form) =>
    control.guard(async () => {
      const spec = specSchema.parse(form.spec);
      const { evaluations } = await control.bench.evaluations();
      await evaluations.save(spec);
      openEvaluation(control, spec.name);
      const kept = 'what nothing of this decides is not computed again';
      control.tell(
        'ok',
        form.known
          ? `${spec.name} is changed: a computes it; ${kept}`
          : `${spec.name} is made, and nothing is started: a computes it`,
      );
    }),
  close: (control, { back }) => {
    if (back !== null) openEvaluation(control, back);
    else {
      change(control, () => ({ view: { kind: 'list' } }));
      control.evaluations.again();
    }
  },
});
