import { FoilError } from '../../core/errors.ts';
import type { RowSource, RunRequest } from '../../core/stage/run.ts';
import { formOf, PRESETS, parseHyper, sameValue } from '../../core/stage/table.ts';
import type { HyperValue } from '../../core/stage/table-schema.ts';
import { APPROVED, type Filling, type FormChoices } from './form-fields.ts';

/**
 * The request with a field as it was typed or chosen.
 * @throws FoilError that says what the field takes.
 */
export function setField({ request, choices }: Filling, key: string, text: string): RunRequest {
  const value = text.trim();
  const rows = (next: Partial<RunRequest['rows']>): RunRequest => ({ ...request, rows: { ...request.rows, ...next } });
  const resources = (next: Partial<RunRequest['resources']>): RunRequest => ({
    ...request,
    resources: { ...request.resources, ...next },
  });
  if (key.startsWith('hyper.')) return setHyper(request, choices, key.slice('hyper.'.length), value);
  switch (key) {
    case 'preset':
      return setPreset(request, PRESETS.find((preset) => preset === value) ?? request.preset);
    case 'name':
      if (value === '') throw new FoilError('usage', 'it needs a name');
      return { ...request, name: value };
    case 'kind':
      return { ...request, kind: value === 'chatbot' ? 'chatbot' : 'simulator' };
    case 'adapter':
      return { ...request, adapter: value === '' ? null : value.replace(/^file /u, '') };
    case 'train':
      return rows({ train: parseSource(value) });
    case 'valid':
      return rows({ valid: parseSource(value) });
    case 'test':
      return rows({ test: parseSource(value) });
    case 'real':
      return rows({ real: parseSource(value) });
    case 'simulated':
      return rows({ simulated: value.split(/\s*,\s*/u).filter(Boolean) });
    case 'match':
      return rows({ match: value === 'words' || value === 'none' ? value : 'turns' });
    case 'context':
      return rows({ context: value === 'true' });
    case 'system':
      return rows({ system: value === '' ? null : value });
    case 'launcher':
      return { ...request, launcher: value };
    case 'base':
      return { ...request, base: value === '' || value === 'default' ? null : value };
    case 'gpus':
      return resources({ gpus: whole(value, 0) });
    case 'cpus':
      return resources({ cpus: anyOr(value, () => whole(value, 1)) });
    case 'memoryGb':
      return resources({ memoryGb: anyOr(value, () => positive(value)) });
    case 'hours':
      return resources({ hours: anyOr(value, () => positive(value)) });
    case 'seed':
      return { ...request, seed: whole(value, 0) };
    default:
      return request;
  }
}

/** The paper trains on 8 GPUs, the small base on what there is; a number that was chosen stays. */
function setPreset(request: RunRequest, preset: RunRequest['preset']): RunRequest {
  const usual = { paper: 8, small: 0 };
  const { resources } = request;
  const gpus = resources.gpus === usual[request.preset] ? usual[preset] : resources.gpus;
  return { ...request, preset, resources: { ...resources, gpus } };
}

/** The value of the preset again. */
export function resetField(form: Filling, key: string): RunRequest {
  if (!key.startsWith('hyper.')) return form.request;
  const { [key.slice('hyper.'.length)]: _, ...changes } = form.request.changes;
  return { ...form.request, changes };
}

function setHyper(request: RunRequest, choices: FormChoices, name: string, text: string): RunRequest {
  const value = parseHyper(choices.table, request.stage, name, text);
  const { [name]: _, ...others } = request.changes;
  const preset = presetOf(choices, request, name);
  return { ...request, changes: sameValue(value, preset) ? others : { ...others, [name]: value as never } };
}

function presetOf(choices: FormChoices, request: RunRequest, name: string): HyperValue {
  return formOf(choices.table, request.stage, request.preset).find((one) => one.name === name)?.preset ?? null;
}

function anyOr(text: string, parse: () => number): number | null {
  return text === '' || text === 'any' ? null : parse();
}

function whole(text: string, least: number): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < least)
    throw new FoilError('usage', `"${text}" is no whole number from ${least} on`);
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value <= 0)
    throw new FoilError('usage', `"${text}" is no number above 0`);
  return value;
}

function parseSource(text: string): RowSource | null {
  if (text === '' || text === 'none') return null;
  if (text === APPROVED) return { from: 'pairs' };
  if (text.startsWith(`${APPROVED} of `)) return { from: 'pairs', set: text.slice(APPROVED.length + 4).trim() };
  return text.startsWith('file ') ? { from: 'file', file: text.slice(5).trim() } : { from: 'corpus', corpus: text };
}
