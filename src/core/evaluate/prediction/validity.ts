import { type Draws, percentiles } from '../../metrics/bootstrap.ts';
import { pearsonP } from '../../metrics/correlation.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import type { Column, Exhibit, Figure } from '../table.ts';
import { AGGREGATE, behindOf, type Compared, type Measured, type Rated } from './compared.ts';
import { correlations } from './correlations.ts';
import { ensembles } from './ensembles.ts';
import { type DrawnRate, drawnRate, type RatedSource } from './rates.ts';

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
  const compared: Compared = { measured, people, models: all, chatbots, notes, sources, draws };
  return [
    correlations(compared),
    ...(models.length > 1 && chatbots.length > 2 ? [ensembles({ ...compared, models })] : []),
    ranking(compared),
    scatter(compared),
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

/** The chatbots by their real rate, with the places that each simulator gives them. */
function ranking({ measured, people, models, chatbots, notes, sources, draws }: Compared): Exhibit {
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

function scatter({ measured, people, models, chatbots, notes, sources, draws }: Compared): Exhibit {
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
