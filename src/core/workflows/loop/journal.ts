import { z } from 'zod';

/** Stages of an iteration, in order (Algorithm 1, lines 4 to 9, and a check of what came out). */
export const LOOP_STAGES = ['simulate', 'discriminator', 'score', 'mine', 'review', 'dpo', 'check'] as const;
export type LoopStage = (typeof LOOP_STAGES)[number];

/**
 * Something that a stage reads or makes: a corpus, a model, the pairs of a set as they were made, or its approved
 * ones.
 */
export const refSchema = z.object({
  kind: z.enum(['corpus', 'model', 'chatbot', 'pairs', 'approved']),
  name: z.string(),
});
export type Ref = z.output<typeof refSchema>;

const about = {
  schema: z.literal(1),
  at: z.iso.datetime(),
  iteration: z.number().int().min(0),
  stage: z.enum(LOOP_STAGES),
  /**
   * Of the stage's settings and of all that it reads: a record with another hash says nothing about the stage as it
   * now is.
   */
  hash: z.string(),
};

/** One line of `journal.jsonl`. Lines are only ever added; each is on the disk before what it announces goes on. */
export const loopRecordSchema = z.discriminatedUnion('type', [
  /**
   * A stage begins, or is gone on with. `revision`: which of its hashes this is, from 1; its outputs are named by it.
   */
  z.object({ ...about, type: z.literal('begin'), revision: z.number().int().min(1) }),
  /** The id of a training run, before the run is made: whoever comes after finds that one, or makes it. */
  z.object({ ...about, type: z.literal('run'), run: z.string() }),
  z.object({
    ...about,
    type: z.literal('end'),
    /** Of work; of a training stage, of its job. Where it was cut off, since it was last begun. */
    seconds: z.number(),
    /** What came of it, by name: sessions, turns, pairs ... */
    counts: z.record(z.string(), z.number()),
    outputs: z.array(refSchema),
    /** What alarms and reports are made from (figures.ts). */
    figures: z.unknown().optional(),
  }),
  z.object({
    ...about,
    type: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    remedy: z.array(z.string()),
  }),
  /** Somebody opened the gate before DPO. */
  z.object({ ...about, type: z.literal('open'), by: z.string() }),
]);
export type LoopRecord = z.output<typeof loopRecordSchema>;
export type LoopRecordOf<T extends LoopRecord['type']> = Extract<LoopRecord, { type: T }>;
