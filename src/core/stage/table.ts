import { FoilError } from '../errors.ts';
import { nearest } from '../fields.ts';
import type { TrainingStage } from './run.ts';
import type { HyperSpec, HyperValue, StageTable } from './table-schema.ts';

export const PRESETS = ['paper', 'small'] as const;
export type Preset = (typeof PRESETS)[number];

/** One line of the form of a stage. */
export interface HyperField {
  readonly name: string;
  readonly type: HyperSpec['type'];
  readonly value: HyperValue;
  /** What the preset gives. */
  readonly preset: HyperValue;
  readonly default: HyperValue;
  readonly changed: boolean;
  readonly help: string;
  readonly unit: string | null;
  readonly choices: readonly string[] | null;
  readonly nullable: boolean;
  /** Why `value` cannot be taken; null if it can. */
  readonly error: string | null;
}

/** The form of a stage: every hyper-parameter with its preset's value beside it. */
export function formOf(
  table: StageTable,
  stage: TrainingStage,
  preset: Preset,
  changes: Readonly<Record<string, HyperValue>> = {},
): HyperField[] {
  return Object.entries(hyperOfStage(table, stage)).map(([name, spec]) => {
    const given = presetValue(spec, preset);
    const value = name in changes ? (changes[name] as HyperValue) : given;
    return {
      name,
      type: spec.type,
      value,
      preset: given,
      default: spec.default,
      changed: !sameValue(value, given),
      help: spec.help,
      unit: spec.unit ?? null,
      choices: spec.choices ?? null,
      nullable: spec.null,
      error: faultOf(spec, value),
    };
  });
}

/**
 * Every value of a stage, for its spec.
 * @throws FoilError `usage` for an unknown name or a value that cannot be taken.
 */
export function hyperOf(
  table: StageTable,
  stage: TrainingStage,
  preset: Preset,
  changes: Readonly<Record<string, HyperValue>>,
): Record<string, HyperValue> {
  for (const name of Object.keys(changes)) specOf(table, stage, name);
  const form = formOf(table, stage, preset, changes);
  const wrong = form.find((field) => field.error !== null);
  if (wrong) throw new FoilError('usage', `${wrong.name}: ${wrong.error}`, { remedy: wrong.help });
  return Object.fromEntries(form.map((field) => [field.name, field.value]));
}

/**
 * A value as a person types it: `5e-5`, `true`, `none`, `q_proj, v_proj`.
 * @throws FoilError `usage` that says what is taken.
 */
export function parseHyper(table: StageTable, stage: TrainingStage, name: string, text: string): HyperValue {
  const spec = specOf(table, stage, name);
  const value = readValue(spec, text.trim());
  const fault = faultOf(spec, value);
  if (fault !== null) throw new FoilError('usage', `${name}: ${fault}`, { remedy: spec.help });
  return value;
}

/** A value as `parseHyper` reads it back. */
export function showHyper(value: HyperValue): string {
  if (value === null) return 'none';
  if (typeof value === 'object') return value.join(', ');
  return String(value);
}

export function sameValue(a: HyperValue, b: HyperValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function hyperOfStage(table: StageTable, stage: TrainingStage): Record<string, HyperSpec> {
  const found = table.stages[stage];
  if (!found)
    throw new FoilError('broken-install', `stages.json has no stage "${stage}"`, { remedy: 'install Foil again' });
  return found.hyper;
}

function specOf(table: StageTable, stage: TrainingStage, name: string): HyperSpec {
  const hyper = hyperOfStage(table, stage);
  const spec = Object.hasOwn(hyper, name) ? hyper[name] : undefined;
  if (spec) return spec;
  const names = Object.keys(hyper);
  const near = nearest(name, names);
  throw new FoilError('usage', `${stage} has no hyper-parameter "${name}"`, {
    remedy: [...(near === undefined ? [] : [`did you mean "${near}"?`]), `it has: ${names.join(', ')}`],
  });
}

function presetValue(spec: HyperSpec, preset: Preset): HyperValue {
  const value = spec[preset];
  return value === undefined ? spec.default : value;
}

/** What the text says; text itself where it says nothing of that type, for `faultOf` to refuse. */
function readValue(spec: HyperSpec, text: string): HyperValue {
  if (spec.null && /^(none|null|)$/iu.test(text)) return null;
  switch (spec.type) {
    case 'number':
    case 'integer':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return /^(true|yes|on)$/iu.test(text) ? true : /^(false|no|off)$/iu.test(text) ? false : text;
    case 'choice':
      return text;
    case 'list': {
      const items = text.split(/[\s,]+/u).filter(Boolean);
      return spec.items === 'integer' ? items.map((item) => (/^-?\d+$/u.test(item) ? Number(item) : item)) : items;
    }
  }
}

function faultOf(spec: HyperSpec, value: HyperValue): string | null {
  if (value === null) return spec.null ? null : 'it needs a value';
  switch (spec.type) {
    case 'number':
    case 'integer': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return `"${showHyper(value)}" is no number`;
      if (spec.type === 'integer' && !Number.isInteger(value)) return `${value} is no whole number`;
      if (spec.above !== undefined && value <= spec.above) return `${value} is not above ${spec.above}`;
      if (spec.min !== undefined && value < spec.min) return `${value} is below ${spec.min}`;
      if (spec.max !== undefined && value > spec.max) return `${value} is above ${spec.max}`;
      return null;
    }
    case 'boolean':
      return typeof value === 'boolean' ? null : `"${showHyper(value)}" is neither true nor false`;
    case 'choice':
      return spec.choices?.includes(String(value))
        ? null
        : `"${showHyper(value)}" is not one of ${spec.choices?.join(', ')}`;
    case 'list':
      return listFault(spec, value);
  }
}

function listFault(spec: HyperSpec, value: HyperValue): string | null {
  if (typeof value !== 'object' || value === null || value.length === 0) return 'it needs at least one entry';
  const type = spec.items === 'integer' ? 'number' : 'string';
  const odd = value.find((item) => typeof item !== type || (type === 'number' && !Number.isInteger(item)));
  if (odd !== undefined) return `"${odd}" is no ${type === 'number' ? 'whole number' : 'text'}`;
  const stray = spec.choices && value.find((item) => !spec.choices?.includes(String(item)));
  return stray === undefined ? null : `"${stray}" is not one of ${spec.choices?.join(', ')}`;
}
