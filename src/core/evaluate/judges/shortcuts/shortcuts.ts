import { Grams } from '../../../metrics/bag.ts';
import { type Draws, percentiles } from '../../../metrics/bootstrap.ts';
import { countUserTurns } from '../../../session/tree.ts';
import { estimateOf, intervalNote } from '../../estimate.ts';
import { behindAll, type Source } from '../../source.ts';
import type { Cell, Column, Estimate, Exhibit, TableRow } from '../../table.ts';
import { PLACES, type PlaceKey, type Scorer } from '../verdicts.ts';
import { accuracyOf, differenceOf, type Verdict, verdictsOf } from './accuracy.ts';
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
 * Of several simulators, a second table says how much less they find in each later one than in the first: whether it is harder.
 * @returns yields before each fit, so that a screen stays alive; then the exhibits.
 */
export function* shortcutExhibits(
  scorers: readonly Scorer[],
  real: Source,
  simulated: readonly Source[],
  options: ShortcutOptions,
): Generator<{ readonly text: string }, Exhibit[]> {
  const rows: TableRow[] = [];
  const judged: Judged[] = [];
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
      const judge = (name: string, verdicts: Places): void => {
        judged.push({ source, name, title, verdicts });
        row(
          name,
          eachPlace(verdicts, (given) => accuracyOf(given, options)),
        );
      };
      for (const kind of SHORTCUTS) {
        yield { text: `${kind.title} of ${source.name}, ${title}` };
        judge(kind.title, verdictsAt(pairs, match, kind, options));
      }
      yield { text: `shuffled labels of ${source.name}, ${title}` };
      row('bag of words, labels shuffled', shuffleBand(pairs, match, options));
      if (match === 'turns') for (const scorer of scorers) judge(scorer.name, scorerVerdicts(pairs, scorer));
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
  const table: Exhibit = { type: 'table', ...about(options), columns: COLUMNS, rows };
  return simulated.length > 1 ? [table, harder(judged, real, options)] : [table];
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

/** Verdicts at each place of Table 2. */
type Places = Readonly<Record<string, readonly Verdict[]>>;

/** What one judge said of one simulator. */
interface Judged {
  readonly source: Source;
  readonly name: string;
  readonly title: string;
  readonly verdicts: Places;
}

function eachPlace<T>(places: Places, of: (verdicts: readonly Verdict[], key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(places).map(([key, verdicts]) => [key, of(verdicts, key)]));
}

/** Each judge's accuracy on each later simulator less its accuracy on the first, on the contexts of both. */
function harder(judged: readonly Judged[], real: Source, options: Draws): Exhibit {
  const first = judged[0]?.source;
  const rows = judged.flatMap(({ source, name, title, verdicts }): TableRow[] => {
    const before = judged.find((one) => one.source === first && one.name === name && one.title === title);
    if (source === first || !before) return [];
    return [
      {
        key: `${source.name}, ${title}, ${name}`,
        group: `${source.name} less ${before.source.name}, at ${title}`,
        cells: {
          judge: name,
          ...eachPlace(verdicts, (given, key) => differenceOf(given, before.verdicts[key] ?? [], options)),
        },
        reported: null,
        behind: [real, before.source, source].flatMap(behindAll),
      },
    ];
  });
  return {
    type: 'table',
    id: 'harder',
    title: `Is a later simulator harder to tell than ${first?.name ?? 'the first'}?`,
    paper: null,
    notes: [
      'Accuracy of a judge on the later simulator less its accuracy on the first, of the contexts that both have, in points. Below zero: the later one is harder. An interval that holds zero shows no difference.',
      'The judges are those of the table before: shortcuts are trained afresh for each simulator; a discriminator is the same one for both, and one that mined the pairs finds the later one harder even where nobody else does.',
      `${intervalNote(options)} Both simulators are drawn on the same contexts. n: verdicts on the later one.`,
    ],
    columns: COLUMNS,
    rows,
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

function verdictsAt(pairs: readonly Pair[], match: Match, kind: ShortcutKind, { fit }: ShortcutOptions): Places {
  const grams = new Grams();
  return Object.fromEntries(
    PLACES.map(({ key }) => {
      const { groups, labels, texts } = documentsAt(pairs, key, match, kind);
      const [z = []] = crossfit(matrixOf(kind.key, texts, grams), groups, [labels], fit);
      return [key, verdictsOf(z, labels, groups)];
    }),
  );
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
function scorerVerdicts(pairs: readonly Pair[], { name }: Scorer): Places {
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
      const [z, labels, contexts] = [
        read.map((one) => one.z),
        read.map((one) => one.real),
        read.map((one) => one.context),
      ];
      return [key, verdictsOf(z, labels, contexts)];
    }),
  );
}
