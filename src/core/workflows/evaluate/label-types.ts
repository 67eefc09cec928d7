import { z } from 'zod';
import type { FoilError } from '../../errors.ts';
import { taskSchema } from '../../evaluate/behaviour/taxonomy.ts';

const itemSchema = z.object({
  /** `CORPUS/SESSION/TURN`. */
  id: z.string().min(1),
  corpus: z.string(),
  session: z.string(),
  turn: z.number().int().min(0),
  /** What it was drawn from: real or simulated, and the category that was predicted, if any. */
  stratum: z.string(),
  /** Messages of its stratum / those drawn from it. */
  weight: z.number().positive(),
});
export type SampleItem = z.output<typeof itemSchema>;

/** The first record of a file of labels: what is to be labelled. It holds ids, never text. */
export const sampleSchema = z.object({
  schema: z.literal(1),
  type: z.literal('sample'),
  task: taskSchema,
  taxonomy: z.string(),
  /** Its file, from the workspace, where it is not the one that ships with Foil. */
  taxonomy_file: z.string().optional(),
  seed: z.number().int(),
  at: z.string(),
  items: z.array(itemSchema).min(1),
});
export type Sample = z.output<typeof sampleSchema>;

const said = {
  schema: z.literal(1),
  item: z.string(),
  labeller: z.string().min(1),
  at: z.string(),
  /** How long the item had been shown; null without a screen. */
  ms: z.number().min(0).nullable(),
};

/** What was said of one item. `undo` takes back the labeller's last `label` or `skip` of it. */
export const labelSchema = z.discriminatedUnion('type', [
  z.object({ ...said, type: z.literal('label'), categories: z.array(z.string()) }),
  z.object({ ...said, type: z.literal('skip') }),
  z.object({ ...said, type: z.literal('undo') }),
]);
export type LabelRecord = z.output<typeof labelSchema>;

export const labelFileSchema = z.union([sampleSchema, labelSchema]);

export interface LabelOptions {
  readonly labeller: string;
  /** Whether the labeller sees items as they are given, so that the time until the label means something. */
  readonly timed: boolean;
}

export type LabelCommand =
  /** Puts a category to the draft, or takes it from it. */
  | { readonly type: 'toggle'; readonly category: string }
  /** Writes the draft as the label of the item, none if it is empty, and goes on. */
  | { readonly type: 'confirm' }
  /** The same in one, for scripts. */
  | { readonly type: 'set'; readonly categories: readonly string[] }
  | { readonly type: 'skip' }
  /** Takes back this labeller's last label or skip, and shows its item. */
  | { readonly type: 'undo' }
  | { readonly type: 'next' | 'previous' }
  | { readonly type: 'goto'; readonly item: string };

/** One message to label, as a screen shows it. Its text is a model's or a person's: make it harmless before it is shown. */
export interface ShownItem {
  readonly item: SampleItem;
  /** `7 / 60`; how many are labelled by this labeller. */
  readonly position: string;
  readonly labelled: number;
  readonly of: number;
  /** What the draft holds: the label that was written, or what was toggled since. */
  readonly draft: readonly string[];
  /** What this labeller said of it; null for nothing yet. */
  readonly state: 'labelled' | 'skipped' | null;
}

export type LabelEvent =
  | {
      readonly type: 'item';
      readonly shown: ShownItem | null;
      readonly turns: readonly { readonly role: string; readonly content: string; readonly asked: boolean }[];
    }
  /** Durable. */
  | { readonly type: 'labelled'; readonly record: LabelRecord }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'error'; readonly error: FoilError };
