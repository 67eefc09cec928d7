import { z } from 'zod';
import { authorSchema, samplingSchema } from '../session/schema.ts';
import { dropReasonSchema, rulesSchema } from './filter.ts';
import { criticalKindSchema } from './schema.ts';

/** Which turns are critical (3.5: "messages with the highest and lowest rewards"; how many, the paper leaves open). */
export const criticalSchema = z.object({
  /** `session`: so many of each session, which weighs sessions alike; `corpus`: so many over all of them. */
  per: z.enum(['session', 'corpus']).default('session'),
  /** 1 and 1 a session: the trial that this project compares with took these. */
  highest: z.number().int().min(0).default(1),
  lowest: z.number().int().min(0).default(1),
  /** As many turns, drawn at random instead: the control. */
  random: z.boolean().default(false),
});
export type CriticalOptions = z.infer<typeof criticalSchema>;

/** What a set was mined with. It stands first in its journal; going on with anything else would mix two sets. */
export const minedSpecSchema = z.object({
  schema: z.literal(1),
  type: z.literal('spec'),
  at: z.iso.datetime(),
  corpus: z.string(),
  simulator: z.string(),
  discriminator: z.string(),
  /** Of the discriminator: another engine or template gives other rewards. */
  engine: z.string(),
  template: z.string(),
  sampling: samplingSchema,
  critical: criticalSchema,
  /** Alternatives a turn. */
  n: z.number().int().positive(),
  seed: z.number().int(),
  rules: rulesSchema,
});
export type MinedSpec = z.infer<typeof minedSpecSchema>;

export const candidateSchema = z.object({
  index: z.number().int().min(0),
  text: z.string(),
  end: z.boolean(),
  by: authorSchema,
  z: z.number().nullable(),
  r: z.number().nullable(),
});

/** A finished critical turn: what was sampled there, and what came of it. */
export const minedTurnSchema = z.object({
  schema: z.literal(1),
  type: z.literal('turn'),
  at: z.iso.datetime(),
  session: z.string(),
  t: z.number().int().positive(),
  kind: criticalKindSchema,
  /** r_t of the stored scores, by which the turn was chosen. */
  r: z.number(),
  seed: z.number().int(),
  /** z_{t-1}. */
  previousZ: z.number(),
  /** The original (index 0) and the alternatives, in the order of their indices. */
  candidates: z.array(candidateSchema),
  outcome: z.discriminatedUnion('kept', [
    z.object({
      kept: z.literal(true),
      chosen: z.number().int().min(0),
      rejected: z.number().int().min(0),
      /** Not the best against the worst, which broke a rule, but the widest pair that breaks none. */
      searched: z.boolean(),
      pair: z.string(),
    }),
    z.object({ kept: z.literal(false), reason: dropReasonSchema }),
  ]),
});
export type MinedTurn = z.infer<typeof minedTurnSchema>;

export const minedRecordSchema = z.discriminatedUnion('type', [minedSpecSchema, minedTurnSchema]);
export type MinedRecord = z.infer<typeof minedRecordSchema>;
