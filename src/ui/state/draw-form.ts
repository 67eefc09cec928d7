import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { sampleSettingsSchema } from '../../core/workflows/evaluate/samples.ts';
import { turingSettingsSchema } from '../../core/workflows/turing/types.ts';
import { freeName } from './form.ts';
import type { FormField } from './form-fields.ts';
import { button, fieldsOf, plain, put, read, type Spec, shown, valueAt } from './settings.ts';

const name = z.string().min(1);

/** What can be drawn, with what decides it. */
export const DRAWN = {
  sitting: turingSettingsSchema.extend({ name }),
  sample: sampleSettingsSchema.extend({ name }),
} as const;
export type Drawn = keyof typeof DRAWN;

/** What a drawing can be chosen from. */
export interface DrawChoices {
  readonly corpora: readonly { readonly name: string; readonly sessions: number }[];
  /** Chatbots and judges: who can annotate beside the rules. */
  readonly annotators: readonly string[];
  /** Names that there are of its kind. */
  readonly taken: readonly string[];
}

/** A sitting of blind Turing mode, or a sample to label, that is not drawn yet. */
export interface DrawForm {
  readonly of: Drawn;
  /** What its schema takes; what has to be chosen first is empty. */
  readonly draft: Readonly<Record<string, unknown>>;
  /** As it was when the form was opened. */
  readonly initial: DrawForm['draft'];
  readonly choices: DrawChoices;
  readonly selected: number;
  /** It is being drawn. */
  readonly busy: boolean;
}

export function newDrawForm(of: Drawn, choices: DrawChoices): DrawForm {
  const own = freeName(of, choices.taken);
  const initial =
    of === 'sitting'
      ? { ...DRAWN.sitting.parse({ name: own, real: '?', simulated: ['?'] }), real: '', simulated: [] }
      : { ...DRAWN.sample.parse({ name: own, from: ['?'] }), from: [] };
  return { of, draft: initial, initial, choices, selected: 0, busy: false };
}

function specs({ of, choices }: DrawForm): Spec[] {
  const corpora = choices.corpora.map(({ name: value, sessions }) => ({ value, help: `${sessions} sessions` }));
  const yes = plain(['true', 'false']);
  const none = { value: 'none', help: '' };
  // biome-ignore format: one setting a line, so that a table reads as a table
  const sitting: Spec[] = [
    { key: 'name', label: 'name', section: 'Sitting', kind: 'text', help: 'Its file in turing/' },
    { key: 'real', label: 'real sessions', section: 'Sessions', kind: 'name', options: corpora, help: 'A corpus of people' },
    { key: 'split', label: 'split', section: 'Sessions', kind: 'none', help: 'Only real sessions whose meta.split is this' },
    { key: 'simulated', label: 'simulated sessions', section: 'Sessions', kind: 'list', options: corpora, help: 'Corpora on the same contexts; of each context one side is drawn' },
    { key: 'n', label: 'sessions', section: 'Sessions', kind: 'whole', help: 'To judge, 2 to 1,000' },
    { key: 'sides', label: 'sides', section: 'Sessions', kind: 'name', options: [{ value: 'coin', help: 'each by a coin' }, { value: 'half', help: 'as many real as simulated, which can be counted' }], help: 'How real and simulated are drawn' },
    { key: 'seed', label: 'seed', section: 'Sessions', kind: 'whole', help: 'The same seed draws the same sessions' },
    { key: 'turns', label: 'user turns', section: 'What is shown', kind: 'any', help: 'Of each at most; all: as many as the shortest side of its context' },
    { key: 'input', label: 'chatbot', section: 'What is shown', kind: 'name', options: [{ value: 'user-turns', help: 'hidden, as discriminators read' }, { value: 'all', help: 'shown' }], help: 'What is shown of what the chatbot said' },
    { key: 'context', label: 'context', section: 'What is shown', kind: 'yes', options: yes, help: 'What the session is about' },
    { key: 'feedback', label: 'feedback', section: 'What is shown', kind: 'yes', options: yes, help: 'The truth about a session after its last guess; false: figures only at the end' },
    { key: 'scale', label: 'scale', section: 'What is shown', kind: 'text', help: 'p(real) of the keys 1, 2, …, rising, with commas between; never 0.5' },
  ];
  const annotators = [none, { value: 'rules', help: 'no model' }, ...plain(choices.annotators, 'what it has said')];
  // biome-ignore format: as above
  const sample: Spec[] = [
    { key: 'name', label: 'name', section: 'Sample', kind: 'text', help: 'Its file in labels/' },
    { key: 'from', label: 'corpora', section: 'Messages', kind: 'list', options: corpora, help: 'Real and simulated messages are drawn in equal numbers' },
    { key: 'task', label: 'task', section: 'Messages', kind: 'name', options: [{ value: 'actions', help: 'what users do' }, { value: 'issues', help: "what is wrong with the chatbot's messages" }], help: 'What is to be labelled' },
    { key: 'n', label: 'messages', section: 'Messages', kind: 'whole', help: 'To label, 1 to 100,000' },
    { key: 'by', label: 'strata by', section: 'Messages', kind: 'none', options: annotators, help: 'Draws what this annotator found rarely more often; it is not shown to you' },
    { key: 'seed', label: 'seed', section: 'Messages', kind: 'whole', help: 'The same seed draws the same messages' },
    { key: 'taxonomy', label: 'taxonomy', section: 'Messages', kind: 'none', help: 'A file of your own, from the workspace; none for the one that ships' },
  ];
  return of === 'sitting' ? sitting : sample;
}

/** All fields of the form in the order in which they stand, the button last. */
export function drawFields(form: DrawForm): FormField[] {
  const own = fieldsOf(
    specs(form),
    (one) => ({ value: show(one, form.draft), usual: show(one, form.initial) }),
    (key) => faultOf(key, form),
  );
  return [...own, button('Draw it', 'Draws it, and opens it')];
}

function show({ key, kind }: Spec, draft: DrawForm['draft']): string {
  return shown(kind, valueAt(draft, key));
}

/** Lists and names that there is no default of. */
const CHOSEN = ['real', 'simulated', 'from'];

/** Why a field cannot be taken as it is, beyond what `setDrawField` refuses. */
function faultOf(key: string, { of, draft, choices }: DrawForm): string | null {
  if (key === 'name' && choices.taken.includes(String(draft['name']))) return `there is such a ${of}`;
  const value = draft[key];
  const empty = value === '' || (Array.isArray(value) && value.length === 0);
  return CHOSEN.includes(key) && empty ? (key === 'real' ? 'choose it' : 'choose some') : null;
}

/**
 * The draft with a field as it was typed or chosen.
 * @throws FoilError that says what the field takes.
 */
export function setDrawField(form: DrawForm, key: string, text: string): DrawForm['draft'] {
  const one = specs(form).find((spec) => spec.key === key);
  if (!one) return form.draft;
  const value = key === 'scale' ? (read('list', text.trim()) as string[]).map(Number) : read(one.kind, text.trim());
  const draft = put(form.draft, [key], value) as DrawForm['draft'];
  const issue = DRAWN[form.of].safeParse(draft).error?.issues.find(({ path }) => path[0] === key);
  if (issue && !CHOSEN.includes(key)) throw new FoilError('usage', issue.message);
  return draft;
}

export function resetDrawField({ draft, initial }: DrawForm, key: string): DrawForm['draft'] {
  return put(draft, [key], initial[key]) as DrawForm['draft'];
}
