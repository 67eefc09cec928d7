import { Box } from '../ink.ts';
import { Line } from './Line.tsx';
import { type PlotData, plotRows } from './plot.ts';

/** The trajectory of p_t; see `plotRows`. */
export function Plot({ p, r, width, height }: PlotData & { readonly width: number; readonly height: number }) {
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {plotRows({ p, r }, width, height).map((segments, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the plot is its place
        <Line key={index} segments={segments} width={width} />
      ))}
    </Box>
  );
}
