import { Grams } from '../../../metrics/bag.ts';
import { bootstrapCounts, type Draws, percentiles } from '../../../metrics/bootstrap.ts';
import { countUserTurns } from '../../../session/tree.ts';
import { estimateOf, intervalNote } from '../../estimate.ts';
import { behindAll, placesBy, type Source } from '../../source.ts';
import type { Cell, Column, Estimate, Exhibit, TableRow } from '../../table.ts';
import { PLACES, type PlaceKey, type Scorer } from '../verdicts.ts';
import { type CrossfitOptions, crossfit } from './crossfit.ts';
import { matrixOf, SHORTCUTS, type ShortcutKind } from './features.ts';
import { type Even, evenPrefixes, halves, type Match, type Pair, pairsOf, shuffled } from './pairs.ts';

export interface ShortcutOptions extends Draws {
  /** Judges with labels at random, for the band. */
  readonly shuffles: number;
  /** Halvings of the real sessions, for the other band. */
  readonly halvings: number;
  readonly fit: CrossfitOptions;
}

export const SHORTCUT_DEFAULTS: Omit<ShortcutOptions, 'draws' | 'seed'> = {
  shuffles: 20,
  halvings: 10,
  fit: { folds: 5, c: 10, seed: 17, mostRows: 4000 },
};

const MATCHES: readonly { readonly match: Match; readonly title: string }[] = [
  { match: 'turns', title: 'equal turns' },
  { match: 'words', title: 'equal words' },
];

/**
 * What simple judges find, trained afresh on these very sessions: from lengths, punctuation, a bag of words, and the chatbot's
 * turns alone, at the places of Table 2, with both sides of a pair cut to equal turns and to equal words. Beside them the
 * discriminators at equal turns, the band of shuffled labels, and that of real against real.
 * @returns yields before each fit, so that a screen stays alive; then the exhibits.
 */
export function* shortcutExhibits(
  scorers: readonly Scorer[],
  real: Source,
  simulated: readonly Source[],
  options: ShortcutOptions,
): Generator<{ readonly text: string }, Exhibit[]> {
  const rows: TableRow[] = [];
  for (const source of simulated) {
    const pairs = pairsOf(real, source, options.seed);
    if (pairs.length === 0) continue;
    const behind = [...behindAll(real), ...behindAll(source)];
    for (const { match, title } of MATCHES) {
      const group = `${source.name}, at ${title}`;
      const row = (name: string, cells: Record<string, Cell>): void => {
        rows.push({
          key: `${source.name}, ${title}, ${name}`,
          group,
          cells: { judge: name, ...cells },
          reported: null,
          behind,
        });
      };
      for (const kind of SHORTCUTS) {
        yield { text: `${kind.title} of ${source.name}, ${title}` };
        row(kind.title, accuracies(pairs, match, kind, options));
      }
      yield { text: `shuffled labels of ${source.name}, ${title}` };
      row('bag of words, labels shuffled', shuffleBand(pairs, match, options));
      if (match === 'turns') for (const scorer of scorers) row(scorer.name, scorerAccuracies(pairs, scorer, options));
    }
  }
  for (const { match, title } of MATCHES) {
    yield { text: `real against real, ${title}` };
    const cells = halvesBand(real, match, options);
    if (cells === null) continue;
    const name = 'bag of words';
    const group = 'real against real';
    rows.push({
      key: `real, ${title}`,
      group,
      cells: { judge: `${name}, ${title}`, ...cells },
      reported: null,
      behind: behindAll(real),
    });
  }
  return [{ type: 'table', ...about(options), columns: COLUMNS, rows }];
}

const COLUMNS: Column[] = [
  { key: 'judge', title: 'judge', format: 'text' },
  ...PLACES.map(({ key, title }): Column => ({ key, title, format: 'rate' })),
];

function about({ shuffles, halvings, fit, ...draws }: ShortcutOptions) {
  return {
    id: 'shortcuts',
    title: 'Accuracy of shortcuts, beside the discriminators',
    paper: null,
    notes: [
      'A discriminator that does not beat the shortcuts sees no more than they do, and its rewards teach no more than that.',
      `Logistic regression with an L2 penalty (C = ${fit.c}; the bag: TF-IDF of 1- and 2-grams), ${fit.folds}-fold by context, trained at each place afresh: more help than a causal discriminator gets, which is one for all turns. A discriminator that was trained on some of these contexts is flattered.`,
      'Equal turns: both sides of a pair as far as the shorter goes. Equal words: the first words of both, the same number. n: verdicts.',
      `Labels shuffled: mean and 95% of ${shuffles} shuffles, whole contexts at a time. Real against real: of ${halvings} halvings of the real sessions, whose contexts differ. A judge inside these bands found nothing.`,
      intervalNote(draws),
    ],
  };
}

interface Documents {
  readonly groups: readonly string[];
  readonly labels: readonly boolean[];
  readonly texts: readonly (readonly string[])[];
}

function documentsAt(pairs: readonly Pair[], place: PlaceKey, match: Match, kind: ShortcutKind): Documents {
  const even: Even[] = pairs.flatMap((pair) => evenPrefixes(pair, place, match, kind.role));
  return {
    groups: even.flatMap(({ context }) => [context, context]),
    labels: even.flatMap(() => [true, false]),
    texts: even.flatMap(({ real, simulated }) => [real, simulated]),
  };
}

function accuracies(
  pairs: readonly Pair[],
  match: Match,
  kind: ShortcutKind,
  options: ShortcutOptions,
): Record<string, Cell> {
  const grams = new Grams();
  return Object.fromEntries(
    PLACES.map(({ key }) => {
      const { groups, labels, texts } = documentsAt(pairs, key, match, kind);
      const [z = []] = crossfit(matrixOf(kind.key, texts, grams), groups, [labels], options.fit);
      return [key, accuracyOf(z, labels, groups, options)];
    }),
  );
}

/** Share of verdicts that are right, with an interval over contexts; null where there is no judge. */
function accuracyOf(
  z: readonly (number | null)[],
  labels: readonly boolean[],
  groups: readonly string[],
  draws: Draws,
): Estimate | null {
  const judged = z.flatMap((value, at) =>
    value === null ? [] : [{ right: value > 0 === labels[at], group: groups[at] as string }],
  );
  if (judged.length === 0) return null;
  const contexts = placesBy(judged, ({ group }) => group);
  const right = contexts.map((places) => places.filter((at) => judged[at]?.right).length);
  const [figure] = bootstrapCounts(
    contexts.length,
    (counts) => {
      let [k, n] = [0, 0];
      for (const [at, places] of contexts.entries()) {
        k += (counts[at] as number) * (right[at] as number);
        n += (counts[at] as number) * places.length;
      }
      return [k / n];
    },
    draws,
  );
  return estimateOf(figure ?? null, judged.length);
}

const BAG = SHORTCUTS.find(({ key }) => key === 'words') as ShortcutKind;

/** Places of the bands: at all turns pooled, thousands of rows would be fitted again and again for no other answer. */
const BAND_PLACES = PLACES.filter(({ key }) => key !== 'all');

/** Rows that a fit of a band takes at most: there is nothing to find, however many there are. */
const BAND_ROWS = 800;

/** What the bag of words finds where there is nothing: the sides of each context swapped, or not, at random. */
function shuffleBand(pairs: readonly Pair[], match: Match, options: ShortcutOptions): Record<string, Cell> {
  const grams = new Grams();
  return Object.fromEntries(
    BAND_PLACES.map(({ key }) => {
      const { groups, labels, texts } = documentsAt(pairs, key, match, BAG);
      const contexts = [...new Set(groups)];
      const labellings = Array.from({ length: options.shuffles }, (_, at) => {
        const swapped = new Set(shuffled(contexts, options.seed + at).slice(0, Math.floor(contexts.length / 2)));
        return labels.map((label, row) => label !== swapped.has(groups[row] as string));
      });
      const found = crossfit(matrixOf('words', texts, grams), groups, labellings, bandFit(options));
      return [
        key,
        band(
          found.map((z, at) => share(z, labellings[at] ?? [])),
          groups.length,
        ),
      ];
    }),
  );
}

/** What the bag of words finds between two halves of real users; null for too few of them. */
function halvesBand(real: Source, match: Match, options: ShortcutOptions): Record<string, Cell> | null {
  const grams = new Grams();
  const halvings = Array.from({ length: options.halvings }, (_, at) => halves(real.sessions, options.seed + at));
  if ((halvings[0]?.length ?? 0) < options.fit.folds) return null;
  return Object.fromEntries(
    BAND_PLACES.map(({ key }) => {
      const found = halvings.map((pairs) => {
        const { groups, labels, texts } = documentsAt(pairs, key, match, BAG);
        const [z = []] = crossfit(matrixOf('words', texts, grams), groups, [labels], bandFit(options));
        return { share: share(z, labels), n: groups.length };
      });
      return [
        key,
        band(
          found.map((one) => one.share),
          found[0]?.n ?? 0,
        ),
      ];
    }),
  );
}

function bandFit({ fit }: ShortcutOptions): CrossfitOptions {
  return { ...fit, mostRows: Math.min(fit.mostRows, BAND_ROWS) };
}

function share(z: readonly (number | null)[], labels: readonly boolean[]): number {
  const judged = z.flatMap((value, at) => (value === null ? [] : [value > 0 === labels[at]]));
  return judged.filter(Boolean).length / judged.length;
}

function band(shares: readonly number[], n: number): Estimate | null {
  const finite = shares.filter(Number.isFinite);
  if (finite.length === 0) return null;
  return estimateOf(percentiles(finite.reduce((sum, one) => sum + one, 0) / finite.length, finite), n);
}

/** A discriminator on the same pairs at equal turns: a causal one reads a prefix as if nothing followed. */
function scorerAccuracies(pairs: readonly Pair[], { name }: Scorer, options: ShortcutOptions): Record<string, Cell> {
  const scored = pairs.flatMap(({ context, real, simulated }) => {
    const [a, b] = [real, simulated].map((session) => {
      const z = session.scores?.[name]?.z;
      return z?.length === countUserTurns(session.turns) ? z : null;
    });
    return a && b ? [{ context, real: a, simulated: b }] : [];
  });
  return Object.fromEntries(
    PLACES.map(({ key, t }) => {
      const read = scored.flatMap(({ context, real, simulated }) => {
        const shared = Math.min(real.length, simulated.length);
        const ends = t !== null ? [t] : key === 'all' ? Array.from({ length: shared }, (_, at) => at + 1) : [shared];
        return ends
          .filter((end) => end >= 1 && end <= shared)
          .flatMap((end) => [
            { context, real: true, z: real[end - 1] as number },
            { context, real: false, z: simulated[end - 1] as number },
          ]);
      });
      return [
        key,
        accuracyOf(
          read.map(({ z }) => z),
          read.map((one) => one.real),
          read.map(({ context }) => context),
          options,
        ),
      ];
    }),
  );
}
