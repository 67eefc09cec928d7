import { Box } from '../ink.ts';
import { Line, type Segment } from './Line.tsx';

export interface ListRow {
  readonly key: string;
  readonly segments: readonly Segment[];
}

export interface ListProps {
  readonly rows: readonly ListRow[];
  /** Index of the selected row; -1 for none. */
  readonly selected: number;
  readonly width: number;
  readonly height: number;
  /** Shown when there is no row. */
  readonly empty: string;
}

/** Rows of which one is selected; mounts those that show. The selected one has a mark, and is inverse. */
export function List({ rows, selected, width, height, empty }: ListProps) {
  const first = listTop(rows.length, selected, height);
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {rows.length === 0 ? <Line segments={[{ text: ` ${empty}`, tone: 'dim' }]} width={width} /> : null}
      {rows.slice(first, first + height).map((row, index) => {
        const chosen = first + index === selected;
        return (
          <Line
            key={row.key}
            width={width}
            selected={chosen}
            segments={[{ text: chosen ? '▌' : ' ', tone: 'focus' }, ...row.segments]}
          />
        );
      })}
    </Box>
  );
}

/** The first row that shows: the selected one stands in the middle, where it can. */
export function listTop(count: number, selected: number, height: number): number {
  return Math.max(0, Math.min(selected - Math.floor(height / 2), count - height));
}
