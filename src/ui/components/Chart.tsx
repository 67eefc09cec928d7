import { memo } from 'react';
import { Box } from '../ink.ts';
import { type ChartSeries, chartRows, histogramRows } from './chart.ts';
import { Line, type Segment } from './Line.tsx';

/** Series over steps; see `chartRows`. Drawn anew only when the series are others. */
export const Chart = memo(function Chart({
  series,
  width,
  height,
  x = 'step',
}: {
  readonly series: readonly ChartSeries[];
  readonly width: number;
  readonly height: number;
  /** What the values stand over. */
  readonly x?: string;
}) {
  return <Rows rows={chartRows(series, width, height, x)} width={width} height={height} />;
});

/** p(real) of real and of simulated turns; see `histogramRows`. */
export function HistogramChart({
  histogram,
  width,
  height,
}: {
  readonly histogram: Parameters<typeof histogramRows>[0];
  readonly width: number;
  readonly height: number;
}) {
  return <Rows rows={histogramRows(histogram, width, height)} width={width} height={height} />;
}

/** Rows of segments that stand still. */
export function Rows({
  rows,
  width,
  height,
}: {
  readonly rows: readonly (readonly Segment[])[];
  readonly width: number;
  readonly height: number;
}) {
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {rows.slice(0, height).map((segments, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of a chart is its place
        <Line key={index} segments={segments} width={width} />
      ))}
    </Box>
  );
}
