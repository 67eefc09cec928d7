import { bootstrapSums, type Draws } from '../../metrics/bootstrap.ts';
import { type Correlation, kendall, pearson, spearman } from '../../metrics/correlation.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { placesBy } from '../source.ts';
import type { Behind, Column, Estimate, Exhibit, TableRow } from '../table.ts';

/** A session of a real user with a chatbot: what an annotator marked, and what the user said of it afterwards. */
export interface RatedSession {
  readonly id: string;
  readonly corpus: string;
  readonly chatbot: string;
  /** Who rated: sessions of one person are drawn together. */
  readonly person: string;
  /** Chatbot messages, and those with an issue. */
  readonly messages: number;
  readonly marked: number;
  /** By name of the outcome; without an entry where the person gave none. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Up to so many chatbots the p of a correlation is counted over all orders of them. */
const MOST_ORDERED = 7;

const COEFFICIENTS = [
  { key: 'spearman', title: 'Spearman', of: spearman },
  { key: 'kendall', title: 'Kendall', of: kendall },
  { key: 'r', title: 'r', of: pearson },
] as const;

interface Chatbot {
  readonly name: string;
  readonly sessions: readonly RatedSession[];
  readonly rate: Estimate;
  /** By outcome, in their order. */
  readonly means: readonly Estimate[];
}

/**
 * Does an issue rate order chatbots as people do? The chatbots with their issue rate beside the mean of each outcome, and
 * the correlations of the one with the other over chatbots.
 * @param outcomes names, each of which some session has. @param notes who annotated, with what agreement.
 * Intervals resample people: they say what other raters of these very chatbots would have given, not what other chatbots would.
 */
export function ratingExhibits(
  sessions: readonly RatedSession[],
  outcomes: readonly string[],
  notes: readonly string[],
  draws: Draws,
): Exhibit[] {
  const names = [...new Set(sessions.map(({ chatbot }) => chatbot))].sort();
  const people = placesBy(sessions, ({ person }) => person);
  if (people.length === 0) return [];
  const place = new Map(names.map((name, at) => [name, at]));
  // of each chatbot: messages, marked, and for each outcome its sum and how many gave it
  const [own, columns] = [2 + 2 * outcomes.length, (2 + 2 * outcomes.length) * names.length];
  const table = new Float64Array(columns * people.length);
  for (const [row, places] of people.entries()) {
    for (const at of places) {
      const { chatbot, messages, marked, outcomes: given } = sessions[at] as RatedSession;
      const from = row * columns + own * (place.get(chatbot) as number);
      const more = [messages, marked, ...outcomes.flatMap((name) => [given[name] ?? 0, name in given ? 1 : 0])];
      for (const [offset, value] of more.entries()) table[from + offset] = (table[from + offset] as number) + value;
    }
  }
  const ratio = (sums: Float64Array, chatbot: number, offset: number) =>
    (sums[own * chatbot + offset] as number) / (sums[own * chatbot + offset + 1] as number);
  const found = bootstrapSums(
    table,
    columns,
    (sums) => {
      const rates = names.map((_, at) => 1 / ratio(sums, at, 0));
      const means = outcomes.map((_, outcome) => names.map((_name, at) => ratio(sums, at, 2 + 2 * outcome)));
      const values = means.flatMap((mean) => COEFFICIENTS.map(({ of }) => of(rates, mean).value ?? Number.NaN));
      return [...rates, ...means.flat(), ...values];
    },
    draws,
  );
  const estimate = (at: number, n: number) => estimateOf(found[at] ?? null, n);
  const chatbots = names.map((name, at): Chatbot => {
    const of = sessions.filter(({ chatbot }) => chatbot === name);
    const rated = (outcome: string) => of.filter(({ outcomes: given }) => outcome in given).length;
    return {
      ...{ name, sessions: of },
      rate: estimate(
        at,
        of.reduce((sum, { messages }) => sum + messages, 0),
      ),
      means: outcomes.map((outcome, place) => estimate((1 + place) * names.length + at, rated(outcome))),
    };
  });
  const from = (1 + outcomes.length) * names.length;
  const drawn = outcomes.map((_, outcome) =>
    COEFFICIENTS.map((_of, at) => estimate(from + COEFFICIENTS.length * outcome + at, names.length)),
  );
  const about = [...notes, `${people.length} people. ${intervalNote(draws, 'people')}`];
  return [
    ordered(chatbots, outcomes, about),
    correlations(chatbots, outcomes, drawn, [...sizeNotes(names.length), ...about]),
  ];
}

function ordered(chatbots: readonly Chatbot[], outcomes: readonly string[], notes: readonly string[]): Exhibit {
  const places = (of: (chatbot: Chatbot) => Estimate | undefined) =>
    chatbots.map((one) => 1 + chatbots.filter((other) => (of(other)?.value ?? 0) > (of(one)?.value ?? 0)).length);
  const ranks = [places(({ rate }) => rate), ...outcomes.map((_, at) => places(({ means }) => means[at]))];
  const columns: Column[] = [
    { key: 'sessions', title: 'sessions', format: 'count' },
    { key: 'rate', title: 'issue rate', format: 'rate' },
    { key: 'rate_rank', title: 'rank', format: 'count' },
    ...outcomes.flatMap((name): Column[] => [
      { key: name, title: name, format: 'decimal2' },
      { key: `${name}_rank`, title: 'rank', format: 'count' },
    ]),
  ];
  const rows = chatbots.map(({ name, sessions, rate, means }, at): TableRow => {
    const cells: TableRow['cells'] = { sessions: sessions.length, rate, rate_rank: ranks[0]?.[at] ?? null };
    for (const [place, outcome] of outcomes.entries())
      Object.assign(cells, { [outcome]: means[place] ?? null, [`${outcome}_rank`]: ranks[1 + place]?.[at] ?? null });
    return { key: name, group: null, cells, reported: null, behind: behindOf(sessions) };
  });
  rows.sort((a, b) => Number(a.cells['rate_rank']) - Number(b.cells['rate_rank']));
  return {
    type: 'table',
    id: 'chatbot-ratings',
    title: 'Chatbots by issue rate, beside what their users said of them',
    paper: null,
    notes: [...notes, 'Rank 1 is the highest. An outcome is the mean of what users gave after the session.'],
    columns,
    rows,
  };
}

function correlations(
  chatbots: readonly Chatbot[],
  outcomes: readonly string[],
  drawn: readonly (readonly Estimate[])[],
  notes: readonly string[],
): Exhibit {
  const rates = chatbots.map(({ rate }) => rate.value ?? Number.NaN);
  const columns: Column[] = [
    { key: 'n', title: 'chatbots', format: 'count' },
    ...COEFFICIENTS.flatMap(({ key, title }): Column[] => [
      { key, title, format: 'decimal3' },
      { key: `${key}_p`, title: 'p', format: 'p' },
    ]),
  ];
  const rows = outcomes.map((outcome, at): TableRow => {
    const means = chatbots.map((chatbot) => chatbot.means[at]?.value ?? Number.NaN);
    const cells: TableRow['cells'] = { n: chatbots.length };
    for (const [place, { key, of }] of COEFFICIENTS.entries())
      Object.assign(cells, { [key]: drawn[at]?.[place] ?? null, [`${key}_p`]: pOf(of, rates, means) });
    return {
      ...{ key: outcome, group: null, cells, reported: null },
      behind: behindOf(chatbots.flatMap(({ sessions }) => sessions)),
    };
  });
  return {
    type: 'table',
    id: 'ratings-correlation',
    title: 'Issue rate with what users said, over chatbots',
    paper: null,
    notes: [
      ...notes,
      'An issue rate that is worth something goes down where users are content (below 0), and up with what they complain of (above 0).',
    ],
    columns,
    rows,
  };
}

function sizeNotes(n: number): string[] {
  if (n > MOST_ORDERED) return [`n = ${n} chatbots. p of r and Spearman by the t-test with n - 2 degrees of freedom.`];
  let orders = 1;
  for (let at = 2; at <= n; at += 1) orders *= at;
  const least = Math.min(1, 2 / orders);
  const never = least > 0.05 ? '; it is never below 0.05, and this table decides nothing by itself' : '';
  return [
    `n = ${n} chatbots. p, two-sided, counted over all ${orders} orders of them; the smallest that a rank correlation can have is ${least.toFixed(3)}${never}.`,
  ];
}

/**
 * Two-sided p: of all orders of y, the share with a coefficient at least as far from 0. With more chatbots than can be
 * ordered, the p of the coefficient itself.
 */
export function pOf(
  of: (x: readonly number[], y: readonly number[]) => Correlation,
  x: readonly number[],
  y: readonly number[],
): number | null {
  const { value, p } = of(x, y);
  if (value === null || y.length > MOST_ORDERED) return p;
  let [as, all] = [0, 0];
  for (const order of ordersOf(y)) {
    all += 1;
    // equal but for rounding is as far
    if (Math.abs(of(x, order).value ?? 0) >= Math.abs(value) - 1e-12) as += 1;
  }
  return as / all;
}

function* ordersOf(values: readonly number[]): Generator<number[]> {
  if (values.length < 2) yield [...values];
  for (const [at, first] of values.length < 2 ? [] : values.entries())
    for (const rest of ordersOf(values.filter((_, other) => other !== at))) yield [first, ...rest];
}

function behindOf(sessions: readonly RatedSession[]): Behind[] {
  return [...Map.groupBy(sessions, ({ corpus }) => corpus)].map(([corpus, of]) => ({
    corpus,
    sessions: of.map(({ id }) => id),
  }));
}
