import { z } from 'zod';

/** A figure with the 95% interval of a seeded bootstrap (or an exact one), and what it was counted over. */
export const estimateSchema = z.object({
  /** Null where it does not exist: a correlation of two points, say. */
  value: z.number().nullable(),
  /** Both null where no interval can be given. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().int(),
});
export type Estimate = z.output<typeof estimateSchema>;

export const cellSchema = z.union([z.string(), z.number(), estimateSchema, z.null()]);
export type Cell = z.output<typeof cellSchema>;

/**
 * `quote`: words out of a session, shown as such and with whether they were simulated, which the corpus behind the row
 * tells. `count`: a whole number. `rate`: a share, shown in per cent. `p`: a p-value. The rest are decimals to show.
 */
export const FORMATS = ['text', 'quote', 'count', 'rate', 'p', 'decimal1', 'decimal2', 'decimal3'] as const;

export const columnSchema = z.object({ key: z.string(), title: z.string(), format: z.enum(FORMATS) });
export type Column = z.output<typeof columnSchema>;

/** Sessions behind a figure, to look at: a corpus with ids of it, or all of it. */
export const behindSchema = z.object({ corpus: z.string(), sessions: z.array(z.string()).nullable() });
export type Behind = z.output<typeof behindSchema>;

/** What every table and figure says about itself. */
const about = {
  /** Stable, in kebab-case: names files and is what scripts ask for. */
  id: z.string(),
  title: z.string(),
  /** What of the paper it repeats (`Table 1`), or null for what the paper lacks. */
  paper: z.string().nullable(),
  /** How it was computed and what limits it: tokeniser, smoothing, annotator with its agreement, n said aloud. */
  notes: z.array(z.string()),
};

export const rowSchema = z.object({
  key: z.string(),
  /** Heading of a group of rows; null for none. */
  group: z.string().nullable(),
  cells: z.record(z.string(), cellSchema),
  /** The paper's own numbers for the row, by column, to stand beside: another corpus, so they compare in pattern only. */
  reported: z.record(z.string(), z.number()).nullable(),
  behind: z.array(behindSchema),
});

export const tableSchema = z.object({ ...about, columns: z.array(columnSchema), rows: z.array(rowSchema) });
export type Table = z.output<typeof tableSchema>;
export type TableRow = z.output<typeof rowSchema>;

const pointSchema = z.object({
  x: z.union([z.number(), z.string()]),
  y: z.number(),
  /** Error bars. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  x_low: z.number().nullable(),
  x_high: z.number().nullable(),
  label: z.string().nullable(),
  behind: z.array(behindSchema),
});
export type Point = z.output<typeof pointSchema>;

export const figureSchema = z.object({
  ...about,
  kind: z.enum(['scatter', 'line', 'bar']),
  x: z.string(),
  y: z.string(),
  series: z.array(z.object({ name: z.string(), points: z.array(pointSchema) })),
  /** A diagonal for what should be equal, or a horizontal line for chance. */
  reference: z.union([z.literal('diagonal'), z.number()]).nullable(),
});
export type Figure = z.output<typeof figureSchema>;

/** One part of an evaluation: screens, CSV, JSON and the report show nothing else. */
export const exhibitSchema = z.discriminatedUnion('type', [
  tableSchema.extend({ type: z.literal('table') }),
  figureSchema.extend({ type: z.literal('figure') }),
]);
export type Exhibit = ({ readonly type: 'table' } & Table) | ({ readonly type: 'figure' } & Figure);
