import type { Draws } from '../../metrics/bootstrap.ts';
import { binaryCrossEntropy, leastCrossEntropy, RATE_FLOOR } from '../../metrics/divergence.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE } from '../paper.ts';
import type { Column, Estimate, Exhibit, TableRow } from '../table.ts';
import { kappaCell } from './agreement.ts';
import type { AnnotatedSource, AnnotatorAbout } from './annotations.ts';
import {
  annotatorNotes,
  behindCategory,
  bootstrapSums,
  type Counted,
  countAnnotations,
  type Sums,
  shareOf,
  ZERO_NOTE,
} from './counts.ts';
import { TABLE_4 } from './paper.ts';

/**
 * Table 4 and Figure 5: rates of user actions, real beside each simulator, and their binary cross-entropy (Eq. 7).
 * @param sources the real one first. Rates are messages with the action / messages; several actions a message are possible,
 *   so that they do not sum to 1. Intervals resample contexts.
 */
export function actionExhibits(sources: readonly AnnotatedSource[], about: AnnotatorAbout, draws: Draws): Exhibit[] {
  const counted = countAnnotations(sources, about);
  if (counted.contexts.length === 0) return [];
  const found = allRates(counted, draws);
  const [first, ...others] = sources;
  const compared = first?.kind === 'real' && others.length > 0;
  return [
    rates(counted, about, found, draws),
    ...(compared ? [crossEntropy(counted, about, draws)] : []),
    ...about.taxonomy.groups.flatMap(({ id }) => figure(counted, about, id, found, draws)),
  ];
}

function rateOf({ messages, by }: Sums, category: number): number {
  return messages === 0 ? Number.NaN : (by[category] as number) / messages;
}

/** By source, by category. */
function allRates(counted: Counted, draws: Draws): Estimate[][] {
  const { categories, sources } = counted;
  const figures = bootstrapSums(
    counted,
    (sums) => sums.flatMap((of) => categories.map((_, at) => rateOf(of, at))),
    draws,
  );
  return sources.map(({ n }, source) =>
    categories.map((_, at) => shareOf(figures[source * categories.length + at] ?? null, n)),
  );
}

function rates(counted: Counted, about: AnnotatorAbout, found: Estimate[][], draws: Draws): Exhibit {
  const columns: Column[] = [
    { key: 'action', title: 'action', format: 'text' },
    ...counted.sources.map(({ source }): Column => ({ key: source.name, title: source.name, format: 'rate' })),
    { key: 'kappa', title: 'kappa', format: 'decimal2' },
  ];
  const rows = counted.categories.map((id, at): TableRow => {
    const category = about.taxonomy.categories.find((entry) => entry.id === id);
    const cells: TableRow['cells'] = { action: category?.name ?? id, kappa: kappaCell(about.agreement.get(id)) };
    counted.sources.forEach(({ source }, place) => {
      cells[source.name] = found[place]?.[at] ?? null;
    });
    return {
      key: id,
      group: about.taxonomy.groups.find((group) => group.id === category?.group)?.name ?? null,
      cells,
      reported: null,
      behind: counted.sources.map(({ source }) => behindCategory(source, id)),
    };
  });
  return {
    type: 'table',
    id: 'action-rates',
    title: 'User actions: share of user messages with each',
    paper: 'Figure 5',
    notes: [
      ...annotatorNotes(about, counted),
      `A message may have several actions. ${intervalNote(draws)} ${ZERO_NOTE}`,
      ...counted.sources.map(
        ({ source, n }) => `${source.name}: ${source.sessions.length} sessions, ${n} user messages.`,
      ),
    ],
    columns,
    rows,
  };
}

/** Rates of the categories of one group, or of all. */
function picked(sums: Sums, places: readonly number[]): number[] {
  return places.map((at) => rateOf(sums, at));
}

function crossEntropy(counted: Counted, about: AnnotatorAbout, draws: Draws): Exhibit {
  const groups = [
    { id: 'total', name: 'Total', places: counted.categories.map((_, at) => at) },
    ...about.taxonomy.groups.map(({ id, name }) => ({ id, name, places: placesOf(counted, about, id) })),
  ].filter(({ places }) => places.length > 0);
  const figures = bootstrapSums(
    counted,
    ([real, ...simulated]) =>
      simulated.flatMap((sums) =>
        groups.map(
          ({ places }) => binaryCrossEntropy(picked(real as Sums, places), picked(sums, places)) ?? Number.NaN,
        ),
      ),
    draws,
  );
  const least = bootstrapSums(
    counted,
    ([real]) => groups.map(({ places }) => leastCrossEntropy(picked(real as Sums, places)) ?? Number.NaN),
    draws,
  );
  const [first, ...simulated] = counted.sources;
  const row = (
    key: string,
    n: number,
    of: typeof figures,
    from: number,
    reported: TableRow['reported'],
    behind: TableRow['behind'],
  ): TableRow => ({
    ...{ key, group: null, reported, behind },
    cells: {
      simulator: key,
      n,
      ...Object.fromEntries(groups.map(({ id }, at) => [id, estimateOf(of[from + at] ?? null, n)])),
    },
  });
  return {
    type: 'table',
    id: 'action-bce',
    title: 'Distance of user actions from the real ones: binary cross-entropy (lower is nearer)',
    paper: 'Table 4',
    notes: [
      ...annotatorNotes(about, counted),
      `Eq. 7 as a mean over categories, in nats; simulated rates are kept ${RATE_FLOOR} from 0 and 1. ${intervalNote(draws)}`,
      'The first row is what the real rates give against themselves: no simulator can be below it on these messages.',
      `${PAPER_NOTE} Its taxonomy is not ours, and has a fourth group ("Moderators") that it does not describe.`,
    ],
    columns: [
      { key: 'simulator', title: 'simulator', format: 'text' },
      { key: 'n', title: 'messages', format: 'count' },
      ...groups.map(({ id, name }): Column => ({ key: id, title: name, format: 'decimal3' })),
    ],
    rows: [
      row(`${first?.source.name ?? 'real'} (least)`, first?.n ?? 0, least, 0, null, []),
      ...simulated.map(({ source, n }, at) =>
        row(source.name, n, figures, at * groups.length, TABLE_4[source.paper ?? ''] ?? null, [
          { corpus: source.corpus, sessions: source.sessions.map(({ id }) => id) },
        ]),
      ),
    ],
  };
}

function placesOf({ categories }: Counted, { taxonomy }: AnnotatorAbout, group: string): number[] {
  const of = new Set(taxonomy.categories.filter((category) => category.group === group).map(({ id }) => id));
  return categories.flatMap((id, at) => (of.has(id) ? [at] : []));
}

function figure(counted: Counted, about: AnnotatorAbout, group: string, found: Estimate[][], draws: Draws): Exhibit[] {
  const places = placesOf(counted, about, group);
  if (places.length === 0) return [];
  const name = about.taxonomy.groups.find(({ id }) => id === group)?.name ?? group;
  const nameOf = (id: string) => about.taxonomy.categories.find((category) => category.id === id)?.name ?? id;
  return [
    {
      type: 'figure',
      id: `actions-${group}`,
      title: `User actions: ${name}`,
      paper: group === 'good' || group === 'bad' ? 'Figure 5' : null,
      notes: [...annotatorNotes(about, counted), intervalNote(draws)],
      kind: 'bar',
      x: 'action',
      y: 'share of user messages',
      series: counted.sources.map(({ source }, place) => ({
        name: source.name,
        points: places.flatMap((at) => {
          const estimate = found[place]?.[at];
          if (!estimate || estimate.value === null) return [];
          const id = counted.categories[at] as string;
          return [
            {
              ...{ x: nameOf(id), y: estimate.value, low: estimate.low, high: estimate.high },
              ...{ x_low: null, x_high: null, label: null, behind: [behindCategory(source, id)] },
            },
          ];
        }),
      })),
      reference: null,
    },
  ];
}
