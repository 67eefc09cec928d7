import { z } from 'zod';

/** What of an answer Foil reads. Servers add fields of their own, and leave out what they think optional. */

export const chunkSchema = z.object({
  /** Empty in the chunk that only carries `usage`. */
  choices: z
    .array(
      z.object({
        index: z.int().min(0).default(0),
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
        /** vLLM: the id of the token in stop_token_ids that ended the reply. */
        stop_reason: z.union([z.int(), z.string()]).nullish(),
      }),
    )
    .default([]),
  /** In the last chunk, where it was asked for. */
  usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }).nullish(),
});
export type ChunkChoice = z.output<typeof chunkSchema>['choices'][number];

/** A text completion with the likeliest first tokens; null stands for minus infinity. */
export const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        logprobs: z
          .object({ top_logprobs: z.array(z.record(z.string(), z.number().nullable()).nullable()).nullish() })
          .nullish(),
      }),
    )
    .min(1),
});

/** vLLM's /tokenize. */
export const tokenizeSchema = z.object({ count: z.int().min(0), tokens: z.array(z.int()) });

/** /v1/models with vLLM's addition: the tokens that prompt and reply of a model share. */
export const modelsSchema = z.object({
  data: z.array(
    z.object({ id: z.string(), parent: z.string().nullish(), max_model_len: z.int().positive().nullish() }),
  ),
});
