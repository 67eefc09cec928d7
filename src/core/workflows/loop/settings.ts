import { z } from 'zod';
import { rulesSchema } from '../../preference/filter.ts';
import { LINT_CODES } from '../../preference/lint.ts';
import { criticalSchema } from '../../preference/mined.ts';
import { DEFAULT_CONTEXT_BUDGET } from '../../prompt/context.ts';
import { PRESETS } from '../../stage/table.ts';
import { valueSchema } from '../../stage/table-schema.ts';

/** Parts of models, corpora and sets are named after a loop, with an ending of their own. */
const loopName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/u, 'must be up to 60 letters, digits, dots, hyphens and underscores');
const count = z.number().int().min(1);

/** How a training stage of every iteration is asked for (see RunRequest). */
const training = {
  preset: z.enum(PRESETS).default('small'),
  /** Hyper-parameters whose value is not the preset's. */
  changes: z.record(z.string(), valueSchema).default({}),
  /** The same at every iteration: differences must come from the simulators (4.3.3, "identical conditions"). */
  seed: z.number().int().min(0).default(17),
  base: z.string().nullable().default(null),
  launcher: z.string().default('local'),
  resources: z
    .strictObject({
      gpus: z.number().int().min(0).default(0),
      cpus: z.number().int().min(1).nullable().default(null),
      memoryGb: z.number().positive().nullable().default(null),
      hours: z.number().positive().nullable().default(null),
    })
    .prefault({}),
};

/** When an alarm fires (alarms.ts says what each value is). None of these numbers is the paper's. */
export const thresholdsSchema = z.strictObject({
  /** Nats a turn that chosen sides may lose against the reference: two batches of noise at the start are about this. */
  chosen_logprob: z.number().max(0).default(-0.1),
  /** Words a turn, over or under those of real users: people of one corpus differ from another by about a quarter. */
  length_ratio: z.number().gt(1).default(1.25),
  /**
   * Part of TTR and of bigram diversity that may go from one simulator to the next: twice what a reseeded run differs.
   */
  diversity_fall: z.number().min(0).max(1).default(0.05),
  /** Rise of mean p_T under the miner that wants a second opinion: below it D has hardly changed its mind. */
  reward_rise: z.number().min(0).max(1).default(0.1),
  /** Of that rise, the part that an independent judge must share; a quarter is generous to a weaker judge. */
  reward_share: z.number().min(0).max(1).default(0.25),
  /** A fresh judge that finds the new simulator easier by more than this (accuracy) disagrees: a point is noise. */
  fresh_rise: z.number().min(0).max(1).default(0.02),
  /** Share of turns with a verbatim run of a training user's words: one in fifty, and more than real users have. */
  overlap: z.number().min(0).max(1).default(0.02),
});
export type Thresholds = z.output<typeof thresholdsSchema>;

/**
 * `loop.json`: all that a loop was asked for with. What is not stated by the paper says why it is what it is. To
 * change a
 * loop, change this file: what depends on the change is stale from then on, and nothing else.
 */
export const loopSchema = z.strictObject({
  schema: z.literal(1),
  name: loopName,
  created: z.string(),
  /** Simulator 0, from SFT (Algorithm 1, line 1). */
  simulator: z.string().min(1),
  /**
   * Iteration 0 from what is there: sessions of simulator 0 on contexts of each split, and a discriminator that learnt
   * from them. Null: both are made.
   */
  given: z
    .strictObject({
      sessions: z.strictObject({
        train: z.string().min(1),
        valid: z.string().min(1),
        test: z.string().min(1).nullable().default(null),
      }),
      discriminator: z.string().min(1).nullable().default(null),
    })
    .nullable()
    .default(null),
  /** Rounds of Algorithm 1; 3 in the paper (it1, it2, it3). */
  iterations: count.max(100).default(3),
  /**
   * After the last round, sessions and a discriminator of the last simulator (UserDisc-it3 of 4.2): it has no judge
   * otherwise.
   */
  judge_last: z.boolean().default(true),
  /** Names of chatbot configurations, or `all`; 14 in the paper. */
  chatbots: z.array(z.string().min(1)).min(1),
  /**
   * `one`: each context meets one chatbot, in turn, the same in every iteration, which gives the paper's 2,000
   * sessions of
   * 1,000 contexts (4.2); `all`: each context meets every chatbot.
   */
  chatbots_a_context: z.enum(['one', 'all']).default('one'),
  /** Corpora of real sessions, split by context: no context may stand in two. */
  contexts: z.strictObject({
    train: z.string().min(1),
    valid: z.string().min(1),
    test: z.string().min(1).nullable().default(null),
  }),
  /**
   * First n contexts of each; with 2 sessions a context, 800 and 200 are the 1,600 and 400 sessions of 4.3.3. Null:
   * all.
   */
  limits: z
    .strictObject({
      train: count.nullable().default(800),
      valid: count.nullable().default(200),
      test: count.nullable().default(null),
    })
    .prefault({}),
  /** Sessions a context (and chatbot); 2 in the paper (4.2). */
  per_context: count.default(2),
  /** Of all sampling. Simulating takes the same at every iteration, so that simulators are compared on equal draws. */
  seed: z.number().int().min(0).default(1),
  /** The cap on user turns, equal for every simulator: real sessions of ESConv have 12 on average. */
  max_user_turns: count.default(16),
  /** Tokens of the context (Appendix A). */
  context_budget: count.default(DEFAULT_CONTEXT_BUDGET),
  /**
   * Sessions at once, and critical turns at a time; null: what the models serve well, and one turn (the embedded
   * engine samples its alternatives together).
   */
  at_once: count.nullable().default(null),
  /**
   * A discriminator that no round trains on or mines with; the reward must rise under it too. Null: only older ones.
   */
  held_out: z.string().min(1).nullable().default(null),
  /** Real corpora that simulator 0 was trained on, for verbatim overlap; null: the training contexts. */
  trained_on: z.array(z.string().min(1)).nullable().default(null),
  discriminator: z
    .strictObject({
      ...training,
      /** Equal numbers of user turns on both sides: else D learns where sessions end. */
      match: z.enum(['turns', 'words', 'none']).default('turns'),
      context: z.boolean().default(true),
    })
    .prefault({}),
  mine: z
    .strictObject({
      /**
       * Whose sessions: those of the training contexts. Held-out contexts stay unseen by DPO, so that the next
       * discriminator and
       * the check judge the next simulator where nothing was fitted.
       */
      on: z.enum(['train', 'valid']).default('train'),
      critical: criticalSchema.prefault({}),
      /** Alternatives a critical turn; 8 in the paper (3.5). */
      n: count.max(64).default(8),
      /** r_chosen > 0 and r_rejected < 0 always hold (3.5); the rest is off or mild. */
      rules: rulesSchema.prefault({}),
      limit: count.nullable().default(null),
    })
    .prefault({}),
  review: z
    .strictObject({
      /**
       * `person`: somebody opens the gate; `rule`: pairs are approved by the rule below, which is written down as
       * their reviewer.
       */
      by: z.enum(['person', 'rule']).default('person'),
      rule: z
        .strictObject({
          /** Least r_chosen - r_rejected. 0: the paper has no review, so a rule alone should not be stricter. */
          margin: z.number().min(0).default(0),
          /**
           * Warnings of the linter that reject a pair: those that no person would let pass, and that say nothing about
           * length.
           */
          reject: z.array(z.enum(LINT_CODES)).default(['near-identical', 'copied', 'escapes', 'pii']),
        })
        .prefault({}),
    })
    .prefault({}),
  dpo: z
    .strictObject({
      ...training,
      /**
       * Approved pairs without which it refuses to train: at batch 4, 50 pairs are a dozen steps, and fewer are noise.
       */
      floor: count.default(50),
    })
    .prefault({}),
  check: z
    .strictObject({
      /** Held-out contexts that the next simulator is tried on: at 50, words a turn are known to about a tenth. */
      contexts: count.default(50),
      /** Draws of each bootstrap interval. */
      draws: count.default(1000),
      /** Words in a row that make a verbatim overlap: shorter runs are idiom. */
      overlap_words: z.number().int().min(3).default(8),
    })
    .prefault({}),
  alarms: thresholdsSchema.prefault({}),
});
export type LoopSettings = z.output<typeof loopSchema>;
