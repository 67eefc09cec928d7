import { FoilError } from '../../core/errors.ts';
import { checkLoop } from '../../core/workflows/loop/new.ts';
import type { LoopSettings } from '../../core/workflows/loop/settings.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import type { FormField } from '../state/form-fields.ts';
import { type LoopScreenView, type LoopsState, unreadRow } from '../state/loop.ts';
import { type LoopForm, loopFields, newLoopForm, resetLoopField, setLoopField } from '../state/loop-form.ts';
import type { Controller } from './controller.ts';
import { fieldOverlay, stepOf } from './field.ts';
import { moveIn } from './lists.ts';
import { changeLoops, openLoop } from './loop.ts';

/** Opens the form of a new loop. @param back the loop that one goes back to; null for the list. */
export function openLoopForm(control: Controller, back: string | null): void {
  control.guard(async () => {
    const { ports, bench } = { ports: await control.loop.ports(), bench: control.bench };
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

function changeForm(control: Controller, change: (form: LoopForm) => Partial<LoopForm>): void {
  changeLoops(control, ({ view }) =>
    view.kind === 'form' ? { view: { ...view, form: { ...view.form, ...change(view.form) } } } : {},
  );
}

/** Commands of the form. @returns false if the command is not one of them. */
export function loopFormCommand(control: Controller, form: LoopForm, command: Command): boolean {
  if (command === 'loopform.create') {
    create(control, form);
    return true;
  }
  const fields = loopFields(form);
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
      if (next !== null) changeForm(control, (now) => ({ settings: setLoopField(now, field.key, next) }));
      return true;
    }
    case 'field.reset':
      changeForm(control, (now) => ({ settings: resetLoopField(now, field.key) }));
      return true;
    default:
      return false;
  }
}

/** Enter: a list to choose from, a line to type in, or the loop is made. */
function enter(control: Controller, form: LoopForm, field: FormField): void {
  const { key, label, unit, value } = field;
  if (field.kind === 'button') create(control, form);
  else if (field.kind === 'text') {
    const prompt = `${label}${unit === null ? '' : ` (${unit})`}: `;
    const text = newComposer({ width: control.state.size.columns - prompt.length, text: value });
    changeLoops(control, () => ({ prompt: { key, label: prompt, text, refused: null } }));
  } else {
    const overlay = fieldOverlay(field, { kind: 'setting', key });
    control.set((state) => ({ ...state, overlays: [...state.overlays, overlay] }));
  }
}

export function applyLoopPrompt(control: Controller, prompt: NonNullable<LoopsState['prompt']>): true {
  const refused = settingRefused(control, prompt.key, prompt.text.text);
  changeLoops(control, () => ({ prompt: refused === null ? null : { ...prompt, refused } }));
  return true;
}

/** A setting as it was typed or chosen. @returns why it cannot be taken, or null. */
export function settingRefused(control: Controller, key: string, text: string): string | null {
  try {
    changeForm(control, (form) => ({ settings: setLoopField(form, key, text) }));
    return null;
  } catch (error) {
    if (error instanceof FoilError) return error.message;
    throw error;
  }
}

/** Makes the loop and opens it; a field that cannot be taken is gone to first. */
function create(control: Controller, form: LoopForm): void {
  const fields = loopFields(form);
  const wrong = fields.findIndex(({ error }) => error !== null);
  if (wrong !== -1) {
    changeForm(control, () => ({ selected: wrong }));
    control.tell('error', `${fields[wrong]?.label}: ${fields[wrong]?.error}`);
    return;
  }
  const settings: LoopSettings = form.settings;
  control.guard(async () => {
    const ports = await control.loop.ports();
    await checkLoop(ports, settings);
    await ports.loops.create(settings);
    const names = await ports.loops.list();
    changeLoops(control, ({ loops }) => ({
      loops: names.map((name) => loops.find((row) => row.name === name) ?? unreadRow(name)),
    }));
    openLoop(control, settings.name);
    control.tell('ok', `${settings.name} is made, and nothing is started: s runs its first stage, a all of it`);
  });
}

/** Leaves the form for where it was opened from; asks first if something was filled in. */
export function leaveLoopForm(
  control: Controller,
  { form, back }: Extract<LoopScreenView, { kind: 'form' }>,
  sure: boolean,
): void {
  if (!sure && JSON.stringify(form.settings) !== JSON.stringify(form.initial)) {
    const question = `Leave the form? What was filled in for ${form.settings.name} is not kept.`;
    control.set((state) => ({
      ...state,
      overlays: [...state.overlays, { kind: 'confirm', question, purpose: { kind: 'leave-form' } }],
    }));
  } else if (back === null) changeLoops(control, () => ({ view: { kind: 'list' } }));
  else openLoop(control, back);
}
