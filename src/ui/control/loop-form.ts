import { checkLoop } from '../../core/workflows/loop/new.ts';
import { unreadRow } from '../state/loop.ts';
import { type LoopForm, loopFields, newLoopForm, resetLoopField, setLoopField } from '../state/loop-form.ts';
import type { Controller } from './controller.ts';
import { changeLoops, openLoop } from './loop.ts';
import { formKeys } from './settings-form.ts';

/** Opens the form of a new loop. @param back the loop that one goes back to; null for the list. */
export function openLoopForm(control: Controller, back: string | null): void {
  control.guard(async () => {
    const { ports, bench } = { ports: await control.bench.loops(), bench: control.bench };
    const [table, corpora, models, configured, taken] = await Promise.all([
      ports.runs.trainer.table(),
      ports.sessions.corpora(),
      ports.models.list(),
      bench.chatbots(),
      ports.loops.list(),
    ]);
    const named = (kind: string) => models.filter((model) => model.kind === kind).map(({ name }) => name);
    const roles = control.state.chat.session?.roles ?? bench.roles;
    const form = newLoopForm(
      {
        table,
        corpora: corpora.filter(({ name }) => name !== 'live').map(({ name, sessions }) => ({ name, sessions })),
        ...{ simulators: named('simulator'), discriminators: named('discriminator'), taken },
        chatbots: [...new Set([...configured, ...named('chatbot')])],
        launchers: ports.runs.launchers.names,
      },
      {
        created: ports.clock.now().toISOString(),
        ...{ simulator: roles.simulator, chatbot: roles.chatbot, maxUserTurns: bench.maxUserTurns },
        ...{ contextBudget: bench.contextBudget, alternatives: bench.alternatives },
      },
    );
    changeLoops(control, () => ({ prompt: null, view: { kind: 'form', form, back } }));
  });
}

/** The form of a new loop. */
export const loopForm = formKeys<LoopForm>({
  makes: 'loopform.create',
  purpose: 'setting',
  fields: loopFields,
  at: (selected) => ({ selected }),
  unsaved: ({ settings, initial }) => (JSON.stringify(settings) === JSON.stringify(initial) ? null : settings.name),
  set: (form, key, text) => ({ settings: setLoopField(form, key, text) }),
  reset: (form, key) => ({ settings: resetLoopField(form, key) }),
  change: (control, next) =>
    changeLoops(control, ({ view }) =>
      view.kind === 'form' ? { view: { ...view, form: { ...view.form, ...next(view.form) } } } : {},
    ),
  ask: (control, prompt) => changeLoops(control, () => ({ prompt })),
  make: (control, { settings }) =>
    control.guard(async () => {
      const ports = await control.bench.loops();
      await checkLoop(ports, settings);
      await ports.loops.create(settings);
      const names = await ports.loops.list();
      changeLoops(control, ({ loops }) => ({
        loops: names.map((name) => loops.find((row) => row.name === name) ?? unreadRow(name)),
      }));
      openLoop(control, settings.name);
      control.tell('ok', `${settings.name} is made, and nothing is started: s runs its first stage, a all of it`);
    }),
  close: (control, { back }) => {
    if (back === null) changeLoops(control, () => ({ view: { kind: 'list' } }));
    else openLoop(control, back);
  },
});
