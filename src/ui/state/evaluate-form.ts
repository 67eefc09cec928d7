import { FoilError } from '../../core/errors.ts';
import { METRICS } from '../../core/workflows/evaluate/metrics.ts';
import { type AbPair, checkSpec, type EvaluationSpec, specSchema } from '../../core/workflows/evaluate/spec.ts';
import { freeName } from './form.ts';
import type { FormField, FormOption } from './form-fields.ts';
import { button, fieldsOf, plain, put, read, type Spec, shown, valueAt } from './settings.ts';

/** What the settings of an evaluation can be chosen from. */
export interface EvaluationChoices {
  readonly corpora: readonly { readonly name: string; readonly sessions: number }[];
  readonly simulators: readonly string[];
  readonly discriminators: readonly string[];
  /** Chatbots and judges: who can annotate beside the rules. */
  readonly annotators: readonly string[];
  /** What can decide which sessions are near. */
  readonly encoders: readonly string[];
  /** Sittings of blind Turing mode. */
  readonly sittings: readonly string[];
  /** Names of evaluations that there are. */
  readonly taken: readonly string[];
}

/** An evaluation that is not made yet, or one that is to be changed. What has to be chosen first is empty. */
export interface EvaluationForm {
  readonly spec: EvaluationSpec;
  /** As it was when the form was opened. */
  readonly initial: EvaluationSpec;
  readonly choices: EvaluationChoices;
  /** It is on the disk: its name stays. */
  readonly known: boolean;
  readonly selected: number;
}

/** @param spec an evaluation to change; null for a new one. */
export function newEvaluationForm(choices: EvaluationChoices, spec: EvaluationSpec | null): EvaluationForm {
  const initial = spec ?? {
    ...specSchema.parse({ schema: 1, name: freeName('eval', choices.taken), real: '?', simulated: ['?'] }),
    ...{ real: '', simulated: [] },
    discriminators: [...choices.discriminators],
  };
  return { spec: initial, initial, choices, known: spec !== null, selected: 0 };
}

const SERVER_MODEL = 'SERVER:MODEL, one model of a server of foil.yaml';

function specs({ choices, known, initial, spec }: EvaluationForm): Spec[] {
  const corpora = choices.corpora.map(({ name, sessions }) => ({ value: name, help: `${sessions} sessions` }));
  const none: FormOption = { value: 'none', help: '' };
  const all = { value: 'all', help: 'all of them' };
  const yes = plain(['true', 'false']);
  const annotators = [
    none,
    { value: 'rules', help: 'word lists and patterns, no model' },
    ...plain(choices.annotators, 'a model is asked about every message'),
  ];
  const encoders = [
    { value: 'words', help: 'TF-IDF: needs no model' },
    { value: 'minilm', help: 'all-MiniLM-L6-v2: needs the Python environment (foil setup train)' },
    // what was typed is offered too
    ...plain([...choices.encoders, initial.encoder, spec.encoder], 'its /v1/embeddings is asked about every session'),
  ].filter(({ value }, at, all) => all.findIndex((other) => other.value === value) === at);
  const metrics = METRICS.map(({ id, title }) => ({ value: id, help: title }));
  // biome-ignore format: one setting a line, so that a table reads as a table
  return [
    ...(known ? [] : [{ key: 'name', label: 'name', section: 'Evaluation', kind: 'text' as const, help: 'Its folder in evaluations/' }]),
    { key: 'real', label: 'real sessions', section: 'Sides', kind: 'name', options: corpora, help: 'A held-out corpus of people, that nothing learnt from' },
    { key: 'split', label: 'split', section: 'Sides', kind: 'none', help: 'Only real sessions whose meta.split is this' },
    { key: 'simulated', label: 'simulated sessions', section: 'Sides', kind: 'list', options: corpora, help: 'Corpora of simulated sessions, grouped by who simulated them' },
    { key: 'simulators', label: 'simulators', section: 'Sides', kind: 'all', options: [all, ...plain(choices.simulators)], help: 'Only these, in this order; all: every one that is in the corpora' },
    { key: 'training', label: 'training sessions', section: 'Sides', kind: 'none', options: [none, ...corpora], help: 'What the simulators learnt from, to look for memorisation' },
    { key: 'same_contexts', label: 'same contexts', section: 'Sides', kind: 'yes', options: yes, help: 'Only contexts that all sides have sessions of' },
    { key: 'turns', label: 'user turns', section: 'Sides', kind: 'text', help: 'all; a number: sessions to their first n; equal: as far as the shortest of its context' },
    { key: 'discriminators', label: 'discriminators', section: 'Judges', kind: 'some', options: [none, ...plain(choices.discriminators)], help: 'Sessions without scores by them are scored first' },
    { key: 'score', label: 'score what is not', section: 'Judges', kind: 'yes', options: yes, help: 'false: only scores that are there' },
    { key: 'turing', label: 'people who guessed', section: 'Judges', kind: 'some', options: [none, ...plain(choices.sittings)], help: 'Sittings of blind Turing mode (t in the list of evaluations) beside the discriminators' },
    { key: 'annotators.actions', label: 'user actions by', section: 'Judges', kind: 'none', options: annotators, help: 'Who finds what users do; printed with its measured agreement' },
    { key: 'annotators.issues', label: 'issues by', section: 'Judges', kind: 'none', options: annotators, help: "Who finds what is wrong with the chatbot's messages" },
    { key: 'ab', label: 'A/B tests', section: 'What', kind: 'text', help: 'NAME=CONTROL:TREATMENT of two chatbots, with commas between; empty for none' },
    { key: 'giveaways', label: 'give-aways in', section: 'What', kind: 'whole', help: 'Sessions of each simulator to look into; some 20 requests each' },
    { key: 'metrics', label: 'metrics', section: 'What', kind: 'all', options: [all, ...metrics], help: 'Families of tables and figures' },
    { key: 'encoder', label: 'sessions near by', section: 'What', kind: 'name', options: encoders, free: SERVER_MODEL, help: 'What embeds sessions for their map: words, minilm, or a server' },
    { key: 'seed', label: 'seed', section: 'Intervals', kind: 'whole', help: 'The same seed gives the same intervals' },
    { key: 'draws', label: 'bootstrap samples', section: 'Intervals', kind: 'whole', help: 'Of each interval, 100 to 1,000,000' },
  ];
}

/** All fields of the form in the order in which they stand, the button last. */
export function evaluationFields(form: EvaluationForm): FormField[] {
  const { spec, initial } = form;
  const own = fieldsOf(
    specs(form),
    (one) => ({ value: show(one, spec), usual: show(one, initial) }),
    (key) => faultOf(key, form),
  );
  return [...own, button('Keep it', 'Keeps the evaluation, and starts nothing')];
}

function show({ key, kind }: Spec, spec: EvaluationSpec): string {
  if (key === 'turns') return spec.turns === null ? 'all' : String(spec.turns);
  if (key === 'ab') return spec.ab.map(({ name, control, treatment }) => `${name}=${control}:${treatment}`).join(', ');
  return shown(kind, valueAt(spec, key));
}

/** Why a field cannot be taken as it is, beyond what `setEvaluationField` refuses. */
function faultOf(key: string, { spec, choices, known }: EvaluationForm): string | null {
  if (key === 'name' && !known && choices.taken.includes(spec.name)) return 'there is such an evaluation';
  if (key === 'real' && spec.real === '') return 'choose it';
  if (key === 'simulated' && spec.simulated.length === 0) return 'choose some';
  if (key !== 'simulated' && key !== 'training') return null;
  try {
    checkSpec(spec);
    return null;
  } catch (error) {
    if (error instanceof FoilError && error.where?.field === key) return error.message;
    return null;
  }
}

/**
 * The spec with a field as it was typed or chosen.
 * @throws FoilError that says what the field takes.
 */
export function setEvaluationField(form: EvaluationForm, key: string, text: string): EvaluationSpec {
  const one = specs(form).find((spec) => spec.key === key);
  if (!one) return form.spec;
  const spec = put(form.spec, key.split('.'), valueFrom(one, text.trim())) as EvaluationSpec;
  const issue = specSchema.safeParse(spec).error?.issues.find(({ path }) => path.join('.').startsWith(key));
  const [server = ''] = spec.encoder.split(':');
  if (key === 'encoder' && ![...form.choices.encoders, form.initial.encoder].includes(spec.encoder)) {
    const servers = form.choices.encoders.filter((name) => !['words', 'minilm'].includes(name));
    if (!servers.includes(server) || spec.encoder === `${server}:`)
      throw new FoilError(
        'usage',
        `"${spec.encoder}": it takes ${SERVER_MODEL} (${servers.join(', ') || 'it has none'})`,
      );
  }
  // what is still to be chosen is empty meanwhile
  if (issue && !['real', 'simulated'].includes(key)) throw new FoilError('usage', issue.message);
  return spec;
}

export function resetEvaluationField({ spec, initial }: EvaluationForm, key: string): EvaluationSpec {
  return put(spec, key.split('.'), valueAt(initial, key)) as EvaluationSpec;
}

function valueFrom({ key, kind }: Spec, text: string): unknown {
  if (key === 'turns') return text === '' || text === 'all' ? null : text === 'equal' ? text : read('whole', text);
  if (key === 'ab')
    return text
      .split(/\s*,\s*/u)
      .filter(Boolean)
      .map(pairOf);
  return read(kind, text);
}

function pairOf(text: string): AbPair {
  const [, name, control, treatment] = /^([^=]+)=([^:]+):([^:]+)$/u.exec(text) ?? [];
  if (!name || !control || !treatment) throw new FoilError('usage', `"${text}": it takes NAME=CONTROL:TREATMENT`);
  return { name, control, treatment };
}
