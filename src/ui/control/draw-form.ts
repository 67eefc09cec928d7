import { startSample } from '../../core/workflows/evaluate/samples.ts';
import { startSitting } from '../../core/workflows/turing/start.ts';
import { newComposer } from '../components/composer.ts';
import {
  DRAWN,
  type DrawForm,
  type Drawn,
  drawFields,
  newDrawForm,
  resetDrawField,
  setDrawField,
} from '../state/draw-form.ts';
import type { ChooseOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { change } from './evaluate.ts';
import { openLabelling } from './labelling.ts';
import { formKeys } from './settings-form.ts';
import { openTuringSitting } from './turing.ts';

/** Offers what was drawn to sit down to; where there is nothing yet, the form that draws it. */
export function chooseDrawn(control: Controller, of: Drawn): void {
  control.guard(async () => {
    const names = await (await (of === 'sitting' ? control.bench.sittings() : control.bench.samples())).list();
    // what was said before is not about these
    control.set((state) => ({ ...state, message: null }));
    if (names.length === 0) {
      openDrawForm(control, of);
      return;
    }
    const overlay: ChooseOverlay = {
      ...{ kind: 'choose', title: of === 'sitting' ? 'Real or simulated?' : 'Label by hand', purpose: { kind: of } },
      ...{ many: false, free: null, marked: [], selected: 0, query: newComposer({ width: 60 }) },
      options: names.map((value) => ({ value, help: '' })),
    };
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  });
}

/** Opens the form of a sitting or a sample that is to be drawn. */
export function openDrawForm(control: Controller, of: Drawn): void {
  control.guard(async () => {
    const { sessions, models: registry } = control.bench.ports;
    const stores = await (of === 'sitting' ? control.bench.sittings() : control.bench.samples());
    const [corpora, models, taken] = await Promise.all([sessions.corpora(), registry.list(), stores.list()]);
    const named = (kind: string) => models.filter((model) => model.kind === kind).map(({ name }) => name);
    const form = newDrawForm(of, {
      corpora: corpora
        .filter(({ name }) => name !== 'live')
        .map(({ name, sessions: count }) => ({ name, sessions: count })),
      annotators: [...named('judge'), ...named('chatbot')],
      taken,
    });
    change(control, () => ({ prompt: null, view: { kind: 'draw', form, back: null } }));
  });
}

const put = (control: Controller, next: (form: DrawForm) => Partial<DrawForm>): void =>
  change(control, ({ view }) =>
    view.kind === 'draw' ? { view: { ...view, form: { ...view.form, ...next(view.form) } } } : {},
  );

/** The form of what is drawn on the screen. */
export const drawForm = formKeys<DrawForm>({
  makes: 'drawform.create',
  purpose: 'drawing',
  fields: drawFields,
  at: (selected) => ({ selected }),
  unsaved: ({ draft, initial }) => (JSON.stringify(draft) === JSON.stringify(initial) ? null : String(draft['name'])),
  set: (form, key, text) => ({ draft: setDrawField(form, key, text) }),
  reset: (form, key) => ({ draft: resetDrawField(form, key) }),
  change: put,
  ask: (control, prompt) => change(control, () => ({ prompt })),
  make: (control, form) => {
    if (form.busy) {
      control.tell('dim', 'it is being drawn …');
      return;
    }
    put(control, () => ({ busy: true }));
    control.tell('dim', 'reading the corpora …');
    control.guard(() => draw(control, form).finally(() => put(control, () => ({ busy: false }))));
  },
  close: (control) => {
    change(control, () => ({ view: { kind: 'list' } }));
    control.evaluations.again();
  },
});

async function draw(control: Controller, { of, draft }: DrawForm): Promise<void> {
  const { sessions, clock } = control.bench.ports;
  let said: string;
  if (of === 'sitting') {
    const { name, ...settings } = DRAWN.sitting.parse(draft);
    const ports = { sessions, clock, stores: await control.bench.sittings() };
    const { sessions: count, guesses, notices } = await startSitting(ports, name, settings);
    said = [`${count} sessions with ${guesses} user turns are drawn`, ...notices].join('; ');
  } else {
    const { name, ...settings } = DRAWN.sample.parse(draft);
    const ports = { sessions, clock, samples: await control.bench.samples() };
    const { items } = await startSample(ports, name, settings, control.signal);
    const fewer = items.length < settings.n ? '; the corpora have no more' : '';
    said = `${items.length} messages are drawn${fewer}`;
  }
  const { view } = control.state.evaluate;
  control.tell('ok', said);
  // whoever has left the form meanwhile does something else
  if (control.state.screen !== 'evaluate' || view.kind !== 'draw') return;
  drawForm.leave(control, view, true);
  const open = of === 'sitting' ? openTuringSitting : openLabelling;
  open(control, String(draft['name']));
}
