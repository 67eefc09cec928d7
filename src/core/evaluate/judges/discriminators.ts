import { bootstrapSums, type Draws } from '../../metrics/bootstrap.ts';
import { accuracy, type Confusion, f1, mcc } from '../../metrics/classification.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE, table2 } from '../paper.ts';
import type { Source } from '../source.ts';
import type { Behind, Cell, Column, Estimate, Exhibit, TableRow } from '../table.ts';
import { addConfusions, PLACES, type Scorer, simulatedWeight, type Trial, trialOf } from './verdicts.ts';

const FIGURES = [
  { key: 'accuracy', title: 'acc', of: accuracy },
  { key: 'f1', title: 'F1', of: f1 },
  { key: 'mcc', title: 'MCC', of: mcc },
  { key: 'share', title: 'real', of: ({ tp, fn, fp, tn }: Confusion) => (tp + fn) / (tp + fn + fp + tn) },
] as const;

/** A trial with its figures: `PLACE_FIGURE` to an estimate. */
interface Tried {
  readonly trial: Trial;
  readonly cells: Readonly<Record<string, Estimate>>;
  /** Share of turns, and of last turns, that it calls real, of real and of simulated sessions. */
  readonly called: Readonly<Record<'real' | 'simulated', Estimate>>;
}

/**
 * Table 2: accuracy, F1 and MCC of each discriminator on each simulator at turns 1, 5, 10, 25, over all turns and at the
 * last, and the same as grids of discriminators x simulators over the iterations.
 * @param simulated in the order of the columns of the grids. Intervals resample contexts.
 */
export function discriminatorExhibits(
  scorers: readonly Scorer[],
  real: Source,
  simulated: readonly Source[],
  draws: Draws,
): Exhibit[] {
  const tried = scorers.flatMap((scorer) => simulated.map((source) => measure(trialOf(scorer, real, source), draws)));
  const some = tried.filter(({ trial }) => new Set(trial.sessions.map((session) => session.real)).size === 2);
  return [
    performance(some, tried, draws),
    grid(
      'discriminator-grid',
      'Accuracy of each discriminator on each simulator, all turns',
      'all_accuracy',
      some,
      simulated,
      draws,
    ),
    grid('discriminator-grid-last', 'The same at the last turn of a session', 'last_accuracy', some, simulated, draws),
    calledReal(some, simulated, draws),
  ];
}

/** Places of Table 2 at which the share of turns that are called real is read. */
const POOLED = PLACES.findIndex(({ key }) => key === 'all');

function measure(trial: Trial, draws: Draws): Tried {
  const names = PLACES.flatMap(({ key }) => FIGURES.map((figure) => `${key}_${figure.key}`));
  if (trial.contexts.length === 0) return { trial, cells: {}, called: { real: NONE, simulated: NONE } };
  // four counts a place, and the sessions of both sides
  const sides = 4 * PLACES.length;
  const columns = sides + 2;
  const table = new Float64Array(columns * trial.contexts.length);
  addConfusions(trial, table, columns);
  for (const [at, { real, simulated }] of trial.sides.entries()) {
    table[at * columns + sides] = real;
    table[at * columns + sides + 1] = simulated;
  }
  const countsAt = (sums: Float64Array, place: number): Confusion => ({
    tp: sums[4 * place] as number,
    fp: sums[4 * place + 1] as number,
    tn: sums[4 * place + 2] as number,
    fn: sums[4 * place + 3] as number,
  });
  const found = bootstrapSums(
    table,
    columns,
    (sums) => {
      const weight = simulatedWeight({
        sides: [{ real: sums[sides] as number, simulated: sums[sides + 1] as number }],
      });
      const figures: number[] = [];
      for (let place = 0; place < PLACES.length; place += 1) {
        const { tp, fn, fp, tn } = countsAt(sums, place);
        const balanced = { tp, fn, fp: fp * weight, tn: tn * weight };
        // without a verdict, F1 and MCC must not read as 0
        for (const { of } of FIGURES) figures.push(tp + fn + fp + tn === 0 ? Number.NaN : of(balanced));
      }
      const pooled = countsAt(sums, POOLED);
      figures.push(pooled.tp / (pooled.tp + pooled.fn), pooled.fp / (pooled.fp + pooled.tn));
      return figures;
    },
    draws,
  );
  const verdicts = PLACES.map(() => 0);
  for (let at = 0; at < table.length; at += 1) {
    const place = Math.floor((at % columns) / 4);
    if (place < verdicts.length) verdicts[place] = (verdicts[place] as number) + (table[at] as number);
  }
  const cells = Object.fromEntries(
    names.map((name, at) => [name, estimateOf(found[at] ?? null, verdicts[Math.floor(at / FIGURES.length)] as number)]),
  );
  const turns = (side: boolean) => trial.sessions.reduce((sum, { z, real }) => sum + (real === side ? z.length : 0), 0);
  return {
    trial,
    cells,
    called: {
      real: estimateOf(found[names.length] ?? null, turns(true)),
      simulated: estimateOf(found[names.length + 1] ?? null, turns(false)),
    },
  };
}

const NONE: Estimate = { value: null, low: null, high: null, n: 0 };

function performance(some: readonly Tried[], all: readonly Tried[], draws: Draws): Exhibit {
  const columns: Column[] = PLACES.flatMap(({ key, title }) =>
    FIGURES.map(
      (figure): Column => ({
        key: `${key}_${figure.key}`,
        title: `${figure.title} ${title}`,
        format: figure.key === 'mcc' ? 'decimal3' : 'rate',
      }),
    ),
  );
  const missing = all.flatMap(({ trial: { scorer, simulated, missing: count } }) =>
    count === 0 ? [] : `${count} sessions of real and ${simulated.name} have no scores by ${scorer.name}: foil score`,
  );
  const mixed = some.flatMap(({ trial: { scorer, engines, simulated } }) =>
    engines.length < 2 ? [] : `${scorer.name} on ${simulated.name} was run by ${engines.join(' and ')}: not comparable`,
  );
  return {
    type: 'table',
    id: 'discriminator-performance',
    title: 'Discriminators: accuracy, F1 and MCC at user turns',
    paper: 'Table 2',
    notes: [
      'At turn t over the sessions that have one; z > 0 says real, the positive class of F1. Simulated sessions are weighed so that both sides weigh alike as a whole.',
      '"real" is the share of real sessions at the turn: where it is not half, one side is longer, and length alone beats chance.',
      `n: verdicts. ${intervalNote(draws)}`,
      "The paper's Overall is read as all turns pooled.",
      ...[...missing, ...mixed],
      PAPER_NOTE,
    ],
    columns,
    rows: some.map(({ trial, cells }) => {
      const { scorer, simulated } = trial;
      const reported = scorer.own === simulated.name ? table2(simulated.paper) : null;
      return {
        key: `${scorer.name} on ${simulated.name}`,
        group: scorer.name,
        cells,
        reported,
        behind: behindOf(trial),
      };
    }),
  };
}

function grid(
  id: string,
  title: string,
  cell: string,
  some: readonly Tried[],
  simulated: readonly Source[],
  draws: Draws,
): Exhibit {
  return {
    ...{ type: 'table', id, title, paper: null },
    notes: [
      'A row is a discriminator, a column a simulator: down a column, later judges of one simulator; along a row, one judge of later simulators.',
      'A simulator that only its own discriminator cannot tell from people has learnt to fool that one.',
      intervalNote(draws),
    ],
    columns: simulated.map(({ name }): Column => ({ key: name, title: name, format: 'rate' })),
    rows: rowsOf(some, ({ trial, cells }) => [[trial.simulated.name, cells[cell] ?? null]]),
  };
}

function calledReal(some: readonly Tried[], simulated: readonly Source[], draws: Draws): Exhibit {
  const [first] = some;
  return {
    ...{ type: 'table', id: 'called-real', title: 'Share of user turns that a discriminator calls real', paper: null },
    notes: [
      'A simulator above real people has left them behind in the direction that this judge rewards.',
      intervalNote(draws),
    ],
    columns: [first?.trial.real.name ?? 'real', ...simulated.map(({ name }) => name)].map(
      (name): Column => ({ key: name, title: name, format: 'rate' }),
    ),
    rows: rowsOf(some, ({ trial, called }) => [
      [trial.real.name, called.real],
      [trial.simulated.name, called.simulated],
    ]),
  };
}

/** A row a discriminator, its cells from its trials; where two trials give a cell, the one of more verdicts. */
function rowsOf(some: readonly Tried[], cellsOf: (tried: Tried) => [string, Estimate | null][]): TableRow[] {
  const rows = new Map<string, { cells: Record<string, Cell>; behind: Behind[] }>();
  for (const tried of some) {
    const { name } = tried.trial.scorer;
    const row = rows.get(name) ?? { cells: {}, behind: [] };
    rows.set(name, row);
    row.behind.push(
      ...behindOf(tried.trial).filter(({ corpus }) => row.behind.every((known) => known.corpus !== corpus)),
    );
    for (const [key, value] of cellsOf(tried)) {
      const known = row.cells[key] as Estimate | null | undefined;
      if (!known || (value?.n ?? 0) > known.n) row.cells[key] = value;
    }
  }
  return [...rows].map(([key, row]) => ({ key, group: null, reported: null, ...row }));
}

function behindOf({ sessions }: Trial): Behind[] {
  const corpora = [...new Set(sessions.map(({ corpus }) => corpus))];
  return corpora.map((corpus) => ({
    corpus,
    sessions: sessions.flatMap((session) => (session.corpus === corpus ? session.id : [])),
  }));
}
