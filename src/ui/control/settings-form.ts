import { FoilError } from '../../core/errors.ts';
import { newComposer } from '../components/composer.ts';
import type { Command } from '../keys/table.ts';
import type { FieldPrompt, FormField } from '../state/form-fields.ts';
import type { ChooseOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';
import { fieldOverlay, stepOf } from './field.ts';
import { moveIn } from './lists.ts';

/** A form of settings, and how it changes what its screen shows. */
export interface SettingsForm<F extends { readonly selected: number }> {
  /** Ends the form: its last row, and this key. */
  readonly makes: Command;
  /** What is chosen from a list comes back under this name. */
  readonly purpose: 'field' | 'setting' | 'evaluation' | 'drawing';
  fields(form: F): FormField[];
  /** With the cursor on that field. */
  at(selected: number): Partial<F>;
  /** The name under which something was filled in that leaving would lose; null if nothing. */
  unsaved(form: F): string | null;
  /** @throws FoilError that says what the field takes. */
  set(form: F, key: string, text: string): Partial<F>;
  reset(form: F, key: string): Partial<F>;
  change(control: Controller, next: (form: F) => Partial<F>): void;
  ask(control: Controller, prompt: FieldPrompt | null): void;
  /** The list of what a field can be is open. */
  listed?(control: Controller, key: string): void;
  /** All fields can be taken: it is made, and opened. */
  make(control: Controller, form: F): void;
  /** Goes to where the form was opened from. */
  close(control: Controller, view: FormView<F>): void;
}

/** A form, and what it was opened from; null for the list. */
interface FormView<F> {
  readonly form: F;
  readonly back: string | null;
}

/** The keys of one form of settings; screens differ in the form only. */
export function formKeys<F extends { readonly selected: number }>(kind: SettingsForm<F>) {
  /** The first field that cannot be taken is gone to. @returns whether there is none. */
  const allGood = (control: Controller, form: F): boolean => {
    const fields = kind.fields(form);
    const wrong = fields.findIndex(({ error }) => error !== null);
    if (wrong === -1) return true;
    kind.change(control, () => kind.at(wrong));
    control.tell('error', `${fields[wrong]?.label}: ${fields[wrong]?.error}`);
    return false;
  };

  const make = (control: Controller, form: F): void => {
    if (allGood(control, form)) kind.make(control, form);
  };

  /** Enter: a list to choose from, a line to type in, or it is made. */
  const enter = (control: Controller, form: F, field: FormField): void => {
    const { key, label, unit, value } = field;
    if (field.kind === 'button') make(control, form);
    else if (field.kind === 'text') {
      const prompt = `${label}${unit === null ? '' : ` (${unit})`}: `;
      const text = newComposer({ width: control.state.size.columns - prompt.length, text: value });
      kind.ask(control, { key, label: prompt, text, refused: null });
    } else {
      const purpose: ChooseOverlay['purpose'] = { kind: kind.purpose, key };
      control.set((state) => ({ ...state, overlays: [...state.overlays, fieldOverlay(field, purpose)] }));
      kind.listed?.(control, key);
    }
  };

  /** A field as it was typed or chosen. @returns why it cannot be taken, or null. */
  const take = (control: Controller, key: string, text: string): string | null => {
    try {
      kind.change(control, (form) => kind.set(form, key, text));
      // what was said of the field before is not about what stands there now
      control.set((state) => ({ ...state, message: null }));
      return null;
    } catch (error) {
      if (error instanceof FoilError) return error.message;
      throw error;
    }
  };

  return {
    allGood,
    take,

    /** @returns false if the command is not one of the form. */
    command(control: Controller, form: F, command: Command): boolean {
      if (command === kind.makes) {
        make(control, form);
        return true;
      }
      const fields = kind.fields(form);
      const moved = moveIn(command, form.selected, fields.length, control.state.size.rows - 10);
      if (moved !== null) {
        kind.change(control, () => kind.at(moved));
        return true;
      }
      const field = fields[form.selected];
      if (!field) return false;
      switch (command) {
        case 'list.choose':
          enter(control, form, field);
          return true;
        case 'field.next':
        case 'field.previous': {
          const next = stepOf(control, field, command === 'field.next' ? 1 : -1);
          if (next !== null) kind.change(control, (now) => kind.set(now, field.key, next));
          return true;
        }
        case 'field.reset':
          kind.change(control, (now) => kind.reset(now, field.key));
          return true;
        default:
          return false;
      }
    },

    /** Takes what was typed; the line stays, with the reason, where it cannot be taken. */
    apply(control: Controller, prompt: FieldPrompt): true {
      const refused = take(control, prompt.key, prompt.text.text);
      kind.ask(control, refused === null ? null : { ...prompt, refused });
      return true;
    },

    /** Leaves the form for where it was opened from; asks first if something was filled in. */
    leave(control: Controller, view: FormView<F>, sure: boolean): void {
      const name = kind.unsaved(view.form);
      if (sure || name === null) {
        // what was wrong with a field is so no more; what was made of the form is told still
        if (control.state.message?.tone === 'error') control.set((state) => ({ ...state, message: null }));
        kind.close(control, view);
        return;
      }
      const question = `Leave the form? What was filled in for ${name} is not kept.`;
      control.set((state) => ({
        ...state,
        overlays: [...state.overlays, { kind: 'confirm', question, purpose: { kind: 'leave-form' } }],
      }));
    },
  };
}
