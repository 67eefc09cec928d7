import { FoilError } from '../../core/errors.ts';
import { formOf, parseHyper, sameValue, showHyper } from '../../core/stage/table.ts';
import type { StageTable } from '../../core/stage/table-schema.ts';
import { type LoopSettings, loopSchema } from '../../core/workflows/loop/settings.ts';
import { freeName } from './form.ts';
import type { FormField } from './form-fields.ts';
import { specs } from './loop-specs.ts';
import { button, fieldsOf, plain, put, read, shown, valueAt } from './settings.ts';

/** What the settings of a loop can be chosen from. */
export interface LoopChoices {
  readonly table: StageTable;
  readonly corpora: readonly { readonly name: string; readonly sessions: number }[];
  readonly simulators: readonly string[];
  readonly discriminators: readonly string[];
  /** Configurations, and models that play chatbots. */
  readonly chatbots: readonly string[];
  readonly launchers: readonly string[];
  /** Names of loops that there are. */
  readonly taken: readonly string[];
}

/** A loop that is not made yet. What has to be chosen first is an empty name in its settings. */
export interface LoopForm {
  readonly settings: LoopSettings;
  /** As it was when the form was opened. */
  readonly initial: LoopSettings;
  readonly choices: LoopChoices;
  readonly selected: number;
}

/** What a new loop begins with, apart from the defaults of loop.json. */
export interface LoopDefaults {
  readonly created: string;
  readonly simulator: string;
  readonly chatbot: string;
  readonly maxUserTurns: number;
  readonly contextBudget: number;
  readonly alternatives: number;
}

export function newLoopForm(choices: LoopChoices, defaults: LoopDefaults): LoopForm {
  const { train, valid } = splitOf(choices.corpora.map(({ name }) => name));
  const parsed = loopSchema.parse({
    schema: 1,
    name: freeName('loop', choices.taken),
    created: defaults.created,
    simulator: defaults.simulator,
    chatbots: [defaults.chatbot],
    contexts: { train: train ?? '?', valid: valid ?? '?' },
    max_user_turns: defaults.maxUserTurns,
    context_budget: defaults.contextBudget,
    mine: { n: defaults.alternatives },
    ...launchersOf(choices.launchers),
  });
  const settings = { ...parsed, contexts: { train: train ?? '', valid: valid ?? '', test: null } };
  return { settings, initial: settings, choices, selected: 0 };
}

function launchersOf(names: readonly string[]): object {
  const launcher = names.includes('local') ? 'local' : (names[0] ?? 'local');
  return { discriminator: { launcher }, dpo: { launcher } };
}

/** Two corpora of one name that end in train and valid: the splits of one import. */
function splitOf(names: readonly string[]): { train: string | null; valid: string | null } {
  const train = names.find((name) => name.endsWith('-train') && names.includes(`${name.slice(0, -5)}valid`));
  return { train: train ?? null, valid: train === undefined ? null : `${train.slice(0, -5)}valid` };
}

const STAGES = ['discriminator', 'dpo'] as const;
type Trained = (typeof STAGES)[number];

/** All fields of the form in the order in which they stand, the button last. */
export function loopFields(form: LoopForm): FormField[] {
  const { settings, initial, choices } = form;
  const own = fieldsOf(
    specs(form),
    ({ kind, key }) => ({ value: shown(kind, valueAt(settings, key)), usual: shown(kind, valueAt(initial, key)) }),
    (key) => faultOf(key, form),
  );
  const hyper = (stage: Trained): FormField[] =>
    formOf(choices.table, stage, settings[stage].preset, settings[stage].changes).map((one) => ({
      key: `${stage}.changes.${one.name}`,
      label: one.name,
      section: stage === 'dpo' ? 'DPO' : 'Discriminator',
      kind: one.choices || one.type === 'boolean' ? 'choice' : 'text',
      value: showHyper(one.value),
      preset: showHyper(one.preset),
      changed: one.changed,
      options: plain(one.type === 'boolean' ? ['true', 'false'] : (one.choices ?? [])),
      ...{ many: false, free: null, unit: one.unit, help: one.help, error: one.error },
    }));
  const of = (section: string) => own.filter((field) => field.section === section);
  const rest = own.filter(({ section }) => section !== 'Discriminator' && section !== 'DPO');
  const end = button('Make the loop', 'Makes the loop, and starts nothing');
  return [...rest, ...of('Discriminator'), ...hyper('discriminator'), ...of('DPO'), ...hyper('dpo'), end];
}

/** Why a field cannot be taken as it is, beyond what `setLoopField` refuses. */
function faultOf(key: string, { settings, choices }: LoopForm): string | null {
  const { train, valid, test } = settings.contexts;
  if (key === 'name' && choices.taken.includes(settings.name)) return 'there is such a loop';
  if (key === 'contexts.train' && train === '') return 'choose it';
  if (key === 'contexts.valid' && valid === '') return 'choose it';
  if (key === 'contexts.valid' && valid === train) return 'it must be another corpus than the training contexts';
  if (key === 'contexts.test' && test !== null && [train, valid].includes(test)) return 'it must be a third corpus';
  if (key === 'simulator' && settings.simulator === '') return 'choose it';
  const { given } = settings;
  if (key === 'given.sessions.train' && given?.sessions.train === '') return 'choose them too';
  if (key === 'given.sessions.valid' && given?.sessions.valid === '') return 'choose them too';
  if (key === 'given.sessions.valid' && given && given.sessions.valid === given.sessions.train)
    return 'they must be of other contexts than the training sessions';
  return null;
}

/**
 * The settings with a field as it was typed or chosen.
 * @throws FoilError that says what the field takes.
 */
export function setLoopField(form: LoopForm, key: string, text: string): LoopSettings {
  const stage = STAGES.find((one) => key.startsWith(`${one}.changes.`));
  if (stage) return setHyper(form, stage, key.slice(`${stage}.changes.`.length), text);
  if (key.startsWith('given.')) return setGiven(form.settings, key, text.trim());
  const spec = specs(form).find((one) => one.key === key);
  if (!spec) return form.settings;
  const settings = put(form.settings, key.split('.'), read(spec.kind, text.trim())) as LoopSettings;
  const issue = loopSchema.safeParse(settings).error?.issues.find(({ path }) => path.join('.') === key);
  if (issue) throw new FoilError('usage', issue.message);
  return settings;
}

/** The value that the form was opened with, or the preset's. */
export function resetLoopField({ settings, initial }: LoopForm, key: string): LoopSettings {
  const stage = STAGES.find((one) => key.startsWith(`${one}.changes.`));
  if (key.startsWith('given.')) return setGiven(settings, key, 'none');
  if (!stage) return put(settings, key.split('.'), valueAt(initial, key)) as LoopSettings;
  const { [key.slice(`${stage}.changes.`.length)]: _, ...changes } = settings[stage].changes;
  return { ...settings, [stage]: { ...settings[stage], changes } };
}

type Given = NonNullable<LoopSettings['given']>;
const NOTHING_GIVEN: Given = { sessions: { train: '', valid: '', test: null }, discriminator: null };

/** What iteration 0 is given is all there or null: what is still missing is an empty name meanwhile. */
function setGiven(settings: LoopSettings, key: string, text: string): LoopSettings {
  const name = text === 'none' ? '' : text;
  const { sessions, discriminator } = settings.given ?? NOTHING_GIVEN;
  const given: Given =
    key === 'given.discriminator'
      ? { sessions, discriminator: name === '' ? null : name }
      : { sessions: { ...sessions, [key.slice('given.sessions.'.length)]: name }, discriminator };
  const { train, valid } = given.sessions;
  return { ...settings, given: train === '' && valid === '' && given.discriminator === null ? null : given };
}

function setHyper({ settings, choices }: LoopForm, stage: Trained, name: string, text: string): LoopSettings {
  const value = parseHyper(choices.table, stage, name, text);
  const { [name]: _, ...others } = settings[stage].changes;
  const preset = formOf(choices.table, stage, settings[stage].preset).find((one) => one.name === name)?.preset ?? null;
  const changes = sameValue(value, preset) ? others : { ...others, [name]: value };
  return { ...settings, [stage]: { ...settings[stage], changes } } as LoopSettings;
}
