import { z } from 'zod';
import type { Measurement } from '../../evaluate/behaviour/agreement.ts';
import { type Task, type Taxonomy, taskSchema } from '../../evaluate/behaviour/taxonomy.ts';
import type { AnnotationStore, Annotator, Clock, SessionStore } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { keptAnnotations } from './kept.ts';
import { drawSample } from './label-sample.ts';
import type { LabelStore } from './label-sitting.ts';
import type { Sample } from './label-types.ts';

/** What decides a sample of messages to label. */
export const sampleSettingsSchema = z.strictObject({
  /** Corpora; real and simulated messages are drawn in equal numbers. */
  from: z.array(z.string().min(1)).min(1),
  task: taskSchema.default('actions'),
  /** Messages. */
  n: z.number().int().min(1).max(100_000).default(100),
  seed: z.number().int().min(0).default(1),
  /** An annotator whose answers are strata, so that rare categories are drawn too; null for none. */
  by: z.string().min(1).nullable().default(null),
  /** A taxonomy of one's own: its file, from the workspace; null for the one that ships. */
  taxonomy: z.string().min(1).nullable().default(null),
});
export type SampleSettings = z.output<typeof sampleSettingsSchema>;

/** The samples of a workspace, their taxonomies, and the annotators that are measured against them. */
export interface Samples {
  list(): Promise<string[]>;
  /** Begins a sample. @throws FoilError `name-taken`. */
  create(name: string, sample: Sample): Promise<void>;
  /** @throws FoilError `unknown-sample` with those there are. */
  open(name: string): Promise<LabelStore>;
  /** @param file from the workspace; without one the taxonomy that ships. @throws FoilError `no-taxonomy`, `bad-taxonomy`. */
  taxonomy(task: Task, file: string | null | undefined): Promise<Taxonomy>;
  /** An annotator with its kept answers to read. @throws FoilError `unknown-model`. */
  annotator(
    by: string,
    taxonomy: Taxonomy,
    signal: AbortSignal,
  ): Promise<{ annotator: Annotator; store: AnnotationStore }>;
  /** Keeps a measured agreement, to stand beside every figure of this annotator. */
  keep(measurement: Measurement): Promise<void>;
  /** sha256 of a text, in hex. */
  hash(text: string): string;
}

export interface SamplePorts {
  readonly samples: Samples;
  readonly sessions: Pick<SessionStore, 'stream'>;
  readonly clock: Clock;
}

/** What an annotator has said of sessions: rules are run, of an endpoint only the kept answers are taken. */
export async function saidBy(
  { samples, clock }: SamplePorts,
  annotator: Annotator,
  store: AnnotationStore,
  sessions: readonly Session[],
  signal: AbortSignal,
) {
  return await keptAnnotations(annotator, sessions, { clock, store, hash: (text) => samples.hash(text) }, signal);
}

/**
 * Draws a sample from its corpora (see `drawSample`) and begins its file.
 * @throws FoilError `no-sessions`, `name-taken`, `unknown-model`, or what reading a corpus throws; then nothing is written.
 */
export async function startSample(
  ports: SamplePorts,
  name: string,
  settings: SampleSettings,
  signal: AbortSignal,
): Promise<Sample> {
  const { samples, sessions, clock } = ports;
  const { from, task, n, seed, by, taxonomy: file } = settings;
  const taxonomy = await samples.taxonomy(task, file);
  const opened = by === null ? null : await samples.annotator(by, taxonomy, signal);
  try {
    const sources: Parameters<typeof drawSample>[0][number][] = [];
    for (const corpus of from) {
      const read: Session[] = await Array.fromAsync(sessions.stream(corpus));
      const annotated = opened ? await saidBy(ports, opened.annotator, opened.store, read, signal) : undefined;
      sources.push({ corpus, sessions: read, annotated });
    }
    const drawn = drawSample(sources, taxonomy, { n, seed, at: clock.now().toISOString() });
    const sample: Sample = file === null ? drawn : { ...drawn, taxonomy_file: file };
    await samples.create(name, sample);
    return sample;
  } finally {
    await opened?.store.close();
  }
}
