import { z } from 'zod';

export type HyperValue = number | boolean | string | null | readonly (number | string)[];

export const valueSchema: z.ZodType<HyperValue> = z.union([
  z.number(),
  z.boolean(),
  z.string(),
  z.null(),
  z.array(z.union([z.number(), z.string()])),
]);

const hyperSchema = z.looseObject({
  type: z.enum(['number', 'integer', 'boolean', 'choice', 'list']),
  min: z.number().optional(),
  /** Exclusive lower bound. */
  above: z.number().optional(),
  max: z.number().optional(),
  choices: z.array(z.string()).optional(),
  /** What a list holds. */
  items: z.enum(['integer', 'string']).optional(),
  /** Whether it may be null. */
  null: z.boolean().default(false),
  unit: z.string().optional(),
  help: z.string(),
  default: valueSchema,
  /** Table 6 of the paper; what it does not state takes the default. */
  paper: valueSchema.optional(),
  /** The recipe for the 135M base. */
  small: valueSchema.optional(),
});
export type HyperSpec = z.infer<typeof hyperSchema>;

/** `python/foil_train/stages.json`: the one table of hyper-parameters, which checks specs there and draws forms here. */
export const stageTableSchema = z.looseObject({
  version: z.literal(1),
  stages: z.record(
    z.string(),
    z.looseObject({ title: z.string(), equation: z.string().optional(), hyper: z.record(z.string(), hyperSchema) }),
  ),
});
export type StageTable = z.infer<typeof stageTableSchema>;
