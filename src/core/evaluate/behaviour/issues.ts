import type { Draws } from '../../metrics/bootstrap.ts';
import { klDivergence, proportions } from '../../metrics/divergence.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE, TABLE_3 } from '../paper.ts';
import type { Column, Exhibit, Figure, TableRow } from '../table.ts';
import { kappaCell } from './agreement.ts';
import { ANY, type AnnotatedSource, type AnnotatorAbout } from './annotations.ts';
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
import { ISSUE_RATES } from './paper.ts';

/** Added to the count of every category on both sides before proportions are taken (Jeffreys). The paper states none. */
export const KL_SMOOTHING = 0.5;

/**
 * Figures 2 and 4 and the KL column of Table 3: issue rates, proportions of categories among issues, their divergence
 * (Eq. 6) and their deltas. @param sources the real one first. Intervals resample contexts.
 */
export function issueExhibits(sources: readonly AnnotatedSource[], about: AnnotatorAbout, draws: Draws): Exhibit[] {
  const counted = countAnnotations(sources, about);
  if (counted.contexts.length === 0) return [];
  const [first, ...others] = sources;
  const compared = first?.kind === 'real' && others.length > 0;
  return [
    ...rates(counted, about, compared, draws),
    shares(counted, about, draws),
    ...(compared ? others.map((_, at) => deltas(counted, about, at + 1, draws)) : []),
  ];
}

/** How far the annotator agrees with labels on whether a message has any issue: what a rate of issues rests on. */
export function anyNote({ name, agreement }: AnnotatorAbout): string[] {
  const any = agreement.get(ANY);
  if (!any || any.kappa === null) return [];
  const interval = any.low === null || any.high === null ? '' : ` [${any.low.toFixed(2)}, ${any.high.toFixed(2)}]`;
  return [
    `Whether a message has any issue: kappa ${any.kappa.toFixed(2)}${interval} of ${name} with labels, n = ${any.n} (${any.against}).`,
  ];
}

const rateOf = ({ messages, marked }: Sums) => (messages === 0 ? Number.NaN : marked / messages);

/** Issue rate with KL beside it, as a table and as the bars of Figure 2. */
function rates(counted: Counted, about: AnnotatorAbout, compared: boolean, draws: Draws): Exhibit[] {
  const { sources } = counted;
  const figures = bootstrapSums(
    counted,
    (sums) => [
      ...sums.map(rateOf),
      ...sums.map(({ by }) => klDivergence((sums[0] as Sums).by, by, KL_SMOOTHING) ?? Number.NaN),
    ],
    draws,
  );
  const notes = [
    ...annotatorNotes(about, counted),
    ...anyNote(about),
    `Issue rate: chatbot messages with at least one issue / chatbot messages. ${intervalNote(draws)}`,
  ];
  const columns: Column[] = [
    { key: 'source', title: 'source', format: 'text' },
    { key: 'sessions', title: 'sessions', format: 'count' },
    { key: 'messages', title: 'messages', format: 'count' },
    { key: 'issues', title: 'issues', format: 'count' },
    { key: 'rate', title: 'issue rate', format: 'rate' },
    ...(compared ? [{ key: 'kl', title: 'KL from real', format: 'decimal3' } as const] : []),
  ];
  const estimates = sources.map(({ n }, at) => shareOf(figures[at] ?? null, n));
  const rows = sources.map(({ source, n, by }, at): TableRow => {
    const issues = by.reduce((sum, category) => sum + total(category), 0);
    const kl = compared && at > 0 ? estimateOf(figures[sources.length + at] ?? null, issues) : null;
    const rate = ISSUE_RATES[source.paper ?? ''];
    const reportedKl = TABLE_3[source.paper ?? '']?.kl;
    const reported = {
      ...(rate === undefined ? {} : { rate }),
      ...(reportedKl === undefined ? {} : { kl: reportedKl }),
    };
    return {
      key: source.name,
      group: null,
      cells: {
        ...{ source: source.name, sessions: source.sessions.length, messages: n, issues },
        ...{ rate: estimates[at] ?? null, ...(compared ? { kl } : {}) },
      },
      reported: Object.keys(reported).length === 0 ? null : reported,
      behind: [behindCategory(source, null)],
    };
  });
  return [
    {
      type: 'table',
      id: 'issue-rates',
      title: 'Issues of the chatbot: rate, and distance of their categories from the real ones',
      paper: 'Figure 2, Table 3',
      notes: [
        ...notes,
        `KL(real || simulated), Eq. 6, in nats, over shares of categories among all issues; ${KL_SMOOTHING} is added to every count of both sides. With few issues KL and its interval are too large: the draws have fewer categories than there are.`,
        PAPER_NOTE,
      ],
      columns,
      rows,
    },
    {
      type: 'figure',
      id: 'issue-rates-figure',
      title: 'Issue rate',
      paper: 'Figure 2',
      notes,
      kind: 'bar',
      x: 'source',
      y: 'share of chatbot messages with an issue',
      series: sources.map(({ source }, at) => ({
        name: source.name,
        points: pointsOf(source.name, estimates[at], [behindCategory(source, null)]),
      })),
      reference: null,
    },
  ];
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

type Points = Figure['series'][number]['points'];

function pointsOf(
  x: string,
  estimate: ReturnType<typeof estimateOf> | undefined,
  behind: Points[number]['behind'],
): Points {
  if (!estimate || estimate.value === null) return [];
  const { value: y, low, high } = estimate;
  return [{ x, y, low, high, x_low: null, x_high: null, label: null, behind }];
}

/** Share of each category among the issues of a source, and the rate of messages that have it. */
function shares(counted: Counted, about: AnnotatorAbout, draws: Draws): Exhibit {
  const { categories, sources } = counted;
  const figures = bootstrapSums(
    counted,
    (sums) =>
      sums.flatMap(({ by, messages }) => [
        ...(proportions(by, 0) ?? by.map(() => Number.NaN)),
        ...by.map((count) => (messages === 0 ? Number.NaN : count / messages)),
      ]),
    draws,
  );
  const columns: Column[] = [
    { key: 'issue', title: 'issue', format: 'text' },
    ...sources.flatMap(({ source }): Column[] => [
      { key: source.name, title: `${source.name}, of issues`, format: 'rate' },
      { key: `${source.name}_rate`, title: `${source.name}, of messages`, format: 'rate' },
    ]),
    { key: 'kappa', title: 'kappa', format: 'decimal2' },
  ];
  const rows = categories.map((id, at): TableRow => {
    const category = about.taxonomy.categories.find((entry) => entry.id === id);
    const cells: TableRow['cells'] = { issue: category?.name ?? id, kappa: kappaCell(about.agreement.get(id)) };
    sources.forEach(({ source, n, by }, place) => {
      const from = place * 2 * categories.length + at;
      const issues = by.reduce((sum, values) => sum + total(values), 0);
      cells[source.name] = shareOf(figures[from] ?? null, issues);
      cells[`${source.name}_rate`] = shareOf(figures[from + categories.length] ?? null, n);
    });
    return {
      ...{ key: id, cells, reported: null },
      group: about.taxonomy.groups.find((group) => group.id === category?.group)?.name ?? null,
      behind: sources.map(({ source }) => behindCategory(source, id)),
    };
  });
  return {
    type: 'table',
    id: 'issue-categories',
    title: 'Issues by category',
    paper: null,
    notes: [...annotatorNotes(about, counted), `Shares of issues sum to 1. ${intervalNote(draws)} ${ZERO_NOTE}`],
    columns,
    rows,
  };
}

/** Figure 4: in percentage points, what a simulator shows more (above 0) or less of than the real sessions. */
function deltas(counted: Counted, about: AnnotatorAbout, of: number, draws: Draws): Exhibit {
  const { categories, sources } = counted;
  const figures = bootstrapSums(
    counted,
    (sums) => {
      const [real, simulated] = [proportions((sums[0] as Sums).by, 0), proportions((sums[of] as Sums).by, 0)];
      return categories.map((_, at) =>
        real && simulated ? 100 * ((simulated[at] as number) - (real[at] as number)) : Number.NaN,
      );
    },
    draws,
  );
  const { source } = sources[of] as Counted['sources'][number];
  const points = categories
    .flatMap((id, at) => {
      const name = about.taxonomy.categories.find((category) => category.id === id)?.name ?? id;
      const behind = [sources[0]?.source, source].flatMap((side) => (side ? [behindCategory(side, id)] : []));
      return pointsOf(name, estimateOf(figures[at] ?? null, categories.length), behind);
    })
    // a category that neither side has says nothing
    .filter(({ y, behind }) => y !== 0 || behind.some(({ sessions }) => (sessions?.length ?? 0) > 0))
    .sort((a, b) => b.y - a.y);
  return {
    type: 'figure',
    id: `issue-deltas-${source.name}`,
    title: `Issues: ${source.name} less real, by category`,
    paper: 'Figure 4',
    notes: [
      ...annotatorNotes(about, counted),
      `Percentage points of the share of issues; above 0 the simulator shows more. ${intervalNote(draws)}`,
    ],
    kind: 'bar',
    x: 'issue',
    y: 'percentage points',
    series: [{ name: source.name, points }],
    reference: 0,
  };
}
