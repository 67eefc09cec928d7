import { z } from 'zod';
import { authorSchema, contextSchema, roleSchema } from '../session/schema.ts';

/** One side of a pair: what the user says at the turn. */
export const sideSchema = z.object({
  content: z.string(),
  /** The simulator ends the session with this turn. */
  end: z.boolean().default(false),
  /** r_t of this text at this turn (Eq. 4); null if no discriminator was on. */
  r: z.number().nullable(),
  by: authorSchema,
});
export type Side = z.infer<typeof sideSchema>;

/** Why a turn was looked at: its r_t is among the highest or the lowest, or it was drawn at random (the control). */
export const criticalKindSchema = z.enum(['highest', 'lowest', 'random']);
export type CriticalKind = z.infer<typeof criticalKindSchema>;

/** A preference pair (u_chosen, u_rejected) at one turn: the same prompt (c, h_t) for both sides. */
export const pairSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  created: z.string(),
  origin: z.enum(['manual', 'mined']),
  context: contextSchema,
  history: z.array(z.object({ role: roleSchema, content: z.string() })),
  chosen: sideSchema,
  rejected: sideSchema,
  discriminator: z.string().nullable(),
  simulator: z.string(),
  session: z.string(),
  /** User turn t, from 1. */
  t: z.number().int().positive(),
  /** A person who makes a pair by hand has thereby approved it. */
  decision: z.enum(['approved', 'rejected', 'pending']),
  /** The corpus that `session` is in; absent for a live session. */
  corpus: z.string().optional(),
  /** Only of a mined pair: how its turn was chosen, r_t of what stood there, and the seed of its alternatives. */
  mined: z
    .object({
      kind: criticalKindSchema,
      r: z.number().nullable(),
      seed: z.number().int(),
      /** Alternatives sampled, the original not counted. */
      sampled: z.number().int().min(0),
      engine: z.string(),
      template: z.string(),
    })
    .optional(),
});
export type PreferencePair = z.infer<typeof pairSchema>;

/** The set that pairs made by hand in Chat go to. */
export const MANUAL_SET = 'manual';
