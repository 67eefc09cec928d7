import { z } from 'zod';
import { samplingSchema } from '../session/schema.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in hex');

/**
 * A model card (`models/NAME/card.json`): what an adapter is, on which base, how it was trained, and how good it is. Written by
 * `python -m foil_train export`. Sections that only people read are kept as they are.
 */
export const cardSchema = z.object({
  schema: z.literal(1),
  name: z.string().min(1),
  kind: z.enum(['simulator', 'chatbot', 'discriminator']),
  base: z.object({ name: z.string(), gguf_sha256: sha256 }),
  adapter: z.object({ rank: z.number(), alpha: z.number(), gguf_sha256: sha256 }).loose(),
  template: z.object({ file: z.string(), sha256 }),
  /** Token that ends a turn, and the one by which a simulated user ends the session. */
  stop: z.object({ turn: z.string(), session: z.string() }),
  system: z.string().nullish(),
  sampling: samplingSchema.nullish(),
  discriminator: z
    .object({
      input: z.enum(['all', 'user-turns']),
      context: z.boolean(),
      head: z.literal('lm', 'only heads whose classes are two ordinary tokens can be served'),
      labels: z.object({ real: z.string(), simulated: z.string() }),
      logit_p0: z.number().default(0),
    })
    .loose()
    .nullish(),
  licence: z.string().nullish(),
  data: z.unknown(),
  recipe: z.unknown(),
  validation: z.unknown(),
  search: z.unknown(),
  seed: z.number().nullish(),
  created: z.string().nullish(),
  rebuild: z.string().nullish(),
  /** Run, inputs and parent of an adopted model. */
  lineage: z.unknown().optional(),
});
export type ModelCard = z.infer<typeof cardSchema>;
