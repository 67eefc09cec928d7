import { bootstrapCounts, type Counts, type Draws } from '../../metrics/bootstrap.ts';
import { type Interval, wilson } from '../../metrics/proportion.ts';
import { estimateOf } from '../estimate.ts';
import type { Behind, Estimate } from '../table.ts';
import { LEAST_POSITIVES } from './agreement.ts';
import type { AnnotatedSource, AnnotatorAbout } from './annotations.ts';

/**
 * Counts of annotations by context, of several sources side by side, so that one draw of contexts gives every source's
 * figures: sources that share contexts are compared on the same draw.
 */
export interface Counted {
  readonly categories: readonly string[];
  readonly contexts: readonly string[];
  /** By source: messages by context, messages with any category by context, and by category those with it by context. */
  readonly sources: readonly CountedSource[];
}

export interface CountedSource {
  readonly source: AnnotatedSource;
  readonly messages: Float64Array;
  readonly marked: Float64Array;
  readonly by: readonly Float64Array[];
  /** Messages in all. */
  readonly n: number;
  /** Messages that have no annotation, in all. */
  readonly missing: number;
}

/** @param about whose `sees` are the categories, in the order of the taxonomy. */
export function countAnnotations(sources: readonly AnnotatedSource[], about: AnnotatorAbout): Counted {
  const categories = about.taxonomy.categories.map(({ id }) => id).filter((id) => about.sees.includes(id));
  const place = new Map(categories.map((id, at) => [id, at]));
  const contexts = [...new Set(sources.flatMap(({ sessions }) => sessions.map(({ context }) => context)))];
  const contextAt = new Map(contexts.map((context, at) => [context, at]));
  return {
    categories,
    contexts,
    sources: sources.map((source) => {
      const empty = () => new Float64Array(contexts.length);
      const counted = { messages: empty(), marked: empty(), by: categories.map(empty) };
      let [n, missing] = [0, 0];
      for (const session of source.sessions) {
        const at = contextAt.get(session.context) as number;
        missing += session.missing;
        for (const { categories: found } of session.messages) {
          n += 1;
          const known = found.flatMap((id) => place.get(id) ?? []);
          add(counted.messages, at);
          if (known.length > 0) add(counted.marked, at);
          for (const category of known) add(counted.by[category] as Float64Array, at);
        }
      }
      return { source, ...counted, n, missing };
    }),
  };
}

function add(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] as number) + 1;
}

/** Sums of a draw: what the statistics of an exhibit are functions of. */
export interface Sums {
  readonly messages: number;
  readonly marked: number;
  readonly by: readonly number[];
}

/** Bootstrap over contexts of statistics of the sources' sums, in the order of `counted.sources`. */
export function bootstrapSums(
  { contexts, sources }: Counted,
  statistics: (sums: readonly Sums[]) => readonly number[],
  draws: Draws,
): (Interval & { readonly value: number })[] {
  return bootstrapCounts(
    contexts.length,
    (counts) =>
      statistics(
        sources.map(({ messages, marked, by }) => ({
          messages: dot(messages, counts),
          marked: dot(marked, counts),
          by: by.map((category) => dot(category, counts)),
        })),
      ),
    draws,
  );
}

/** A share as a cell. Of none or of all no draw gives anything else, so that the interval is Wilson's. */
export function shareOf(figure: (Interval & { readonly value: number }) | null, n: number): Estimate {
  const estimate = estimateOf(figure, n);
  if (n === 0 || (estimate.value !== 0 && estimate.value !== 1)) return estimate;
  return { ...estimate, ...wilson(estimate.value * n, n) };
}

export const ZERO_NOTE =
  "Where there is none (or nothing else) the interval is Wilson's, as if messages were independent.";

function dot(values: Float64Array, counts: Counts): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += (values[at] as number) * (counts[at] as number);
  return sum;
}

/** The sessions of a source that hold a category (or, without one, any), for drilling down. */
export function behindCategory({ corpus, sessions }: AnnotatedSource, category: string | null): Behind {
  const has = ({ categories }: { readonly categories: readonly string[] }) =>
    category === null ? categories.length > 0 : categories.includes(category);
  return { corpus, sessions: sessions.filter(({ messages }) => messages.some(has)).map(({ id }) => id) };
}

/** What every exhibit of annotations says about who annotated, what was left out, and what is missing. */
export function annotatorNotes({ name, taxonomy, sees, agreement }: AnnotatorAbout, counted: Counted): string[] {
  const unseen = taxonomy.categories.filter(({ id }) => !sees.includes(id)).length;
  const missing = counted.sources.filter((source) => source.missing > 0);
  const measured = [...agreement.values()];
  const against = [...new Set(measured.map((entry) => entry.against))];
  return [
    `Annotated by ${name} with ${taxonomy.id} ${taxonomy.version}: ${counted.categories.length} of ${taxonomy.categories.length} categories.`,
    ...(unseen > 0 ? [`It cannot see ${unseen} categories: they are left out, not counted as zero.`] : []),
    measured.length > 0
      ? `kappa: agreement of ${name} with labels (${against.join('; ')}), 95% interval; it is given where at least ${LEAST_POSITIVES} labelled messages have the category. Figures of a category with a low kappa say how often ${name} finds it, not how often it is there.`
      : `The agreement of ${name} with labels was not measured: label a sample with \`foil eval label\`.`,
    ...missing.map((of) => `${of.source.name}: ${of.missing} messages have no annotation and count nowhere.`),
  ];
}
