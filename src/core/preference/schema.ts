import { z } from 'zod';
import { authorSchema, contextSchema, roleSchema } from '../session/schema.ts';

const sideSchema = z.object({
  content: z.string(),
  /** The simulator ends the session with this turn. */
  end: z.boolean().default(false),
  /** r_t of this text at this turn (Eq. 4); null if no discriminator was on. */
  r: z.number().nullable(),
  by: authorSchema,
});

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
});
export type PreferencePair = z.infer<typeof pairSchema>;
