import { z } from 'zod';
import { FoilError } from '../../errors.ts';

/** How far sessions are read: to their first n user turns, or, on each context, to as many as its shortest session has. */
export const turnsSchema = z.union([z.number().int().min(1), z.literal('equal')]);

/** Two chatbots, of which the second is to be better: an A/B test to repeat (Table 5). */
export const abPairSchema = z.strictObject({ name: z.string().min(1), control: z.string(), treatment: z.string() });
export type AbPair = z.output<typeof abPairSchema>;

/** The encoder that needs no model: the words of sessions. */
export const WORDS = 'words';

/** What is evaluated, against what, and how (`evaluations/NAME/spec.json`). The same spec and inputs give the same figures. */
export const specSchema = z.strictObject({
  schema: z.literal(1, 'is not a version that this Foil reads: it reads 1'),
  name: z.string().min(1),
  /** Corpus of real sessions that no simulator and no discriminator learnt from. */
  real: z.string().min(1),
  /** Only real sessions whose `meta.split` is this; null for all of the corpus. */
  split: z.string().nullable().default(null),
  /** Corpora of simulated sessions; which simulator wrote a session, the session says. */
  simulated: z.array(z.string().min(1)).min(1),
  /** Simulators in the order of the tables; null for all, as they come. */
  simulators: z.array(z.string().min(1)).min(1).nullable().default(null),
  /** Real sessions that the simulators learnt from: memorisation is looked for there. */
  training: z.string().nullable().default(null),
  discriminators: z.array(z.string().min(1)).default([]),
  /** Whether sessions without scores by these discriminators are scored; else what needs them is left out. */
  score: z.boolean().default(true),
  /** Sittings of blind Turing mode that stand beside the discriminators. */
  turing: z.array(z.string().min(1)).default([]),
  /** Who gives messages their categories, by task; null for nobody. */
  annotators: z
    .strictObject({ actions: z.string().nullable(), issues: z.string().nullable() })
    .default({ actions: 'rules', issues: 'rules' }),
  /** What decides which sessions are near each other: `words`, `minilm`, or `SERVER[:MODEL]` of foil.yaml. */
  encoder: z.string().min(1).default(WORDS),
  ab: z.array(abPairSchema).default([]),
  /** Sessions of each simulator whose give-aways are looked for; each takes some twenty requests. */
  giveaways: z.number().int().min(0).default(0),
  /** Ids of metrics; null for all. */
  metrics: z.array(z.string()).min(1).nullable().default(null),
  /** Only contexts that all sides have sessions of. */
  same_contexts: z.boolean().default(true),
  turns: turnsSchema.nullable().default(null),
  seed: z.number().int().default(1),
  /** Bootstrap samples of each interval. */
  draws: z.number().int().min(100).max(1_000_000).default(2000),
});
export type EvaluationSpec = z.output<typeof specSchema>;

/** Where two specs differ, by field; of what a rerun changes, a person is told. */
export function changedFields(before: EvaluationSpec, after: EvaluationSpec): string[] {
  return (Object.keys(after) as (keyof EvaluationSpec)[]).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
}

/** @throws FoilError `bad-evaluation` for sides that cannot be told apart. */
export function checkSpec({ real, simulated, training }: EvaluationSpec): void {
  const remedy = 'name a corpus of real sessions, and others of simulated ones: foil sessions lists them';
  if (simulated.includes(real))
    throw new FoilError('bad-evaluation', `"${real}" is on both sides`, { where: { field: 'simulated' }, remedy });
  if (new Set(simulated).size < simulated.length)
    throw new FoilError('bad-evaluation', 'a simulated corpus is named twice', {
      where: { field: 'simulated' },
      remedy,
    });
  if (training === real)
    throw new FoilError('bad-evaluation', `"${real}" is evaluated on, and cannot be what the simulators learnt from`, {
      where: { field: 'training' },
      remedy: 'evaluate on a split that is held out',
    });
}

/** The command line that makes this spec again, in a workspace with the same corpora and models. */
export function commandOf(spec: EvaluationSpec): string {
  const defaults = specSchema.parse({ schema: 1, name: spec.name, real: spec.real, simulated: spec.simulated });
  const parts = [`foil eval --name ${spec.name} --real ${spec.real} --simulated ${spec.simulated.join(',')}`];
  const say = (flag: string, value: unknown, usual: unknown) => {
    if (JSON.stringify(value) !== JSON.stringify(usual)) parts.push(value === true ? flag : `${flag} ${value}`);
  };
  say('--split', spec.split, defaults.split);
  say('--simulators', spec.simulators?.join(','), undefined);
  say('--training', spec.training, defaults.training);
  say('--discriminators', spec.discriminators.join(','), '');
  say('--no-score', !spec.score, false);
  say('--turing', spec.turing.join(','), '');
  say('--actions', spec.annotators.actions ?? 'none', defaults.annotators.actions);
  say('--issues', spec.annotators.issues ?? 'none', defaults.annotators.issues);
  say('--encoder', spec.encoder, defaults.encoder);
  for (const { name, control, treatment } of spec.ab) parts.push(`--ab ${name}=${control}:${treatment}`);
  say('--giveaways', spec.giveaways, defaults.giveaways);
  say('--metrics', spec.metrics?.join(','), undefined);
  say('--all-contexts', !spec.same_contexts, false);
  say('--turns', spec.turns, defaults.turns);
  say('--seed', spec.seed, defaults.seed);
  say('--draws', spec.draws, defaults.draws);
  return parts.join(' ');
}
