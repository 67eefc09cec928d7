import { FoilError } from '../../core/errors.ts';
import type { HyperValue } from '../../core/stage/table-schema.ts';
import type { FormField, FormOption } from './form-fields.ts';

/**
 * `any`: a whole number or all; `none`: a name or none; `yes`: true or false; `all`: a list, or all of them; `some`: a list, or
 * none of them.
 */
export type Kind = 'text' | 'name' | 'list' | 'all' | 'some' | 'whole' | 'number' | 'any' | 'none' | 'yes';

/** A setting as a form shows it. */
export interface Spec {
  /** Path in the settings. */
  readonly key: string;
  readonly label: string;
  readonly section: string;
  readonly kind: Kind;
  readonly help: string;
  readonly options?: readonly FormOption[];
  /** What may be typed beside the options. */
  readonly free?: string;
}

export const plain = (names: readonly string[], help = ''): FormOption[] => names.map((value) => ({ value, help }));

/** What was typed, as the value of a setting. @throws FoilError for what is no number. */
export function read(kind: Kind, text: string): HyperValue {
  switch (kind) {
    case 'text':
    case 'name':
      return text;
    case 'list':
      return names(text);
    case 'some':
      return names(text).filter((name) => name !== 'none');
    case 'all':
      return names(text).length === 0 || names(text).includes('all') ? null : names(text);
    case 'none':
      return text === '' || text === 'none' ? null : text;
    case 'yes':
      return text === 'true';
    case 'any':
      return text === '' || text === 'all' ? null : number(text);
    case 'whole':
    case 'number':
      return number(text);
  }
}

const names = (text: string) => text.split(/\s*,\s*/u).filter(Boolean);

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new FoilError('usage', `"${text}" is no number`);
  return value;
}

/** The value of a setting, as a form shows it. */
export function shown(kind: Kind, value: unknown): string {
  const empty = value === null || value === undefined || value === '';
  if (empty || (kind === 'some' && Array.isArray(value) && value.length === 0))
    return kind === 'any' || kind === 'all' ? 'all' : kind === 'none' || kind === 'some' ? 'none' : '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** The settings of a form as its fields, in the order of the table. */
export function fieldsOf(
  specs: readonly Spec[],
  show: (spec: Spec) => { readonly value: string; readonly usual: string },
  faultOf: (key: string) => string | null,
): FormField[] {
  return specs.map((spec): FormField => {
    const { key, label, section, help, kind, options = [] } = spec;
    const free = spec.free === undefined ? null : { help: spec.free, file: false };
    const { value, usual } = show(spec);
    const many = kind === 'list' || kind === 'all' || kind === 'some';
    return {
      ...{ key, label, section, help, value, options, many, preset: null, free, unit: null },
      kind: many ? 'many' : options.length > 0 ? 'choice' : 'text',
      changed: value !== usual,
      error: faultOf(key),
    };
  });
}

/** The last row of a form, which ends it. */
export function button(label: string, help: string): FormField {
  return {
    ...{ key: 'create', label, section: 'Make', kind: 'button', value: '', preset: null, changed: false },
    ...{ options: [], many: false, free: null, unit: null, error: null, help },
  };
}

/** The value at a path with dots. */
export function valueAt(settings: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown>)?.[part], settings);
}

/** The settings with another value at a path. */
export function put(settings: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const at = settings as Record<string, unknown>;
  return { ...at, [key]: put(at[key], rest, value) };
}
