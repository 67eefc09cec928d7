import { Box } from '../ink.ts';
import { Line } from './Line.tsx';
import { type TranscriptCache, type TranscriptItem, type TranscriptState, transcriptWindow } from './transcript.ts';

export interface TranscriptProps {
  readonly items: readonly TranscriptItem[];
  readonly state: TranscriptState;
  readonly width: number;
  readonly height: number;
  readonly cache: TranscriptCache;
  /** Shown when there is no turn yet. */
  readonly empty?: string;
}

/** The open branch: only the rows that show are mounted, since Ink lays out all that is, seen or not. */
export function Transcript({ items, state, width, height, cache, empty = '' }: TranscriptProps) {
  const { rows } = transcriptWindow(items, state, width, height, cache);
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {rows.length === 0 && empty !== '' ? (
        <Line segments={[{ text: ` ${empty}`, tone: 'dim' }]} width={width} />
      ) : null}
      {rows.map((row) => (
        <Line key={row.key} segments={row.segments} width={width} />
      ))}
    </Box>
  );
}
