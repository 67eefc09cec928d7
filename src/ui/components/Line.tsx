import { memo } from 'react';
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

/**
 * One row of the screen: never wraps, never carries a control character. All single rows are made of it. Most rows of a
 * frame are those of the frame before, so equal ones are not rendered again.
 */
export const Line = memo(
  LineView,
  (a, b) => a.width === b.width && a.selected === b.selected && sameSegments(a.segments, b.segments),
);

function sameSegments(a: readonly Segment[], b: readonly Segment[]): boolean {
  return (
    a.length === b.length && a.every(({ text, tone }, index) => text === b[index]?.text && tone === b[index]?.tone)
  );
}

function LineView({ segments, width, selected = false }: LineProps) {
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

/** Any text, harmless and on one row, cut to `width` cells. Looks only at what may show, so that 5 MB cost no more. */
export function oneRow(text: string, width: number): string {
  const seen = text.length > 256 + 16 * width ? text.slice(0, 256 + 16 * Math.max(0, width)) : text;
  return truncate(safeText(seen).replaceAll('\n', ' '), width);
}

/** The segments, harmless and on one row, cut to `width` cells in all. */
export function cutSegments(segments: readonly Segment[], width: number): { cut: Segment[]; used: number } {
  const cut: Segment[] = [];
  let used = 0;
  for (const { text, tone } of segments) {
    const shown = oneRow(text, width - used);
    if (shown !== '') cut.push({ text: shown, tone });
    used += cellWidth(shown);
    if (used >= width) break;
  }
  return { cut, used };
}
