import { z } from 'zod';

/** Version of the session record that this code writes. Records without `schema` (the shared corpora) read as 1. */
export const SESSION_SCHEMA = 1;

/** `schema` of a record. Older and other values are refused: what they mean is not known. */
export const versionSchema = z.literal(
  SESSION_SCHEMA,
  `is not a version that this Foil reads: it reads ${SESSION_SCHEMA}`,
);

export const roleSchema = z.enum(['user', 'assistant']);
export type Role = z.infer<typeof roleSchema>;

/**
 * Context c (Appendix A): everything that conditions the simulator besides the history h_t. `instruction` is the
 * system instruction; null takes the default of the simulator in use.
 */
export const contextSchema = z.object({
  instruction: z.string().nullable().default(null),
  profile: z.record(z.string(), z.unknown()).default({}),
  long_term: z.string().nullable().default(null),
  previous_summaries: z.array(z.string()).default([]),
  current_summary: z.string().nullable().default(null),
  history: z.array(z.object({ role: roleSchema, content: z.string() })).default([]),
});
export type Context = z.infer<typeof contextSchema>;

export const samplingSchema = z
  .object({
    temperature: z.number().min(0).max(5),
    top_p: z.number().gt(0).max(1),
    top_k: z.number().int().min(0),
    min_p: z.number().min(0).max(1),
    max_tokens: z.number().int().positive(),
  })
  .partial()
  .strict();
export type Sampling = z.infer<typeof samplingSchema>;

/** Who wrote a turn: a person in that seat, a person in a real corpus, or a model by its registry name. */
export const authorSchema = z.union(
  [
    z.object({ kind: z.literal('human') }),
    z.object({
      kind: z.literal('model'),
      name: z.string(),
      seed: z.number().int().optional(),
      sampling: samplingSchema.optional(),
    }),
  ],
  'must be {"kind": "human"}, or {"kind": "model", "name": ...}',
);
export type Author = z.infer<typeof authorSchema>;

/** Log-odds z_t = logit(p_t) of one discriminator at the end of one user turn (Eq. 2), with what produced it. */
export const scoreSchema = z.object({
  z: z.number(),
  /** z_0 of the discriminator, from which r_1 is counted. */
  logit_p0: z.number().default(0),
  template: z.string().optional(),
  /** What ran it, with its precision: the same discriminator differs a little from engine to engine. */
  engine: z.string().optional(),
});
export type Score = z.infer<typeof scoreSchema>;

export const turnSchema = z.object({
  role: roleSchema,
  content: z.string().refine((text) => text.trim() !== '', 'a turn must not be empty'),
  annotations: z.record(z.string(), z.unknown()).nullish(),
  by: authorSchema.optional(),
});
export type Turn = z.infer<typeof turnSchema>;

export const originSchema = z.union(
  [
    z.literal('real'),
    z.object({
      simulator: z.string(),
      chatbot: z.string(),
      seed: z.number().int().optional(),
      sampling: z.object({ simulator: samplingSchema, chatbot: samplingSchema }).partial().optional(),
      /** How the session stopped: the simulator ended it, the cap on user turns, or a person. */
      ended: z.enum(['simulator', 'cap', 'person']).optional(),
    }),
  ],
  'must be "real", or {"simulator": ..., "chatbot": ...} of a simulated session',
);
export type Origin = z.infer<typeof originSchema>;

/** One session of a corpus, as one JSON line. Roles alternate strictly; either side may speak first. */
export const sessionSchema = z
  .object({
    schema: versionSchema.default(SESSION_SCHEMA),
    id: z.string().min(1),
    source: z.string().default('unknown'),
    domain: z.string().default('unknown'),
    context: contextSchema,
    turns: z.array(turnSchema).min(1),
    origin: originSchema.default('real'),
    /** Discriminator name to z_1..z_T. */
    scores: z
      .record(
        z.string(),
        z.object({ z: z.array(z.number()), logit_p0: z.number(), template: z.string(), engine: z.string() }),
      )
      .optional(),
    meta: z.record(z.string(), z.unknown()).default({}),
  })
  .superRefine((session, check) => {
    session.turns.forEach((turn, index) => {
      if (index > 0 && turn.role === session.turns[index - 1]?.role) {
        check.addIssue({
          code: 'custom',
          path: ['turns', index, 'role'],
          message: `roles must alternate, but turns ${index - 1} and ${index} are both "${turn.role}"; merge them into one turn`,
        });
      }
    });
  });
export type Session = z.infer<typeof sessionSchema>;

/** A node of a live session's tree: one turn and the turn it answers. */
export const nodeSchema = z.object({
  id: z.number().int().min(0),
  parent: z.number().int().min(0).nullable(),
  role: roleSchema,
  content: z.string(),
  by: authorSchema,
  at: z.string(),
  /** The simulator ended the session with (or instead of) this turn. */
  end: z.boolean().optional(),
  /** The reply was cut off in mid-stream; what had arrived is kept, and the turn can be asked for again. */
  partial: z.boolean().optional(),
  /** Discriminator name to its z_t at the end of this (user) turn. */
  scores: z.record(z.string(), scoreSchema).default({}),
});
export type TurnNode = z.infer<typeof nodeSchema>;

/** A session in the workbench: a tree of turns with the branch that is open (`head`), saved at each turn. */
export const liveSessionSchema = z.object({
  schema: versionSchema,
  id: z.string().min(1),
  created: z.string(),
  updated: z.string(),
  context: contextSchema,
  nodes: z.array(nodeSchema),
  head: z.number().int().min(0).nullable(),
  roles: z.object({ simulator: z.string(), chatbot: z.string(), discriminator: z.string().nullable() }),
  /** The corpus session that this one was opened from. */
  from: z.object({ corpus: z.string(), id: z.string() }).optional(),
  seed: z.number().int(),
});
export type LiveSession = z.infer<typeof liveSessionSchema>;
