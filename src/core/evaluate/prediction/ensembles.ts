import { type Draws, percentiles, resample } from '../../metrics/bootstrap.ts';
import { pearson } from '../../metrics/correlation.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import type { Estimate, Exhibit, TableRow } from '../table.ts';
import type { Compared } from './compared.ts';

/** Simulators whose subsets are all tried: 2^10 of them. */
const MOST = 10;

/** Draws at most: each takes r of all those sets. */
const MOST_DRAWS = 200;

/**
 * What averaging simulators gains (B.4): r of the mean of each set of m simulators, and how much the simulators disagree.
 * At least 2 simulators, without the aggregate.
 */
export function ensembles({ measured, people, models, notes, draws: options }: Compared): Exhibit {
  const draws = { ...options, draws: Math.min(options.draws, MOST_DRAWS) };
  const used = models.slice(0, MOST);
  const sets = Array.from({ length: 2 ** used.length - 1 }, (_, at) =>
    used.filter((_model, bit) => (at + 1) & (1 << bit)),
  );
  const x = people.rates.map(({ value }) => value);
  const rows = used.map((_, at): TableRow => {
    const own = sets
      .filter((set) => set.length === at + 1)
      .map((set) => x.map((_x, chatbot) => average(set.map(({ rates }) => rates[chatbot]?.value ?? Number.NaN))));
    const r = own.map((y) => pearson(x, y).value).filter((value) => value !== null);
    return {
      key: `${at + 1}`,
      group: null,
      cells: {
        sets: own.length,
        r: meanR(x, own, draws),
        lowest: r.length === 0 ? null : Math.min(...r),
        highest: r.length === 0 ? null : Math.max(...r),
        sd: r.length < 2 ? null : spread(r),
      },
      reported: null,
      behind: [],
    };
  });
  const disagreement = average(
    x.map((_, chatbot) => spread(used.map(({ rates }) => rates[chatbot]?.value ?? Number.NaN))),
  );
  return {
    type: 'table',
    id: `ensembles-${measured.id}`,
    title: 'Ensembles: r of the mean of so many simulators',
    paper: null,
    notes: [
      ...notes,
      `Over all sets of so many of ${used.length} simulators: mean of r, lowest, highest, and standard deviation. The simulators differ on a chatbot's ${measured.title} by a standard deviation of ${disagreement.toPrecision(2)} on average.`,
      intervalNote(draws, 'chatbots'),
    ],
    columns: [
      { key: 'sets', title: 'sets', format: 'count' },
      { key: 'r', title: 'mean r', format: 'decimal3' },
      { key: 'lowest', title: 'lowest', format: 'decimal3' },
      { key: 'highest', title: 'highest', format: 'decimal3' },
      { key: 'sd', title: 'sd', format: 'decimal3' },
    ],
    rows,
  };
}

function meanR(x: readonly number[], sets: readonly (readonly number[])[], draws: Draws): Estimate {
  const of = (places: readonly number[]) =>
    average(
      sets.flatMap(
        (y) =>
          pearson(
            places.map((at) => x[at] as number),
            places.map((at) => y[at] as number),
          ).value ?? [],
      ),
    );
  const values: number[] = [];
  resample(x.length, draws, (indices) => values.push(of(Array.from(indices))));
  return estimateOf(percentiles(of(x.map((_, at) => at)), values), x.length);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spread(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
