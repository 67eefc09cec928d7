import { Box, useCursor } from '../ink.ts';
import { type ComposerState, cursorPlace } from './composer.ts';
import { Line } from './Line.tsx';

export interface ComposerProps {
  readonly state: ComposerState;
  /** Where the upper left cell stands on the screen: the terminal's own cursor is put there, as input methods need. */
  readonly x: number;
  readonly y: number;
  /** Of the whole field. `state.width` must be this less the prompt. */
  readonly width: number;
  /** Rows that show; longer text scrolls with the cursor. */
  readonly height: number;
  readonly focused: boolean;
  readonly placeholder?: string;
  /** Before the first row; its cells are left empty before the others. */
  readonly prompt?: string;
}

/** A text field with a real cursor. Give its state to `composerReducer`. */
export function Composer({ state, x, y, width, height, focused, placeholder = '', prompt = '> ' }: ComposerProps) {
  const { setCursorPosition } = useCursor();
  const { row, column } = cursorPlace(state);
  const first = composerTop(state.rows.length, row, height);
  const cursor = { x: x + prompt.length + column, y: y + row - first };
  setCursorPosition(focused ? cursor : undefined);
  const shown = state.rows.slice(first, first + height);
  const indent = ' '.repeat(prompt.length);
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {state.text === '' ? (
        <Line
          width={width}
          segments={[
            { text: prompt, tone: focused ? 'focus' : 'dim' },
            { text: placeholder, tone: 'dim' },
          ]}
        />
      ) : (
        shown.map((part, index) => (
          <Line
            key={part.start}
            width={width}
            segments={[
              { text: first + index === 0 ? prompt : indent, tone: focused ? 'focus' : 'dim' },
              { text: state.text.slice(part.start, part.end).trimEnd() },
            ]}
          />
        ))
      )}
    </Box>
  );
}

/** The first row that shows, so that the cursor's row is in view and no row is left empty. */
export function composerTop(rows: number, cursorRow: number, height: number): number {
  return Math.max(0, Math.min(cursorRow - Math.floor(height / 2), rows - height));
}
