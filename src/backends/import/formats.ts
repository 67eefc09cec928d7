import { z } from 'zod';
import { FoilError } from '../../core/errors.ts';
import { contextSchema, originSchema, sessionSchema, versionSchema } from '../../core/session/schema.ts';

export const IMPORT_FORMATS = ['foil', 'openai', 'sharegpt'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** A message of a foreign record: `role` as it is named there, `field` where it stands. */
export interface RawMessage {
  readonly role: string;
  readonly content: string | null;
  readonly field: string;
  readonly annotations?: Record<string, unknown> | null | undefined;
  readonly by?: unknown;
}

/** What any format says about a session, before roles, order and emptiness are checked. */
export interface RawSession {
  readonly id: string | null;
  readonly source: string | null;
  readonly domain: string | null;
  readonly context: z.output<typeof contextSchema> | null;
  readonly messages: readonly RawMessage[];
  readonly origin: z.output<typeof originSchema> | null;
  readonly scores: z.output<typeof sessionSchema>['scores'];
  readonly meta: Record<string, unknown>;
}

const idSchema = z.union([z.string().min(1), z.number().transform(String)]).nullish();
const metaSchema = z.record(z.string(), z.unknown()).nullish();

/** Our own schema, with or without `schema` and `origin`, as shared corpora have it. */
const foilSchema = z.looseObject({
  schema: versionSchema.nullish(),
  id: idSchema,
  source: z.string().nullish(),
  domain: z.string().nullish(),
  context: contextSchema.nullish(),
  turns: z
    .array(
      z.looseObject({
        role: z.string(),
        content: z.string(),
        annotations: z.record(z.string(), z.unknown()).nullish(),
        by: z.unknown().optional(),
      }),
    )
    .min(1),
  origin: originSchema.nullish(),
  scores: sessionSchema.shape.scores,
  meta: metaSchema,
});

/** Content is null beside tool calls; parts other than text have no place in a session. */
const openaiContent = z
  .union([
    z.string(),
    z.null(),
    z.array(z.looseObject({ type: z.literal('text', 'only text parts can be imported'), text: z.string() })),
  ])
  .optional();

const openaiSchema = z.looseObject({
  id: idSchema,
  messages: z.array(z.looseObject({ role: z.string(), content: openaiContent })).min(1),
  context: contextSchema.nullish(),
  meta: metaSchema,
  metadata: metaSchema,
});

const sharegptSchema = z.looseObject({
  id: idSchema,
  conversations: z.array(z.looseObject({ from: z.string(), value: z.string() })).min(1),
  context: contextSchema.nullish(),
  meta: metaSchema,
});

/** The format of a record by its telling field. */
export function detectFormat(value: unknown, where: { file: string; line: number }): ImportFormat {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if ('turns' in record) return 'foil';
  if ('messages' in record) return 'openai';
  if ('conversations' in record) return 'sharegpt';
  throw new FoilError('unknown-format', 'the record has neither "turns", "messages" nor "conversations"', {
    where,
    remedy: [
      'Foil reads JSONL of its own sessions ("turns"), of OpenAI messages ("messages") and of ShareGPT ("conversations")',
      'convert the file to one of them: one JSON object a line',
    ],
  });
}

const empty = { source: null, domain: null, origin: null, scores: undefined };

/** How each format is checked and read. */
export const FORMATS: {
  readonly [F in ImportFormat]: { schema: z.ZodType; read(record: never): RawSession };
} = {
  foil: {
    schema: foilSchema,
    read: (record: z.output<typeof foilSchema>) => ({
      id: record.id ?? null,
      source: record.source ?? null,
      domain: record.domain ?? null,
      context: record.context ?? null,
      messages: record.turns.map((turn, index) => ({ ...turn, field: `turns[${index}]` })),
      origin: record.origin ?? null,
      scores: record.scores,
      meta: record.meta ?? {},
    }),
  },
  openai: {
    schema: openaiSchema,
    read: (record: z.output<typeof openaiSchema>) => ({
      ...empty,
      id: record.id ?? null,
      context: record.context ?? null,
      messages: record.messages.map(({ role, content }, index) => ({
        role,
        content: Array.isArray(content) ? content.map((part) => part.text).join('\n') : (content ?? null),
        field: `messages[${index}]`,
      })),
      meta: { ...record.metadata, ...record.meta },
    }),
  },
  sharegpt: {
    schema: sharegptSchema,
    read: (record: z.output<typeof sharegptSchema>) => ({
      ...empty,
      id: record.id ?? null,
      context: record.context ?? null,
      messages: record.conversations.map(({ from, value }, index) => ({
        role: from,
        content: value,
        field: `conversations[${index}]`,
      })),
      meta: record.meta ?? {},
    }),
  },
};
