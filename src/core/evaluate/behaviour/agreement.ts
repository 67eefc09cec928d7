import { z } from 'zod';
import { bootstrapCounts, type Counts, type Draws } from '../../metrics/bootstrap.ts';
import type { Estimate } from '../table.ts';
import { type Agreement, ANY } from './annotations.ts';
import { taskSchema } from './taxonomy.ts';

/** One message with what the labels and the annotator say of it. */
export interface Judged {
  readonly session: string;
  readonly turn: number;
  readonly labelled: readonly string[];
  readonly found: readonly string[];
  /** Messages of the corpus that it stands for: 1 in a plain sample, more where its stratum was drawn from thinly. */
  readonly weight: number;
}

/**
 * Cohen's kappa of two raters over yes and no (Cohen 1960), of weighted counts: both yes, only the first, only the second,
 * neither. NaN where chance alone would always agree.
 */
export function binaryKappa(both: number, first: number, second: number, neither: number): number {
  const n = both + first + second + neither;
  const chance = (both + first) * (both + second) + (second + neither) * (first + neither);
  const scale = n * n - chance;
  // of whole counts it is exactly 0; of weighted ones only nearly
  return Math.abs(scale) <= 1e-9 * n * n ? Number.NaN : (n * (both + neither) - chance) / scale;
}

export interface MeasuredAgreement {
  readonly categories: ReadonlyMap<string, Agreement>;
  /** Over all pairs of a message and a category together. */
  readonly pooled: Agreement;
}

/**
 * Agreement of an annotator with labels, by category and pooled, with a bootstrap over sessions. A category that no
 * label gives has a kappa of null: nothing was measured.
 * @param categories those that the annotator sees (labels of others do not count), and ANY for whether there is one at all,
 *   which the pooled figure leaves out.
 */
export function measureAgreement(
  judged: readonly Judged[],
  categories: readonly string[],
  against: string,
  draws: Draws,
): MeasuredAgreement {
  const sessions = [...new Set(judged.map(({ session }) => session))];
  const at = new Map(sessions.map((session, index) => [session, index]));
  // by category and session: both, only labelled, only found, neither
  const cells = categories.map(() => sessions.map(() => [0, 0, 0, 0] as [number, number, number, number]));
  const counts = categories.map(() => ({ positives: 0, found: 0 }));
  for (const { session, labelled, found, weight } of judged) {
    categories.forEach((category, place) => {
      const has = (of: readonly string[]) => (category === ANY ? of.length > 0 : of.includes(category));
      const [label, mark] = [has(labelled), has(found)];
      const cell = cells[place]?.[at.get(session) as number];
      const count = counts[place];
      if (!cell || !count) return;
      cell[label ? (mark ? 0 : 1) : mark ? 2 : 3] += weight;
      if (label) count.positives += 1;
      if (mark) count.found += 1;
    });
  }
  const statistics = (drawn: Counts) => {
    const pooled: [number, number, number, number] = [0, 0, 0, 0];
    const kappas = cells.map((of, place) => {
      const sums: [number, number, number, number] = [0, 0, 0, 0];
      of.forEach((cell, session) => {
        for (const k of [0, 1, 2, 3] as const) sums[k] += cell[k] * (drawn[session] as number);
      });
      if (categories[place] !== ANY) for (const k of [0, 1, 2, 3] as const) pooled[k] += sums[k];
      return binaryKappa(...sums);
    });
    return [...kappas, binaryKappa(...pooled)];
  };
  const figures = sessions.length === 0 ? [] : bootstrapCounts(sessions.length, statistics, draws);
  const entry = (place: number, n: number, positives: number, found: number): Agreement => {
    const { value, low, high } = figures[place] ?? { value: Number.NaN, low: Number.NaN, high: Number.NaN };
    // without a message that has it, it would be 0 whatever the annotator does
    const finite = (of: number) => (positives > 0 && Number.isFinite(value) && Number.isFinite(of) ? of : null);
    return { kappa: finite(value), low: finite(low), high: finite(high), n, positives, found, against };
  };
  const n = judged.length;
  const sum = (key: 'positives' | 'found') =>
    counts.reduce((total, count, place) => total + (categories[place] === ANY ? 0 : count[key]), 0);
  return {
    categories: new Map(
      categories.map((category, place) => {
        const { positives, found } = counts[place] as (typeof counts)[number];
        return [category, entry(place, n, positives, found)];
      }),
    ),
    pooled: entry(categories.length, n, sum('positives'), sum('found')),
  };
}

const agreementSchema = z.object({
  kappa: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().int(),
  positives: z.number().int(),
  found: z.number().int(),
  against: z.string(),
});

/** One measurement of an annotator, as agreement files hold it. */
export const measurementSchema = z.object({
  annotator: z.string(),
  /** Of the rules, or what an endpoint's server calls its model: a measurement holds for nothing else. */
  version: z.string(),
  task: taskSchema,
  taxonomy: z.string(),
  /** Who labelled what, and how. */
  against: z.string(),
  draws: z.number().int(),
  seed: z.number().int(),
  pooled: agreementSchema,
  categories: z.record(z.string(), agreementSchema),
  /** Ids and labels of a hand-labelled sample, without any text; null for labels that a corpus brings along. */
  labels: z.array(z.object({ item: z.string(), weight: z.number(), categories: z.array(z.string()) })).nullable(),
});
export type Measurement = z.output<typeof measurementSchema>;

export const agreementFileSchema = z.object({ schema: z.literal(1), measurements: z.array(measurementSchema) });

/** Labelled messages that a kappa needs to stand beside a figure: with fewer, one message more or less decides it. */
export const LEAST_POSITIVES = 5;

/**
 * What was measured of an annotator with a taxonomy, by category, from LEAST_POSITIVES on. Labels by hand, which are of the
 * very categories, come before labels that a corpus brings along; for whether there is any (ANY), and among equals, the
 * measurement with most positives counts.
 */
export function agreementFor(
  measurements: readonly Measurement[],
  of: Pick<Measurement, 'annotator' | 'version' | 'task' | 'taxonomy'>,
): Map<string, Agreement> {
  const best = new Map<string, { readonly agreement: Agreement; readonly hand: boolean }>();
  for (const measurement of measurements) {
    const same = (['annotator', 'version', 'task', 'taxonomy'] as const).every((key) => measurement[key] === of[key]);
    if (!same) continue;
    for (const [category, agreement] of Object.entries(measurement.categories)) {
      if (agreement.positives < LEAST_POSITIVES) continue;
      const hand = measurement.labels !== null && category !== ANY;
      const known = best.get(category);
      const better = hand === known?.hand ? agreement.positives > known.agreement.positives : hand;
      if (!known || better) best.set(category, { agreement, hand });
    }
  }
  return new Map([...best].map(([category, { agreement }]) => [category, agreement]));
}

/** The agreement of a category as a cell: kappa with its interval and n. */
export function kappaCell(agreement: Agreement | undefined): Estimate | null {
  return agreement ? { value: agreement.kappa, low: agreement.low, high: agreement.high, n: agreement.n } : null;
}
