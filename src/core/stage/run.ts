import { z } from 'zod';
import { type JobReport, jobHandleSchema } from './launcher.ts';

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
}
