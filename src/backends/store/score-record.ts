import { z } from 'zod';
import type { CorpusScore } from '../../core/ports.ts';

/** One line of a score journal `NAME.scores.jsonl`. */
export const scoreRecordSchema = z.object({
  session: z.string().min(1),
  discriminator: z.string().min(1),
  z: z.array(z.number()),
  logitP0: z.number(),
  template: z.string(),
  engine: z.string(),
}) satisfies z.ZodType<CorpusScore>;
