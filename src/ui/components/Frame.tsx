import type { ReactNode } from 'react';
import { cellWidth } from '../../core/text/wrap.ts';
import { Box, Text } from '../ink.ts';
import { useTheme } from '../theme.ts';
import { oneRow } from './Line.tsx';

export interface FrameProps {
  readonly title: string;
  /** Shown at the right of the upper border, such as a count. */
  readonly note?: string;
  readonly focused: boolean;
  readonly width: number;
  readonly height: number;
  /** Gets `width - 2` by `height - 2` cells; what does not fit is cut. */
  readonly children?: ReactNode;
}

/** A box with its title in the border. The focused one has a double border, so that it shows without colour too. */
export function Frame({ title, note = '', focused, width, height, children }: FrameProps) {
  const theme = useTheme();
  const style = theme.style(focused ? 'focus' : 'dim');
  const { color, dimColor = false } = style;
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      <Text wrap="truncate" {...style}>
        {frameTop(title, note, focused, width)}
      </Text>
      <Box
        flexDirection="column"
        width={width}
        height={height - 1}
        overflow="hidden"
        borderStyle={focused ? 'double' : 'single'}
        borderTop={false}
        borderDimColor={dimColor}
        {...(color === undefined ? {} : { borderColor: color })}
      >
        {children}
      </Box>
    </Box>
  );
}

/** Cells of a border below which a note would say nothing beside a long title. */
const LEAST_NOTE = 12;

/** The upper border, exactly `width` cells. */
export function frameTop(title: string, note: string, focused: boolean, width: number): string {
  const [left, bar, right] = focused ? ['╔', '═', '╗'] : ['┌', '─', '┐'];
  const room = Math.max(0, width - 2);
  // a long title leaves its note a third of the border: there it says where in the table one is
  const third = Math.floor(room / 3);
  const kept = note === '' || third < LEAST_NOTE ? 0 : Math.min(cellWidth(note) + 3, third);
  const shownTitle = title === '' ? '' : oneRow(` ${title} `, room - kept);
  const free = room - cellWidth(shownTitle);
  const shownNote = note === '' || free < 6 ? '' : oneRow(` ${note} `, free - 1);
  return `${left}${shownTitle}${bar.repeat(Math.max(0, free - cellWidth(shownNote)))}${shownNote}${right}`;
}
