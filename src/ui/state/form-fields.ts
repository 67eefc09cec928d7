import type { RowSource, RunRequest } from '../../core/stage/run.ts';
import { formOf, showHyper } from '../../core/stage/table.ts';
import type { StageTable } from '../../core/stage/table-schema.ts';
import type { PromptLine } from '../components/Foot.tsx';

/** A line of text for a field of a form. */
export interface FieldPrompt extends PromptLine {
  readonly key: string;
}

/** What the fields of a form can be filled with. */
export interface FormChoices {
  readonly table: StageTable;
  readonly corpora: readonly { readonly name: string; readonly sessions: number }[];
  /** Sets of preference pairs. */
  readonly sets: readonly { readonly name: string; readonly pairs: number; readonly approved: number }[];
  readonly launchers: readonly string[];
  /** Simulators whose adapter lies here, for DPO to start from. */
  readonly simulators: readonly string[];
  /** Names of models and runs that there are. */
  readonly taken: readonly string[];
}

/** What may be typed instead of an option. */
export interface Free {
  readonly help: string;
  /** It is the path of a file. */
  readonly file: boolean;
}

export interface FormOption {
  readonly value: string;
  readonly help: string;
}

/** One line of a form. */
export interface FormField {
  readonly key: string;
  readonly label: string;
  readonly section: string;
  readonly kind: 'text' | 'choice' | 'many' | 'button';
  readonly value: string;
  /** What the preset gives; null where presets say nothing. */
  readonly preset: string | null;
  readonly changed: boolean;
  readonly options: readonly FormOption[];
  readonly many: boolean;
  /** Null if nothing may be typed instead of an option. */
  readonly free: Free | null;
  readonly unit: string | null;
  readonly help: string;
  /** Why `value` cannot be taken; null if it can. */
  readonly error: string | null;
}

/** A request, and what it may be filled with. */
export interface Filling {
  readonly request: RunRequest;
  readonly choices: FormChoices;
}

/** All approved pairs of the workspace; with ` of SET` those of one set. */
export const APPROVED = 'approved pairs';

export function showSource(source: RowSource | null): string {
  if (source === null) return 'none';
  if (source.from === 'corpus') return source.corpus;
  if (source.from === 'file') return `file ${source.file}`;
  return source.set === undefined ? APPROVED : `${APPROVED} of ${source.set}`;
}

const ROWS_FILE = 'JSONL file of rows that are made already';

/** All fields of the form in the order in which they stand, the start button last. */
export function formFields({ request, choices }: Filling): FormField[] {
  const { stage, rows, resources } = request;
  const number = (value: number | null) => (value === null ? 'any' : String(value));
  const corpora = choices.corpora.map(({ name, sessions }) => ({ value: name, help: `${sessions} sessions` }));
  const sources: FormOption[] =
    stage === 'dpo'
      ? [
          { value: APPROVED, help: 'of all sets of this workspace' },
          ...choices.sets.map(({ name, pairs, approved }) => ({
            value: `${APPROVED} of ${name}`,
            help: `${approved} of ${pairs} pairs are approved`,
          })),
        ]
      : corpora;
  const fields: (FormField | null)[] = [
    field('preset', 'preset', 'Model', request.preset, {
      options: [
        { value: 'small', help: 'the recipe for the 135M base that ships with Foil' },
        { value: 'paper', help: 'Table 6 of the paper, for the 70B and 8B bases' },
      ],
      help: 'Where the values of the hyper-parameters come from; your changes stay',
    }),
    field('name', 'name', 'Model', request.name, {
      help: 'Name of the model that comes out of it',
      error: request.name === '' ? 'it needs a name' : null,
    }),
    stage === 'sft'
      ? field('kind', 'kind', 'Model', request.kind, {
          options: [
            { value: 'simulator', help: 'learns the turns of the users' },
            { value: 'chatbot', help: 'learns the turns of the chatbots' },
          ],
          help: 'Whose turns it learns',
        })
      : null,
    stage === 'dpo'
      ? field('adapter', 'previous simulator', 'Model', request.adapter ?? '', {
          options: choices.simulators.map((value) => ({ value, help: 'simulator' })),
          free: 'folder of an adapter',
          help: 'The simulator that DPO starts from; it is the frozen reference too (Eq. 5)',
          error: request.adapter === null ? 'choose the simulator that it starts from' : null,
        })
      : null,
    field('train', stage === 'discriminator' ? 'real sessions' : 'training rows', 'Data', showSource(rows.train), {
      options: sources,
      free: ROWS_FILE,
      help: 'What it is trained on: a corpus of this workspace, or a JSONL file of rows',
      error: rows.train === null ? 'choose what it is trained on' : null,
    }),
    stage === 'discriminator'
      ? field('simulated', 'simulated sessions', 'Data', rows.simulated.join(', '), {
          options: corpora,
          many: true,
          help: 'Corpora of simulated sessions, on the other side; each stays in the split of its context',
          error:
            rows.train?.from === 'corpus' && rows.simulated.length === 0
              ? 'choose at least one corpus of simulated sessions'
              : null,
        })
      : null,
    field('valid', 'validation rows', 'Data', showSource(rows.valid), {
      options: stage === 'dpo' ? [{ value: 'none', help: 'no rows of its own' }, ...sources] : sources,
      free: ROWS_FILE,
      help: 'What it is checked on while it learns',
      error: stage !== 'dpo' && rows.valid === null ? 'choose what it is checked on' : null,
    }),
    stage === 'discriminator'
      ? field('test', 'test rows', 'Data', showSource(rows.test ?? null), {
          options: [{ value: 'none', help: 'no rows of their own' }, ...sources],
          free: ROWS_FILE,
          help: 'What its figures come from, where the step is chosen on the validation rows',
        })
      : null,
    stage === 'dpo'
      ? field('real', 'real sessions', 'Data', showSource(rows.real ?? null), {
          options: [{ value: 'none', help: 'needed where real_weight is above 0' }, ...corpora],
          free: ROWS_FILE,
          help: 'Sessions of real users that it also learns from, with the weight real_weight',
        })
      : null,
    stage === 'discriminator'
      ? field('match', 'match lengths by', 'Data', rows.match, {
          options: [
            { value: 'turns', help: 'pairs of sessions with as many user turns' },
            { value: 'words', help: 'pairs of sessions of about as many words' },
            { value: 'none', help: 'no matching: length may give the class away' },
          ],
          help: 'How real and simulated sessions are paired, so that length says nothing',
        })
      : null,
    stage === 'discriminator'
      ? field('context', 'reads the context', 'Data', rows.context ? 'true' : 'false', {
          options: [
            { value: 'true', help: 'D(real | h_t, c), as in Eq. 2' },
            { value: 'false', help: 'only the turns' },
          ],
          help: 'Whether the discriminator reads the context c before the turns',
        })
      : null,
    request.kind === 'chatbot'
      ? field('system', 'system text', 'Data', rows.system ?? '', {
          help: 'What the chatbot is told to be; empty: nothing',
        })
      : null,
    field('launcher', 'launcher', 'Machine', request.launcher, {
      options: choices.launchers.map((value) => ({ value, help: value === 'local' ? 'this machine' : 'of foil.yaml' })),
      help: 'Where it runs; launchers stand in foil.yaml',
    }),
    field('gpus', 'GPUs', 'Machine', String(resources.gpus), { help: 'How many GPUs it asks for; 0 runs on the CPU' }),
    field('cpus', 'CPU cores', 'Machine', number(resources.cpus), {
      help: 'How many cores it asks a scheduler for; any: its default',
    }),
    field('memoryGb', 'memory', 'Machine', number(resources.memoryGb), {
      unit: 'GB',
      help: 'How much memory it asks a scheduler for; any: its default',
    }),
    field('hours', 'time', 'Machine', number(resources.hours), {
      unit: 'hours',
      help: 'After how long a scheduler ends it; any: its default',
    }),
    field('base', 'base weights', 'Machine', request.base ?? 'default', {
      help: "A GGUF file or a Hugging Face folder on the machine that runs it; default: the launcher's, else the base that ships with Foil",
    }),
    field('seed', 'seed', 'Machine', String(request.seed), {
      help: 'The same seed and values give the same first losses',
    }),
  ];
  const hyper = formOf(choices.table, stage, request.preset, request.changes).map(
    (one): FormField => ({
      key: `hyper.${one.name}`,
      label: one.name,
      section: 'Hyper-parameters',
      kind: one.choices && one.type === 'choice' ? 'choice' : one.type === 'boolean' ? 'choice' : 'text',
      value: showHyper(one.value),
      preset: showHyper(one.preset),
      changed: one.changed,
      options:
        one.type === 'boolean'
          ? ['true', 'false'].map((value) => ({ value, help: '' }))
          : (one.choices ?? []).map((value) => ({ value, help: '' })),
      many: false,
      free: null,
      unit: one.unit,
      help: one.nullable ? `${one.help} (none: no value)` : one.help,
      error: one.error,
    }),
  );
  const start = field('start', 'Start', 'Start', '', {
    help: 'Checks the run first; it starts only after a check that passed',
  });
  return [...fields.filter((one) => one !== null), ...hyper, { ...start, kind: 'button' }];
}

interface FieldInit {
  readonly options?: readonly FormOption[];
  readonly many?: boolean;
  /** Which file may be named instead of an option. */
  readonly free?: string;
  readonly unit?: string;
  readonly help: string;
  readonly error?: string | null;
}

function field(key: string, label: string, section: string, value: string, init: FieldInit): FormField {
  const { options = [], many = false, unit = null, help, error = null } = init;
  const free = init.free === undefined ? null : { help: init.free, file: true };
  const kind = many ? 'many' : options.length > 0 || free !== null ? 'choice' : 'text';
  return { key, label, section, kind, value, preset: null, changed: false, options, many, free, unit, help, error };
}
