import { memo } from 'react';
import { Box } from '../ink.ts';
import { Line, type Segment } from './Line.tsx';
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
        <TranscriptLine key={row.key} segments={row.segments} width={width} />
      ))}
    </Box>
  );
}

/** Most rows of a frame are those of the frame before. */
const TranscriptLine = memo(Line, (a, b) => a.width === b.width && sameSegments(a.segments, b.segments));

function sameSegments(a: readonly Segment[], b: readonly Segment[]): boolean {
  return (
    a.length === b.length &&
    a.every((segment, index) => segment.text === b[index]?.text && segment.tone === b[index]?.tone)
  );
}
