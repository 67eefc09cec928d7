import { z } from 'zod';

/** Changes with every change of the routes that a client can notice: clients only join engines of their own protocol. */
export const PROTOCOL = 3;

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const content = z
  .union([z.string(), z.array(textPart)], { error: 'must be a string or a list of text parts' })
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('')));

export const chatMessageSchema = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content,
  /** Marks the last turn of a session, as the template writes it. */
  end: z.boolean().optional(),
});
export type EngineMessage = z.output<typeof chatMessageSchema>;

const text = z.string();
const tokens = z.array(z.int().min(0));
const count = z.int().min(1);
const sampling = {
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  /** 0 or -1: the whole vocabulary. */
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(16)]).nullish(),
  stop_token_ids: z.array(z.int().min(0)).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
};

export const chatRequestSchema = z.object({
  model: z.string(),
  messages: z.array(chatMessageSchema).min(1),
  max_tokens: count.nullish(),
  max_completion_tokens: count.nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  /** The next request goes on from this reply: it may stay in the cache, and own turns are computed as they were written. */
  keep_reply: z.boolean().nullish(),
  ...sampling,
});
export type ChatRequest = z.output<typeof chatRequestSchema>;

export const completionRequestSchema = z.object({
  model: z.string(),
  prompt: z.union([text, tokens.min(1), z.array(text).min(1)], {
    error: 'must be a string, a list of strings or a list of token ids',
  }),
  max_tokens: count.nullish(),
  /** -1: the whole vocabulary, as in vLLM. */
  logprobs: z.int().min(-1).max(20).nullish(),
  echo: z.literal(false, { error: 'is not supported' }).nullish(),
  ...sampling,
});
export type CompletionRequest = z.output<typeof completionRequestSchema>;

export const embeddingRequestSchema = z.object({
  model: z.string(),
  input: z.union([text, z.array(text).min(1).max(2048), tokens.min(1), z.array(tokens).min(1).max(2048)], {
    error: 'must be a text, a list of token ids, or a list of 1 to 2048 of either',
  }),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.null({ error: 'is not supported: a vector is as long as the model makes it' }).optional(),
});
export type EmbeddingRequest = z.output<typeof embeddingRequestSchema>;

export const tokenizeRequestSchema = z.object({
  model: z.string().nullish(),
  prompt: z.string().optional(),
  messages: z.array(chatMessageSchema).min(1).optional(),
  add_generation_prompt: z.boolean().nullish(),
});

export const loadAdapterSchema = z.object({ lora_name: z.string().min(1), lora_path: z.string().min(1) });
export const unloadAdapterSchema = z.object({ lora_name: z.string().min(1) });

/** What an engine says about itself without a token. */
export const healthSchema = z.object({
  status: z.literal('ok'),
  instance: z.string(),
  protocol: z.int(),
  version: z.string(),
});
export type EngineHealth = z.infer<typeof healthSchema>;

export const modelCardSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.literal('foil'),
  root: z.string(),
  /** The base model of an adapter; null for the base itself. */
  parent: z.string().nullable(),
  max_model_len: z.int(),
  /** Weights it runs on, such as `q4_1` or `f16`. */
  precision: z.string(),
  template_sha256: z.string(),
});
export const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelCardSchema) });
export type EngineModelCard = z.infer<typeof modelCardSchema>;

export const statsSchema = z.object({
  uptime_s: z.number(),
  requests: z.object({ running: z.int(), finished: z.int(), aborted: z.int() }),
  leases: z.int(),
  queued_steps: z.int(),
  /** Threads for a single token and for a batch, as the engine would choose now. */
  threads: z.object({ single: z.int(), batch: z.int() }),
  rss_bytes: z.int(),
  slots: z.array(
    z.object({
      model: z.string(),
      size: z.int(),
      held: z.int(),
      busy: z.boolean(),
      evaluated: z.int(),
      reused: z.int(),
    }),
  ),
  /** Tokens evaluated and reused since the start, with those of slots that are gone. */
  evaluated: z.int(),
  reused: z.int(),
});
export type EngineStats = z.infer<typeof statsSchema>;

/** The file by which a client finds an engine that runs; mode 0600, since it holds the token. */
export const engineStateSchema = z.object({
  pid: z.int(),
  port: z.int(),
  token: z.string(),
  instance: z.string(),
  protocol: z.int(),
  version: z.string(),
  startedAt: z.string(),
  modelSha: z.string().nullable(),
});
export type EngineState = z.infer<typeof engineStateSchema>;
