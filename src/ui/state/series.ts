import type { Progress, StepPoint, ValidPoint } from '../../core/stage/progress.ts';
import type { TrainingStage } from '../../core/stage/run.ts';
import type { ChartPoint, ChartSeries } from '../components/chart.ts';

/** A chart of one run: its series, or p(real) as a histogram. */
export type ChartSpec =
  | { readonly kind: 'series'; readonly title: string; readonly series: readonly ChartSeries[] }
  | { readonly kind: 'histogram'; readonly title: string; readonly step: number; readonly histogram: Bins };

interface Bins {
  readonly real: readonly number[];
  readonly simulated: readonly number[];
}

const VALID_SIGN = '◆';
/** Of the other run where two are compared. */
const OTHER_SIGN = '○';

function over<T extends { readonly step: number }>(
  points: readonly T[],
  value: (point: T) => number | null,
): ChartPoint[] {
  return points.flatMap((point) => {
    const y = value(point);
    return y === null ? [] : [{ x: point.step, y }];
  });
}

/** What is told of a step or a validation, to be drawn. Of several lines in one chart, the second has a sign. */
interface Metric {
  readonly title: string;
  readonly stages: readonly TrainingStage[];
  readonly lines: readonly {
    readonly name: string;
    readonly step?: (point: StepPoint) => number | null;
    readonly valid?: (point: ValidPoint) => number | null;
  }[];
}

const ALL: readonly TrainingStage[] = ['sft', 'discriminator', 'dpo'];

const METRICS: readonly Metric[] = [
  {
    title: 'Loss',
    stages: ALL,
    lines: [
      { name: 'train', step: (point) => point.loss },
      { name: 'validation', valid: (point) => point.loss },
    ],
  },
  {
    title: 'Margin of the rewards',
    stages: ['dpo'],
    lines: [
      { name: 'train', step: (point) => point.margin },
      { name: 'validation', valid: (point) => point.margin },
    ],
  },
  {
    title: 'Accuracy',
    stages: ['dpo', 'discriminator'],
    lines: [
      { name: 'train', step: (point) => point.accuracy },
      { name: 'validation', valid: (point) => point.accuracy },
    ],
  },
  {
    title: 'Log-probabilities',
    stages: ['dpo'],
    lines: [
      { name: 'chosen', step: (point) => point.logpsChosen },
      { name: 'rejected', step: (point) => point.logpsRejected },
    ],
  },
  {
    title: 'Rewards',
    stages: ['dpo'],
    lines: [
      { name: 'chosen', step: (point) => point.rewardChosen },
      { name: 'rejected', step: (point) => point.rewardRejected },
    ],
  },
  { title: 'Learning rate', stages: ALL, lines: [{ name: 'lr', step: (point) => point.learningRate }] },
  { title: 'Speed', stages: ALL, lines: [{ name: 'tokens/s', step: (point) => point.tokensPerS }] },
  { title: 'Gradient norm', stages: ALL, lines: [{ name: 'norm', step: (point) => point.gradNorm }] },
];

/** Charts are drawn again only when progress is another: then this is computed once. */
const cache = new WeakMap<Progress, readonly ChartSpec[]>();

/** The charts of a stage, those that matter most first. One that has nothing to show is left out, but never the loss. */
export function chartsOf(stage: TrainingStage, progress: Progress): readonly ChartSpec[] {
  const known = cache.get(progress);
  if (known) return known;
  const charts = METRICS.filter((metric) => metric.stages.includes(stage)).map((metric) =>
    seriesChart(metric, progress),
  );
  const shown: ChartSpec[] = charts.filter(
    (chart, index) => index === 0 || chart.series.some(({ points }) => points.length > 0),
  );
  const { histogram } = progress;
  if (histogram) {
    const title = `p(real), step ${histogram.step}`;
    shown.splice(1, 0, { kind: 'histogram', title, step: histogram.step, histogram });
  }
  cache.set(progress, shown);
  return shown;
}

function seriesChart({ title, lines }: Metric, progress: Progress): Extract<ChartSpec, { kind: 'series' }> {
  const series = lines.map((line, index): ChartSeries => {
    const points = line.step ? over(progress.points, line.step) : over(progress.valid, line.valid ?? (() => null));
    const sign = line.valid ? VALID_SIGN : index === 0 ? null : OTHER_SIGN;
    return { name: line.name, tone: index === 0 ? 'user' : 'assistant', sign, points };
  });
  const told = series.filter(({ points }, index) => index === 0 || points.length > 0);
  return { kind: 'series', title, series: told };
}

/** What two runs can be compared by: one line a metric, train and validation apart. */
export const COMPARED: readonly { readonly title: string; readonly points: (progress: Progress) => ChartPoint[] }[] =
  METRICS.flatMap(({ title, lines }) =>
    lines.map((line) => ({
      title: lines.length === 1 ? title : `${title}, ${line.name}`,
      points: (progress: Progress) =>
        line.step ? over(progress.points, line.step) : over(progress.valid, line.valid ?? (() => null)),
    })),
  );

/** Of those, the ones of which either run has something; always the loss. */
export function comparable(a: Progress, b: Progress): readonly (typeof COMPARED)[number][] {
  return COMPARED.filter((one, index) => index === 0 || one.points(a).length > 0 || one.points(b).length > 0);
}

/** Two runs on one plot: the first a line, the second points. */
export function comparison(
  points: (progress: Progress) => ChartPoint[],
  runs: readonly [{ name: string; progress: Progress }, { name: string; progress: Progress }],
): readonly ChartSeries[] {
  const [a, b] = runs;
  return [
    { name: a.name, tone: 'user', sign: null, points: points(a.progress) },
    { name: b.name, tone: 'assistant', sign: OTHER_SIGN, points: points(b.progress) },
  ];
}
