import { z } from 'zod';

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
export type Estimate = z.output<typeof interval>;

/**
 * Word features of one side, means over sessions (4.3.1); `even_*` at as many words as the other sides of the context
 * have.
 */
const sideSchema = z.object({
  sessions: z.number(),
  user_turns: z.number(),
  words: z.number(),
  words_a_turn: z.number(),
  entropy: z.number(),
  ttr: z.number(),
  bigrams: z.number(),
  even_ttr: z.number(),
  even_bigrams: z.number(),
});
export type SideFigures = z.output<typeof sideSchema>;

/**
 * What one discriminator says of real users, of the simulator and of the next one, on the same contexts. Means over
 * turns.
 */
const judgeSchema = z.object({
  name: z.string(),
  /** `miner`: its rewards chose the pairs; the others had no part in it. */
  role: z.enum(['miner', 'older', 'held-out']),
  p: z.object({ real: z.number(), before: z.number(), after: z.number() }),
  /** Share of turns with z > 0. */
  called_real: z.object({ real: z.number(), before: z.number(), after: z.number() }),
  r: z.object({ real: z.number(), before: z.number(), after: z.number() }),
  /** Of p: after - before. */
  rise: interval,
});
export type JudgeFigures = z.output<typeof judgeSchema>;

/**
 * Figures of the stage `check`: simulator k (`before`) and k+1 (`after`) against real users, on the same held-out
 * contexts.
 */
export const checkFiguresSchema = z.object({
  contexts: z.number(),
  words_rule: z.string(),
  real: sideSchema,
  before: sideSchema,
  after: sideSchema,
  /** Words a turn over those of real users. */
  length: z.object({ before: interval, after: interval }),
  /** At equal words: after over before, and after over real. */
  ttr: z.object({ step: interval, real: interval }),
  bigrams: z.object({ step: interval, real: interval }),
  judges: z.array(judgeSchema),
  /** Share of user turns with a verbatim run of words of training users. */
  overlap: z.object({ words: z.number(), real: z.number(), before: z.number(), after: z.number() }),
});
export type CheckFigures = z.output<typeof checkFiguresSchema>;

const accuracy = z.object({
  accuracy: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().nullable(),
});

/** Figures of the stage `discriminator`: accuracy at a turn t and over all, of D and of each judge beside it. */
export const judgedFiguresSchema = z.object({
  own: z.record(z.string(), accuracy),
  beside: z.record(z.string(), z.record(z.string(), accuracy)),
  verdict: z.string().nullable(),
  reported_on: z.string().nullable(),
});
export type JudgedFigures = z.output<typeof judgedFiguresSchema>;

const perTurn = z.record(
  z.string(),
  z.looseObject({
    accuracy: z.number().nullish(),
    accuracy_95: z.array(z.number().nullable()).nullish(),
    n: z.number().nullish(),
  }),
);
const metricsSchema = z.looseObject({
  per_turn: perTurn,
  beside: z.record(z.string(), z.looseObject({ per_turn: perTurn })).default({}),
  verdict: z.string().nullish(),
  reported_on: z.string().nullish(),
});

/**
 * The part of a discriminator run's `metrics.json`, or of its card's `validation`, that a loop keeps; null for what is
 * neither.
 */
export function judgedFigures(json: unknown): JudgedFigures | null {
  const parsed = metricsSchema.safeParse(json);
  if (!parsed.success) return null;
  const { per_turn, beside, verdict, reported_on } = parsed.data;
  return {
    own: accuraciesOf(per_turn),
    beside: Object.fromEntries(Object.entries(beside).map(([name, table]) => [name, accuraciesOf(table.per_turn)])),
    verdict: verdict ?? null,
    reported_on: reported_on ?? null,
  };
}

function accuraciesOf(table: z.output<typeof perTurn>): JudgedFigures['own'] {
  return Object.fromEntries(
    Object.entries(table).flatMap(([turn, { accuracy: value, accuracy_95, n }]) =>
      typeof value === 'number'
        ? [[turn, { accuracy: value, low: accuracy_95?.[0] ?? null, high: accuracy_95?.[1] ?? null, n: n ?? null }]]
        : [],
    ),
  );
}

/**
 * Figures of the stage `dpo`. Log-probabilities in nats a turn, against the reference (rewards over beta, Eq. 5), at
 * the end.
 */
export const dpoFiguresSchema = z.object({
  pairs: z.number(),
  floor: z.number(),
  chosen_words: z.number(),
  rejected_words: z.number(),
  chosen_logprob: z.number().nullable(),
  rejected_logprob: z.number().nullable(),
  accuracy: z.number().nullable(),
  loss: z.object({ first: z.number().nullable(), last: z.number().nullable() }),
});
export type DpoFigures = z.output<typeof dpoFiguresSchema>;

export const ALL_TURNS = 'all turns';
export const BAG_OF_WORDS = 'bag of words (user)';
