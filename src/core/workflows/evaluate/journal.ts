import { z } from 'zod';
import { exhibitSchema } from '../../evaluate/table.ts';
import { specSchema } from './spec.ts';

const about = { schema: z.literal(1), at: z.iso.datetime() };

/** Something that an evaluation reads, as it was: whoever repeats it can check that theirs is the same. */
export const inputSchema = z.object({
  kind: z.enum(['corpus', 'model', 'annotator', 'encoder']),
  name: z.string(),
  /** What part it has, in words. */
  role: z.string(),
  /** Of a corpus its file's; of a model its adapter's with its template; of an encoder its weights'; null where it cannot be had. */
  sha256: z.string().nullable(),
  /** Sessions of a corpus that are used. */
  sessions: z.number().int().nullable(),
});
export type Input = z.output<typeof inputSchema>;

/** A side of an evaluation, as its exhibits name it. */
export const sideSchema = z.object({
  name: z.string(),
  kind: z.enum(['real', 'simulated']),
  corpora: z.array(z.string()),
  chatbots: z.array(z.string()),
  sessions: z.number().int(),
  contexts: z.number().int(),
});
export type Side = z.output<typeof sideSchema>;

/** One line of `exhibits.jsonl`. Lines are only ever added; each is on the disk before its event. */
export const evaluationRecordSchema = z.discriminatedUnion('type', [
  /** A run begins: what counts is told after it. */
  z.object({
    ...about,
    type: z.literal('begin'),
    foil: z.string(),
    /** The command line that repeats it. */
    command: z.string(),
    spec: specSchema,
    /** Ids of the metrics that it is to compute, in order. */
    metrics: z.array(z.string()),
    sides: z.array(sideSchema),
    inputs: z.array(inputSchema),
  }),
  /** What a metric gave. `key`: the hash of all that decided it. */
  z.object({
    ...about,
    type: z.literal('exhibits'),
    metric: z.string(),
    key: z.string(),
    seconds: z.number(),
    exhibits: z.array(exhibitSchema),
  }),
  /** Nothing that decides a metric has changed: what an earlier run found under this key counts. */
  z.object({ ...about, type: z.literal('kept'), metric: z.string(), key: z.string() }),
  /** Why a metric gave nothing; the next run tries again. */
  z.object({
    ...about,
    type: z.literal('missing'),
    metric: z.string(),
    reason: z.string(),
    remedy: z.array(z.string()),
  }),
  /** All metrics of the run are through. */
  z.object({ ...about, type: z.literal('end'), seconds: z.number(), notices: z.array(z.string()) }),
]);
export type EvaluationRecord = z.output<typeof evaluationRecordSchema>;
export type EvaluationRecordOf<T extends EvaluationRecord['type']> = Extract<EvaluationRecord, { type: T }>;
