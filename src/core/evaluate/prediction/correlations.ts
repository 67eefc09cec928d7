import { type Draws, percentiles, resample } from '../../metrics/bootstrap.ts';
import { type Correlation, kendall, leaveOneOut, pearson, spearman } from '../../metrics/correlation.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE, TABLE_3 } from '../paper.ts';
import type { Column, Estimate, Exhibit, TableRow } from '../table.ts';
import { AGGREGATE, behindOf, type Compared, type Rated } from './compared.ts';
import type { DrawnRate } from './rates.ts';

/** Table 3, with what few chatbots leave uncertain. */
export function correlations({ measured, people, models, chatbots, notes, sources, draws }: Compared): Exhibit {
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
