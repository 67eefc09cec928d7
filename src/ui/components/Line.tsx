import { safeText } from '../../core/text/safe.ts';
import { cellWidth, truncate } from '../../core/text/wrap.ts';
import { Text } from '../ink.ts';
import { type Tone, useTheme } from '../theme.ts';

/** A piece of a row. Its text may come from anywhere, a model included: `Line` makes it harmless. */
export interface Segment {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export interface LineProps {
  readonly segments: readonly Segment[];
  /** Cells that the row may take; longer rows end in `…`. */
  readonly width: number;
  /** Shown inverse over the whole width. */
  readonly selected?: boolean;
}

/** One row of the screen: never wraps, never carries a control character. All single rows are made of it. */
export function Line({ segments, width, selected = false }: LineProps) {
  const theme = useTheme();
  const { cut, used } = cutSegments(segments, width);
  return (
    <Text wrap="truncate" {...(selected ? theme.style('selected') : {})}>
      {cut.map((segment, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: segments have no identity beyond their place in the row
        <Text key={index} {...theme.style(segment.tone)}>
          {segment.text}
        </Text>
      ))}
      {selected ? ' '.repeat(Math.max(0, width - used)) : cut.length === 0 ? ' ' : ''}
    </Text>
  );
}

/** The segments, harmless and on one row, cut to `width` cells in all. */
export function cutSegments(segments: readonly Segment[], width: number): { cut: Segment[]; used: number } {
  const cut: Segment[] = [];
  let used = 0;
  for (const { text, tone } of segments) {
    const shown = truncate(safeText(text).replaceAll('\n', ' '), width - used);
    if (shown !== '') cut.push({ text: shown, tone });
    used += cellWidth(shown);
    if (used >= width) break;
  }
  return { cut, used };
}
