import type { ReactNode } from 'react';
import { Foot, type PromptLine } from '../components/Foot.tsx';
import { Line } from '../components/Line.tsx';
import { Box } from '../ink.ts';
import type { Regions } from '../layout.ts';
import type { AppState } from '../state/state.ts';
import { Status } from './Status.tsx';

interface PromptedProps {
  readonly state: AppState;
  readonly regions: Regions;
  /** The line that is asked for; null for none. */
  readonly prompt: PromptLine | null;
  readonly children: ReactNode;
}

/** A screen of panes with a line below them that can ask for text, and says why what was entered cannot be taken. */
export function Prompted({ state, regions: { body, status }, prompt, children }: PromptedProps) {
  return (
    <Box flexDirection="column" width={body.width} height={body.height}>
      {children}
      {prompt?.refused ? (
        <Line segments={[{ text: ` ✗ ${prompt.refused}`, tone: 'error' }]} width={body.width} />
      ) : (
        <Status state={state} width={body.width} height={status.height} />
      )}
      <Foot prompt={prompt} body={body} focused={state.overlays.length === 0} />
    </Box>
  );
}
