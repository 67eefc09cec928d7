import { z } from 'zod';
import type { FoilError } from '../../errors.ts';

/**
 * What the keys 1, 2, ... mean, as p(real). Six, so that there is no middle to hide in; the ends stand short of 0 and 1,
 * because nobody is that sure of a stranger, and a Brier score of sure guesses would be ruled by slips of the finger.
 */
export const DEFAULT_SCALE = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95] as const;

const scaleSchema = z
  .array(z.number().gt(0).lt(1))
  .min(2)
  .max(9)
  .refine((scale) => scale.every((p, at) => at === 0 || p > (scale[at - 1] as number)), 'must rise from key to key')
  .refine((scale) => !scale.includes(0.5), 'must not hold 0.5: each guess says real or simulated');

/** What decides a sitting; kept with it, so that it can be drawn again. */
export const turingSettingsSchema = z.strictObject({
  /** Corpus of real sessions. */
  real: z.string().min(1),
  /** Only real sessions whose `meta.split` is this; null for all. */
  split: z.string().nullable().default(null),
  simulated: z.array(z.string().min(1)).min(1),
  /** Sessions to judge: contexts, of each of which one side is shown. */
  n: z.number().int().min(2).max(1000).default(20),
  /** Sessions are shown up to this user turn at most; null as far as the shorter side of the context goes. */
  turns: z.number().int().min(1).nullable().default(null),
  /** `coin`: each by a coin of its own; `half`: as many real as simulated, so that who is told the truth can count how many are left. */
  sides: z.enum(['coin', 'half']).default('coin'),
  /** `user-turns` hides what the chatbot said, as the discriminators that ship do; `all` shows it. */
  input: z.enum(['user-turns', 'all']).default('user-turns'),
  /** Whether the context c is shown, as Eq. 2 gives it to a discriminator. */
  context: z.boolean().default(true),
  /** Whether the truth about a session is shown after its last guess. */
  feedback: z.boolean().default(true),
  scale: scaleSchema.default([...DEFAULT_SCALE]),
  seed: z.number().int().min(0).default(1),
});
export type TuringSettings = z.output<typeof turingSettingsSchema>;

const itemSchema = z.object({
  corpus: z.string(),
  session: z.string(),
  /** Who simulated it; null for a real one. */
  simulator: z.string().nullable(),
  /** The real session of its context, whose context is shown whichever side was drawn. */
  context: z.string(),
  /** User turns that are shown. */
  turns: z.number().int().min(1),
});
export type TuringItem = z.output<typeof itemSchema>;

/** The first record of `turing/NAME.jsonl`: the key to the sitting. It holds ids, never text. */
export const turingSittingSchema = z.object({
  schema: z.literal(1),
  type: z.literal('sitting'),
  at: z.string(),
  settings: turingSettingsSchema,
  items: z.array(itemSchema).min(1),
});
export type TuringSitting = z.output<typeof turingSittingSchema>;

/** `item` is the place in the sitting, from 1: an id of the session would tell what it is. */
const said = { schema: z.literal(1), item: z.number().int().min(1), by: z.string().min(1), at: z.string() };

/** What a person did. `undo` takes back their last guess or skip; nothing takes back that the truth was shown. */
export const turingRecordSchema = z.discriminatedUnion('type', [
  z.object({
    ...said,
    type: z.literal('guess'),
    /** User turn, from 1. */
    t: z.number().int().min(1),
    /** The key, and the p(real) that it stood for. */
    level: z.number().int().min(1),
    p: z.number().gt(0).lt(1),
    /** How long the turn had been shown; null without a screen. */
    ms: z.number().min(0).nullable(),
  }),
  z.object({ ...said, type: z.literal('skip') }),
  z.object({ ...said, type: z.literal('undo') }),
  z.object({ ...said, type: z.literal('note'), t: z.number().int().min(0), text: z.string() }),
  /** The truth of a session was asked for: written before it is shown, so that no guess can follow it. */
  z.object({ ...said, type: z.literal('truth') }),
]);
export type TuringRecord = z.output<typeof turingRecordSchema>;
export type Guess = Extract<TuringRecord, { type: 'guess' }>;

export const turingFileSchema = z.union([turingSittingSchema, turingRecordSchema]);

export interface TuringOptions {
  readonly by: string;
  /** Whether the person sees turns as they are given, so that the time until the guess means something. */
  readonly timed: boolean;
}

export type TuringCommand = {
  /** What was on the screen (`placeOf`): a key that was pressed once too often must not judge what nobody has read. */
  readonly at?: string | undefined;
} /** A key of the scale, from 1. */ & (
  | { readonly type: 'guess'; readonly level: number }
  | { readonly type: 'skip' | 'undo' }
  | { readonly type: 'note'; readonly text: string }
  /** After the last guess of a session shows its truth, and after that the next session. */
  | { readonly type: 'next' }
);

/** Where a person stands in a sitting; nothing in it depends on what the session is. */
export interface Standing {
  /** From 1, and of how many. */
  readonly session: number;
  readonly sessions: number;
  /** User turns that are shown, of how many. */
  readonly t: number;
  readonly turns: number;
  /** p(real) of the guesses about this session. */
  readonly guesses: readonly number[];
  readonly note: string | null;
  /** Sessions that are judged to their end, and that were skipped. */
  readonly judged: number;
  readonly skipped: number;
}

/** A session up to a user turn as a person gets it: made harmless by whoever shows it, and blind by `blindTurns`. */
export interface BlindText {
  /** Null where the sitting shows none. */
  readonly context: string | null;
  readonly turns: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

/** What a session was, once all guesses about it are given. */
export interface Truth {
  readonly real: boolean;
  readonly simulator: string | null;
  readonly corpus: string;
  readonly session: string;
  /** p_t of each discriminator that has scored it, at the turns that were judged. */
  readonly judges: readonly { readonly name: string; readonly p: readonly number[] }[];
}

export type TuringView =
  | { readonly phase: 'guess' | 'judged'; readonly standing: Standing; readonly text: BlindText }
  | { readonly phase: 'truth'; readonly standing: Standing; readonly text: BlindText; readonly truth: Truth }
  | { readonly phase: 'end'; readonly sessions: number; readonly judged: number; readonly skipped: number };

export type TuringEvent =
  | { readonly type: 'view'; readonly view: TuringView }
  /** Durable. */
  | { readonly type: 'written'; readonly record: TuringRecord }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'error'; readonly error: FoilError };
