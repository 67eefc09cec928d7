import { bootstrapCounts, type Counts, type Draws } from '../../metrics/bootstrap.ts';
import {
  binOf,
  calibrationError,
  fitTemperature,
  negativeLogLikelihood,
  reliability,
  type Verdict,
} from '../../metrics/classification.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import type { Source } from '../source.ts';
import type { Column, Exhibit, Figure, TableRow } from '../table.ts';
import { PLACES, type PlaceKey, type Scorer, simulatedWeight, type Trial, trialOf, verdictsAt } from './verdicts.ts';

/** Draws at most: each fits a temperature over all verdicts. */
const MAX_DRAWS = 200;

/** Bins of equal width over p. */
const BINS = 10;

const COLUMNS: readonly Column[] = [
  { key: 'n', title: 'verdicts', format: 'count' },
  { key: 'ece', title: 'ECE', format: 'decimal3' },
  { key: 'nll', title: 'NLL', format: 'decimal3' },
  { key: 'temperature', title: 'temperature', format: 'decimal2' },
  { key: 'ece_after', title: 'ECE after', format: 'decimal3' },
  { key: 'nll_after', title: 'NLL after', format: 'decimal3' },
];

/**
 * How far p_t can be read as a probability: expected calibration error and temperature at each turn of Table 2, for each
 * discriminator on each simulator, and a reliability figure a discriminator. Intervals resample contexts.
 */
export function calibrationExhibits(
  scorers: readonly Scorer[],
  real: Source,
  simulated: readonly Source[],
  options: Draws,
): Exhibit[] {
  const draws = { ...options, draws: Math.min(options.draws, MAX_DRAWS) };
  const trials = scorers
    .flatMap((scorer) => simulated.map((source) => trialOf(scorer, real, source)))
    .filter(({ sessions }) => new Set(sessions.map((session) => session.real)).size === 2);
  const table: Exhibit = {
    type: 'table',
    id: 'calibration',
    title: 'Calibration of the discriminators at each turn',
    paper: null,
    notes: [
      `ECE over ${BINS} bins of equal width (it cannot fall to 0 on few verdicts), NLL in nats; ln 2 = 0.693 says nothing. Simulated sessions are weighed to weigh as much as real ones.`,
      'Temperature: p = sigmoid(z / T) of least NLL; above 1 the judge is surer than it may be. "After": with T of the other half of the contexts.',
      intervalNote(draws),
    ],
    columns: [...COLUMNS],
    rows: trials.flatMap((trial) => PLACES.flatMap(({ key, title }) => row(trial, key, title, draws))),
  };
  const figures = scorers.flatMap(({ name }): Exhibit[] => {
    const own = trials.filter(({ scorer }) => scorer.name === name);
    return own.length === 0 ? [] : [{ type: 'figure', ...reliabilityFigure(name, own, draws) }];
  });
  return [table, ...figures];
}

interface Placed extends Verdict {
  readonly context: number;
}

function placed(trial: Trial, place: PlaceKey): Placed[] {
  const at = new Map(trial.contexts.map((context, index) => [context, index]));
  return verdictsAt(trial, place).map((verdict) => ({ ...verdict, context: at.get(verdict.context) as number }));
}

function row(trial: Trial, place: PlaceKey, title: string, draws: Draws): TableRow[] {
  const verdicts = placed(trial, place);
  if (new Set(verdicts.map(({ real }) => real)).size < 2) return [];
  const whole = fitTemperature(verdicts) ?? 1;
  const halves = [0, 1].map((half) => verdicts.filter(({ context }) => context % 2 === half));
  // the half that is judged never chose its temperature
  const temperatures = halves.map((_, half) => fitTemperature(halves[1 - half] ?? [], whole) ?? 1);
  const cooled = verdicts.map((verdict) => ({ ...verdict, z: verdict.z / (temperatures[verdict.context % 2] ?? 1) }));
  const found = bootstrapCounts(
    trial.contexts.length,
    (counts) => {
      const [raw, after] = [weighed(trial, verdicts, counts), weighed(trial, cooled, counts)];
      return [
        calibrationError(raw, BINS),
        negativeLogLikelihood(raw),
        fitTemperature(raw, whole) ?? Number.NaN,
        calibrationError(after, BINS),
        negativeLogLikelihood(after),
      ];
    },
    draws,
  );
  const [ece, nll, temperature, eceAfter, nllAfter] = found.map((figure) => estimateOf(figure, verdicts.length));
  const { scorer, simulated, sessions } = trial;
  return [
    {
      key: `${scorer.name} on ${simulated.name}, ${title}`,
      group: `${scorer.name} on ${simulated.name}`,
      cells: {
        ...{ n: verdicts.length, ece: ece ?? null, nll: nll ?? null, temperature: temperature ?? null },
        ...{ ece_after: eceAfter ?? null, nll_after: nllAfter ?? null },
      },
      reported: null,
      behind: [{ corpus: simulated.corpus, sessions: sessions.filter(({ real }) => !real).map(({ id }) => id) }],
    },
  ];
}

/** The verdicts of the contexts that were drawn, with both sides weighing alike in this draw. */
function weighed(trial: Trial, verdicts: readonly Placed[], counts: Counts): Verdict[] {
  const simulated = simulatedWeight(trial, counts);
  return verdicts.flatMap(({ z, real, context }) => {
    const count = counts[context] as number;
    return count === 0 ? [] : [{ z, real, weight: real ? count : count * simulated }];
  });
}

function reliabilityFigure(name: string, trials: readonly Trial[], draws: Draws): Figure {
  return {
    id: `reliability-${name}`,
    title: `Reliability of ${name}, all turns`,
    paper: null,
    notes: [
      `Of the turns whose p lies in one of ${BINS} bins, the share that is real; on the diagonal p is a probability.`,
      intervalNote(draws),
    ],
    kind: 'line',
    x: 'mean p of the bin',
    y: 'share real',
    reference: 'diagonal',
    series: trials.map((trial) => ({ name: trial.simulated.name, points: reliabilityPoints(trial, draws) })),
  };
}

function reliabilityPoints(trial: Trial, draws: Draws): Figure['series'][number]['points'] {
  const verdicts = placed(trial, 'all');
  const bins = reliability(verdicts, BINS);
  const found = bootstrapCounts(
    trial.contexts.length,
    (counts) => {
      const drawn = reliability(weighed(trial, verdicts, counts), BINS);
      return bins.map(({ bin }) => drawn.find((one) => one.bin === bin)?.real ?? Number.NaN);
    },
    draws,
  );
  return bins.map(({ bin, p, real }, at) => {
    const inside = verdicts.filter(({ z }) => binOf(z, BINS) === bin);
    const { low, high } = estimateOf(found[at] ?? null, inside.length);
    return { x: p, y: real, low, high, x_low: null, x_high: null, label: `${inside.length} turns`, behind: [] };
  });
}
