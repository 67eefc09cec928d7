import { type Draws, percentiles, resample } from '../../metrics/bootstrap.ts';
import { type Correlation, kendall, leaveOneOut, pearson, pearsonP, spearman } from '../../metrics/correlation.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE, TABLE_3 } from '../paper.ts';
import type { Behind, Column, Estimate, Exhibit, Figure, TableRow } from '../table.ts';
import { ensembles } from './ensembles.ts';
import { type DrawnRate, drawnRate, type RatedSource } from './rates.ts';

/** What is compared between real and simulated. */
export interface Measured {
  /** In kebab-case, for the ids of the exhibits. */
  readonly id: string;
  /** `issue rate`, say. */
  readonly title: string;
  readonly format: 'rate' | 'decimal2' | 'decimal3';
  /** Further notes: who annotated, with what agreement. */
  readonly notes: readonly string[];
  /** KL divergence of category proportions by source name, to stand beside r (Table 3); null where there is none. */
  readonly kl?: ReadonlyMap<string, Estimate> | null;
}

/** The name of the mean over simulators. */
export const AGGREGATE = 'Aggregate';

/** A side with a rate for each chatbot of a common list. */
export interface Rated {
  readonly name: string;
  readonly paper: string | null;
  readonly rates: readonly DrawnRate[];
}

/**
 * Predictive validity: how the rates of chatbots in simulation go with those among real users (Table 3, Figure 6), for each
 * simulator and the aggregate, which is the mean over simulators; ensembles of simulators; the chatbots ranked; scatters.
 * @param simulators only chatbots that all of them and the real side have a rate for are compared.
 */
export function validityExhibits(
  measured: Measured,
  real: RatedSource,
  simulators: readonly RatedSource[],
  draws: Draws,
): Exhibit[] {
  const sources = [real, ...simulators];
  const chatbots = real.chatbots
    .map(({ chatbot }) => chatbot)
    .filter((name) => sources.every((source) => unitsOf(source, name) > 0));
  const rated = sources.map((source, at) => ratesOf(source, chatbots, { ...draws, seed: draws.seed + 1000 * at }));
  const [people, ...models] = rated as [Rated, ...Rated[]];
  const all = models.length > 1 ? [...models, aggregate(models, draws)] : models;
  const left = new Set(sources.flatMap((source) => source.chatbots.map(({ chatbot }) => chatbot)));
  const notes = [...measured.notes, ...sizeNotes(chatbots.length, left.size - chatbots.length)];
  return [
    correlations(measured, people, all, chatbots, notes, sources, draws),
    ...(models.length > 1 && chatbots.length > 2 ? [ensembles(measured, people, models, notes, draws)] : []),
    ranking(measured, people, all, chatbots, notes, sources, draws),
    scatter(measured, people, all, chatbots, notes, sources, draws),
  ];
}

function unitsOf({ chatbots }: RatedSource, name: string): number {
  const sessions = chatbots.find(({ chatbot }) => chatbot === name)?.sessions ?? [];
  return sessions.reduce((sum, { n }) => sum + n, 0);
}

function ratesOf(source: RatedSource, chatbots: readonly string[], draws: Draws): Rated {
  const rates = chatbots.flatMap((name, at) => {
    const sessions = source.chatbots.find(({ chatbot }) => chatbot === name)?.sessions ?? [];
    return drawnRate(sessions, { ...draws, seed: draws.seed + at }) ?? [];
  });
  return { name: source.name, paper: source.paper ?? null, rates };
}

/** The mean over simulators of each chatbot's rate, in each draw too. */
function aggregate(models: readonly Rated[], { draws }: Draws): Rated {
  const rates = (models[0]?.rates ?? []).map((_, chatbot): DrawnRate => {
    const each = models.map(({ rates: own }) => own[chatbot] as DrawnRate);
    const mean = (of: (rate: DrawnRate) => number) => each.reduce((sum, rate) => sum + of(rate), 0) / each.length;
    const drawn = Float64Array.from({ length: draws }, (_value, draw) => mean((rate) => rate.drawn[draw] as number));
    const n = each.reduce((sum, rate) => sum + rate.n, 0);
    return {
      ...percentiles(
        mean(({ value }) => value),
        [...drawn],
      ),
      drawn,
      n,
    };
  });
  return { name: AGGREGATE, paper: AGGREGATE, rates };
}

/** What so few points can show at all. */
function sizeNotes(n: number, left: number): string[] {
  const few =
    n < 3
      ? `n = ${n} chatbots: no correlation can be tested.`
      : `n = ${n} chatbots: p < 0.05 needs |r| > ${smallestR(n).toFixed(2)}.`;
  return [
    few,
    ...(left > 0 ? [`${left} chatbots that not all sides have met are left out.`] : []),
    'p of r and of Spearman by the t-test with n - 2 degrees of freedom; Kendall tau-b, its p exact without ties.',
  ];
}

/** The smallest r with p < 0.05 at n points. */
function smallestR(n: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if ((pearsonP(middle, n) ?? 1) < 0.05) high = middle;
    else low = middle;
  }
  return high;
}

function correlations(
  measured: Measured,
  people: Rated,
  models: readonly Rated[],
  chatbots: readonly string[],
  notes: readonly string[],
  sources: readonly RatedSource[],
  draws: Draws,
): Exhibit {
  const columns: Column[] = [
    { key: 'n', title: 'chatbots', format: 'count' },
    { key: 'r', title: 'r', format: 'decimal3' },
    { key: 'p', title: 'p', format: 'p' },
    { key: 'r_sessions', title: 'r, these chatbots', format: 'decimal3' },
    { key: 'r_without', title: 'r without one', format: 'decimal3' },
    { key: 'spearman', title: 'Spearman', format: 'decimal3' },
    { key: 'spearman_p', title: 'p', format: 'p' },
    { key: 'kendall', title: 'Kendall', format: 'decimal3' },
    { key: 'kendall_p', title: 'p', format: 'p' },
    { key: 'error', title: 'mean error', format: measured.format },
    ...(measured.kl ? [{ key: 'kl', title: 'KL', format: 'decimal3' } as const] : []),
  ];
  const x = people.rates.map(({ value }) => value);
  const rows = models.map(({ name, paper, rates }): TableRow => {
    const y = rates.map(({ value }) => value);
    const [r, rho, tau] = [pearson, spearman, kendall].map((of) => correlationOf(of, x, y, draws));
    const without = leaveOneOut(x, y);
    const reported = TABLE_3[paper ?? ''];
    const kl = measured.kl?.get(name) ?? null;
    return {
      key: name,
      group: null,
      cells: {
        n: chatbots.length,
        ...{ r: r?.estimate ?? null, p: r?.p ?? null, r_sessions: acrossSessions(people, rates) },
        r_without: without && { value: r?.estimate.value ?? null, ...without, n: chatbots.length },
        ...{ spearman: rho?.estimate ?? null, spearman_p: rho?.p ?? null },
        ...{ kendall: tau?.estimate ?? null, kendall_p: tau?.p ?? null },
        error: errorOf(x, y, draws),
        ...(measured.kl ? { kl } : {}),
      },
      reported: reported ? { r: reported.r, p: reported.p, ...(measured.kl ? { kl: reported.kl } : {}) } : null,
      behind: behindOf(sources, name === AGGREGATE ? null : name),
    };
  });
  return {
    type: 'table',
    id: `validity-${measured.id}`,
    title: `Correlation of simulated with real ${measured.title} over chatbots`,
    paper: 'Table 3',
    notes: [
      ...notes,
      'r: interval over chatbots, which says what other chatbots would have given. "These chatbots": interval over the contexts of each, which says how much is noise of the sessions. "Without one": lowest and highest r when a chatbot is left out.',
      `Aggregate: mean over simulators. Mean error: mean of |simulated - real|. ${intervalNote(draws, 'chatbots, and of contexts within each')}`,
      PAPER_NOTE,
    ],
    columns,
    rows,
  };
}

function correlationOf(
  of: (x: readonly number[], y: readonly number[]) => Correlation,
  x: readonly number[],
  y: readonly number[],
  draws: Draws,
): { estimate: Estimate; p: number | null } {
  const { value, p, n } = of(x, y);
  if (value === null) return { estimate: { value, low: null, high: null, n }, p };
  const values: number[] = [];
  resample(n, draws, (indices) => {
    const drawn = Array.from(indices);
    values.push(
      of(
        drawn.map((at) => x[at] as number),
        drawn.map((at) => y[at] as number),
      ).value ?? Number.NaN,
    );
  });
  return { estimate: estimateOf(percentiles(value, values), n), p };
}

/** r with the interval that the sessions of these very chatbots give. */
function acrossSessions({ rates: people }: Rated, rates: readonly DrawnRate[]): Estimate {
  const at = (side: readonly DrawnRate[], draw: number) => side.map(({ drawn }) => drawn[draw] as number);
  const value = pearson(
    people.map((rate) => rate.value),
    rates.map((rate) => rate.value),
  ).value;
  const count = people[0]?.drawn.length ?? 0;
  const drawn = Array.from(
    { length: count },
    (_, draw) => pearson(at(people, draw), at(rates, draw)).value ?? Number.NaN,
  );
  return estimateOf(value === null ? null : percentiles(value, drawn), people.length);
}

function errorOf(x: readonly number[], y: readonly number[], draws: Draws): Estimate {
  const errors = x.map((value, at) => Math.abs(value - (y[at] as number)));
  if (errors.length === 0) return { value: null, low: null, high: null, n: 0 };
  const values: number[] = [];
  resample(errors.length, draws, (indices) => {
    let sum = 0;
    for (const at of indices) sum += errors[at] as number;
    values.push(sum / errors.length);
  });
  return estimateOf(percentiles(errors.reduce((sum, error) => sum + error, 0) / errors.length, values), errors.length);
}

/** The chatbots by their real rate, with the places that each simulator gives them. */
function ranking(
  measured: Measured,
  people: Rated,
  models: readonly Rated[],
  chatbots: readonly string[],
  notes: readonly string[],
  sources: readonly RatedSource[],
  draws: Draws,
): Exhibit {
  const sides = [people, ...models];
  const places = sides.map(({ rates }) =>
    rates.map(({ value }) => 1 + rates.filter((other) => other.value > value).length),
  );
  const order = chatbots.map((_, at) => at).sort((a, b) => (places[0]?.[a] ?? 0) - (places[0]?.[b] ?? 0));
  return {
    type: 'table',
    id: `ranking-${measured.id}`,
    title: `Chatbots by ${measured.title}: real, and as simulators rank them`,
    paper: null,
    notes: [...notes, `Rank 1 is the highest; n: sessions. ${intervalNote(draws)}`],
    columns: sides.flatMap(({ name }): Column[] => [
      { key: name, title: name, format: measured.format },
      { key: `${name} rank`, title: 'rank', format: 'count' },
    ]),
    rows: order.map((at) => ({
      key: chatbots[at] as string,
      group: null,
      cells: Object.fromEntries(
        sides.flatMap(({ name, rates }, side) => {
          const rate = rates[at] as DrawnRate;
          return [
            [name, estimateOf(rate, rate.n)],
            [`${name} rank`, places[side]?.[at] ?? null],
          ];
        }),
      ),
      reported: null,
      behind: behindOf(sources, null, chatbots[at]),
    })),
  };
}

function scatter(
  measured: Measured,
  people: Rated,
  models: readonly Rated[],
  chatbots: readonly string[],
  notes: readonly string[],
  sources: readonly RatedSource[],
  draws: Draws,
): Exhibit {
  const series: Figure['series'] = models.map(({ name, rates }) => ({
    name,
    points: rates.map(({ value, low, high }, at) => {
      const real = people.rates[at] as DrawnRate;
      const behind = behindOf(sources, name === AGGREGATE ? null : name, chatbots[at]);
      const label = chatbots[at] as string;
      return { x: real.value, y: value, low, high, x_low: real.low, x_high: real.high, label, behind };
    }),
  }));
  return {
    type: 'figure',
    id: `validity-scatter-${measured.id}`,
    title: `Simulated against real ${measured.title} of ${chatbots.length} chatbots`,
    paper: 'Figure 6',
    notes: [...notes, `A point is a chatbot; on the diagonal both agree. ${intervalNote(draws)}`],
    kind: 'scatter',
    x: `real ${measured.title}`,
    y: `simulated ${measured.title}`,
    series,
    reference: 'diagonal',
  };
}

/** Sessions of the real side and of one simulator (all of them for null), of one chatbot or all. */
function behindOf([real, ...models]: readonly RatedSource[], name: string | null, chatbot?: string): Behind[] {
  const sides = [...(real ? [real] : []), ...models.filter((model) => name === null || model.name === name)];
  return sides.flatMap(({ chatbots }) =>
    chatbots.filter((one) => chatbot === undefined || one.chatbot === chatbot).flatMap(({ behind }) => behind),
  );
}
