import { z } from 'zod';
import { roleSchema } from '../../session/schema.ts';
import { seedOf } from '../seed.ts';

/** One turn of a session that is being simulated, as the journal keeps it. */
export const turnRecordSchema = z.object({
  schema: z.literal(1),
  session: z.string().min(1),
  /** Fingerprint of all that decides the session's text: a session is only gone on with as it was begun. */
  key: z.string(),
  /** Place in the session, from 0. */
  index: z.number().int().min(0),
  role: roleSchema,
  /** Empty only where the simulator ended the session without a word. */
  text: z.string(),
  seed: z.number().int(),
  end: z.boolean(),
  /** Replies without a word that came before this one. */
  empty: z.number().int().min(0),
});
export type TurnRecord = z.output<typeof turnRecordSchema>;

/**
 * The records of each session that were made under its newest key, from the first on without a gap. A later record for a place
 * that is taken does not count: the text that was answered is the first one.
 */
export function foldTurns(records: Iterable<TurnRecord>): Map<string, TurnRecord[]> {
  const sessions = new Map<string, TurnRecord[]>();
  for (const record of records) {
    const known = sessions.get(record.session);
    if (!known || known[0]?.key !== record.key) {
      if (record.index === 0) sessions.set(record.session, [record]);
    } else if (record.index === known.length) known.push(record);
  }
  return sessions;
}

/** A fingerprint of a value as JSON: 64 bits against mistakes, not against attacks. */
export function keyOf(value: unknown): string {
  const text = JSON.stringify(value);
  return [seedOf(text), seedOf(`${text.length} ${text}`)].map((part) => part.toString(16).padStart(8, '0')).join('');
}
