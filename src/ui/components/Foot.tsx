import { Box } from '../ink.ts';
import type { Rect } from '../layout.ts';
import { Composer } from './Composer.tsx';
import type { ComposerState } from './composer.ts';
import { Line } from './Line.tsx';

export interface PromptLine {
  readonly label: string;
  readonly text: ComposerState;
  /** Why what was entered cannot be taken. */
  readonly refused: string | null;
}

/** The last row of a screen: a line that is asked for, or nothing. */
export function Foot({ prompt, body, focused }: { prompt: PromptLine | null; body: Rect; focused: boolean }) {
  if (!prompt) return <Line segments={[{ text: ' ' }]} width={body.width} />;
  const { text, label } = prompt;
  const y = body.y + body.height - 1;
  return (
    <Box width={body.width} height={1}>
      <Composer state={text} x={body.x} y={y} width={body.width} height={1} focused={focused} prompt={label} />
    </Box>
  );
}
