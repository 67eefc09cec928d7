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
export type Chunk = z.output<typeof chunkSchema>;
export type ChunkChoice = Chunk['choices'][number];

/**
 * Whether an answer is a chunk as nearly all are: with no usage, and every choice with its index. chunkSchema takes whatever
 * this takes, and decides on the rest; it makes a chunk anew, and there are hundreds in a session.
 */
export function isPlainChunk(answer: unknown): answer is Chunk {
  if (!isRecord(answer) || !Array.isArray(answer['choices'])) return false;
  return (answer['usage'] ?? null) === null && answer['choices'].every(isPlainChoice);
}

function isPlainChoice(choice: unknown): boolean {
  if (!isRecord(choice)) return false;
  const { index, delta, finish_reason: finish, stop_reason: stop } = choice;
  return (
    Number.isSafeInteger(index) &&
    (index as number) >= 0 &&
    isRecord(delta) &&
    isTextOrNothing(delta['content']) &&
    isTextOrNothing(finish) &&
    (isTextOrNothing(stop) || Number.isSafeInteger(stop))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrNothing(value: unknown): boolean {
  return typeof value === 'string' || value === null || value === undefined;
}

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
