import { z } from 'zod';

/** A figure that the other side may leave out or could not compute (JSON has no NaN): then null. */
const figure = z.number().nullable().default(null);
const bins = z.array(z.number());

const known = z.discriminatedUnion('event', [
  z.looseObject({
    event: z.literal('preflight'),
    t: z.number(),
    split: z.string(),
    rows: z.number(),
    used: z.number(),
    dropped: z.number(),
    why: z.array(z.looseObject({ id: z.string(), reason: z.string() })).default([]),
    tokens: z.looseObject({ p50: figure, p95: figure, max: figure }).nullable().default(null),
    /** Share of the rows that were dropped or cut for their length. */
    cut: figure,
    trained_tokens: figure,
    /** One rendered row; what is trained on stands between marks. */
    example: z.string().nullable().default(null),
    template_sha256: z.string().nullable().default(null),
  }),
  z.looseObject({
    event: z.literal('memory'),
    t: z.number(),
    estimate_bytes: figure,
    available_bytes: figure,
    device: z.string().nullable().default(null),
  }),
  z.looseObject({ event: z.literal('estimate'), t: z.number(), seconds: z.number(), from_steps: figure }),
  z.looseObject({
    event: z.literal('step'),
    t: z.number(),
    step: z.number(),
    steps: figure,
    /** Seconds. */
    eta: figure,
    loss: figure,
    grad_norm: figure,
    learning_rate: figure,
    tokens_per_s: figure,
    'rewards/chosen': figure,
    'rewards/rejected': figure,
    'rewards/margins': figure,
    'rewards/accuracies': figure,
    'logps/chosen': figure,
    'logps/rejected': figure,
  }),
  z.looseObject({
    event: z.literal('valid'),
    t: z.number(),
    step: z.number(),
    loss: figure,
    accuracy: figure,
    margins: figure,
    /** Counts of p(real) in ten equal bins, by what the turn is. */
    histogram: z.looseObject({ real: bins, simulated: bins }).nullable().default(null),
  }),
  z.looseObject({ event: z.literal('saved'), t: z.number(), step: z.number() }),
  z.looseObject({ event: z.literal('stopping'), t: z.number(), step: figure, why: z.string() }),
  z.looseObject({
    event: z.literal('failed'),
    t: z.number(),
    kind: z.string(),
    message: z.string(),
    remedy: z.string().nullable().default(null),
  }),
  z.looseObject({ event: z.literal('done'), t: z.number(), stage: z.string() }),
]);

export type KnownEvent = z.infer<typeof known>;
export type PreflightEvent = Extract<KnownEvent, { event: 'preflight' }>;
export type MemoryEvent = Extract<KnownEvent, { event: 'memory' }>;
export type FailedEvent = Extract<KnownEvent, { event: 'failed' }>;

/** What another version of the stages tells and this one has no use for: kept, never fatal. */
export interface OtherEvent {
  readonly event: 'other';
  readonly t: number;
  /** The name that it has in the file. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}
export type StageEvent = KnownEvent | OtherEvent;

const anyEvent = z.looseObject({ event: z.string(), t: z.number().catch(0) });

/** One line of `events.jsonl`; null for what is no event at all, such as a torn line. */
export function parseStageEvent(line: string): StageEvent | null {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = known.safeParse(json);
  if (parsed.success) return parsed.data;
  const other = anyEvent.safeParse(json);
  if (!other.success) return null;
  const { event, t, ...data } = other.data;
  return { event: 'other', t, name: event, data };
}
