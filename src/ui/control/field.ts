import { newComposer } from '../components/composer.ts';
import type { FormField } from '../state/form-fields.ts';
import type { ChooseOverlay } from '../state/state.ts';
import type { Controller } from './controller.ts';

/** The list that a field of a form is chosen from. */
export function fieldOverlay(field: FormField, purpose: ChooseOverlay['purpose']): ChooseOverlay {
  const { label, options, many, free, value } = field;
  return {
    ...{ kind: 'choose', title: label, purpose, options, many, free, query: newComposer({ width: 60 }) },
    marked: many ? value.split(/\s*,\s*/u).filter(Boolean) : [],
    selected: Math.max(
      0,
      options.findIndex((option) => option.value === value),
    ),
  };
}

/** The next or the previous value of a field; null, with a word about it, where it has no few values. */
export function stepOf(control: Controller, field: FormField, step: 1 | -1): string | null {
  const { label, options, many, value } = field;
  if (many || options.length === 0) {
    control.tell('warn', `"${label}" has no few values to go through: Enter changes it`);
    return null;
  }
  const at = options.findIndex((option) => option.value === value);
  return options.at((at + step + options.length) % options.length)?.value ?? null;
}
