import { z } from 'zod';
import { JOB_STATES, type JobReport, jobHandleSchema } from './launcher.ts';
import { PRESETS } from './table.ts';
import { valueSchema } from './table-schema.ts';

/** The stages that train. The runner of each is `python -m foil_train STAGE`. */
export const TRAINING_STAGES = ['sft', 'discriminator', 'dpo'] as const;
export type TrainingStage = (typeof TRAINING_STAGES)[number];

/** Names of the files in a run's folder. The record is ours; the others are written by the job. */
export const RUN_FILES = {
  record: 'run.json',
  spec: 'spec.json',
  events: 'events.jsonl',
  log: 'log.txt',
  status: 'status.json',
  heartbeat: 'heartbeat',
  exit: 'exit.json',
  output: 'output',
  inputs: 'inputs',
} as const;

/**
 * Where rows come from: a corpus, a JSONL file of rows that are made already, or (DPO) the approved pairs of a set, or of the
 * workspace.
 */
export const rowSourceSchema = z.discriminatedUnion('from', [
  z.object({ from: z.literal('corpus'), corpus: z.string().min(1) }),
  z.object({ from: z.literal('file'), file: z.string().min(1) }),
  z.object({ from: z.literal('pairs'), set: z.string().min(1).optional() }),
]);
export type RowSource = z.infer<typeof rowSourceSchema>;

/** All that a run is asked for with; kept in its record, so that it can be cloned. */
export const runRequestSchema = z.object({
  stage: z.enum(TRAINING_STAGES),
  name: z.string().min(1),
  kind: z.enum(['simulator', 'chatbot', 'discriminator']),
  preset: z.enum(PRESETS),
  /** Hyper-parameters whose value is not the preset's. */
  changes: z.record(z.string(), valueSchema),
  seed: z.number().int().min(0),
  rows: z.object({
    train: rowSourceSchema.nullable(),
    valid: rowSourceSchema.nullable(),
    /** Discriminator: what its figures come from, where its step was chosen on `valid`. */
    test: rowSourceSchema.nullish(),
    /** DPO: sessions of real users, for the SFT loss that `real_weight` adds. */
    real: rowSourceSchema.nullish(),
    /** Discriminator: corpora of simulated sessions; each stands on the side where its context is. */
    simulated: z.array(z.string()),
    /** Discriminator: how the lengths of the two sides are matched, and whether D reads the context c. */
    match: z.enum(['turns', 'words', 'none']).default('turns'),
    context: z.boolean().default(true),
    /** System text of a chatbot. */
    system: z.string().nullable().default(null),
  }),
  /** DPO: the previous simulator, by name or folder; it is policy and reference. */
  adapter: z.string().nullable(),
  /** Base weights; null: the launcher's, else those of the embedded engine. */
  base: z.string().nullable(),
  launcher: z.string(),
  resources: z.object({
    gpus: z.number().int().min(0),
    cpus: z.number().int().min(1).nullable(),
    memoryGb: z.number().positive().nullable(),
    hours: z.number().positive().nullable(),
  }),
  /** Run that it was cloned from: where the rows are asked for in the same words, they are its rows. */
  from: z.string().nullable(),
});
export type RunRequest = z.infer<typeof runRequestSchema>;

/** Something that a run reads: a copy in its folder. */
export const runInputSchema = z.object({
  /** Relative to the run's folder. */
  file: z.string(),
  sha256: z.string(),
  /** Where it came from, in words: `corpus esconv-train`, a file's name, a model. */
  source: z.string(),
  rows: z.number().nullable(),
  /** Of its data, where that says; for the card of what comes out. */
  licences: z.array(z.string()).default([]),
});
export type RunInput = z.infer<typeof runInputSchema>;

const reportSchema = z.object({
  state: z.enum(JOB_STATES),
  code: z.number().nullable(),
  signal: z.string().nullable(),
  reason: z.string().nullable(),
  host: z.string().nullable(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  heartbeat: z.string().nullable(),
}) satisfies z.ZodType<JobReport>;

/** What the interface knows of a run and the job does not: one small document in the run's folder. */
export const runRecordSchema = z.object({
  schema: z.literal(1),
  id: z.string(),
  stage: z.enum(TRAINING_STAGES),
  /** Name of the model that comes out of it. */
  name: z.string(),
  preset: z.string(),
  /** Hyper-parameters whose value is not the preset's. */
  changed: z.record(z.string(), z.unknown()),
  created: z.string(),
  launcher: z.string(),
  handle: jobHandleSchema.nullable(),
  /** Run that this one was cloned from. */
  from: z.string().nullable(),
  notes: z.array(z.object({ at: z.string(), text: z.string() })),
  /** Somebody asked for its end, so that a non-zero exit is no failure. */
  cancelled: z.string().nullable(),
  /** Name and folder of the model that it was adopted as. */
  adopted: z.object({ name: z.string(), folder: z.string(), at: z.string() }).nullable(),
  request: runRequestSchema,
  /** Rows (`train`, `valid`, ...), `template`, `adapter`, `code`, by what they are. */
  inputs: z.record(z.string(), runInputSchema),
  /** Why the launcher would not take it; null if it did, or was not asked yet. */
  refused: z.string().nullable(),
  /** How it ended, once that is known for good: another machine need not be asked again. */
  ended: reportSchema.nullable(),
  /** Everything that the job wrote lies here. */
  collected: z.boolean(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** A run as lists show it. */
export interface RunSummary {
  readonly record: RunRecord;
  readonly report: JobReport;
  /** Of the newest step that was heard of. */
  readonly step: number | null;
  readonly steps: number | null;
  readonly loss: number | null;
  /** Seconds. */
  readonly eta: number | null;
  /** What a failed run says of itself, with its remedy. */
  readonly failure: string | null;
  /** What can be done with it now, the likeliest first. */
  readonly actions: readonly RunAction[];
}

export const RUN_ACTIONS = ['adopt', 'resume', 'cancel', 'clone'] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];
