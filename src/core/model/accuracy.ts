import { z } from 'zod';

const perTurn = z.record(z.string(), z.object({ accuracy: z.number().nullish() }).loose());

/** The part of a discriminator's card that says how far p_t can be trusted. */
const validationSchema = z.object({
  per_turn: perTurn,
  beside: z.record(z.string(), z.object({ per_turn: perTurn }).loose()).default({}),
});

/** Columns of the table: the paper's turns (Table 2) that short sessions have, all turns, and the session as a whole. */
const TURNS = ['1', '3', '5', '10', 'all turns', 'last turn'] as const;

/**
 * Accuracy per turn of a discriminator and of the shortcuts that stand beside it in its card (Table 2), a row a judge; empty
 * for cards without such figures. A discriminator that does not beat its shortcuts judges little.
 */
export function accuracyTable(validation: unknown): Record<string, string>[] {
  const parsed = validationSchema.safeParse(validation);
  if (!parsed.success) return [];
  const row = (judge: string, table: z.infer<typeof perTurn>): Record<string, string> => ({
    accuracy: judge,
    ...Object.fromEntries(
      TURNS.map((turn) => [/^\d+$/u.test(turn) ? `t ${turn}` : turn, table[turn]?.accuracy?.toFixed(2) ?? '-']),
    ),
  });
  const { per_turn, beside } = parsed.data;
  return [row('this one', per_turn), ...Object.entries(beside).map(([judge, table]) => row(judge, table.per_turn))];
}
