import { safeText } from '../../core/text/safe.ts';
import { wrapRows } from '../../core/text/wrap.ts';
import { Box } from '../ink.ts';
import { Line } from './Line.tsx';
import { type TranscriptCache, type TranscriptItem, type TranscriptState, transcriptWindow } from './transcript.ts';

export interface TranscriptProps {
  readonly items: readonly TranscriptItem[];
  readonly state: TranscriptState;
  readonly width: number;
  readonly height: number;
  readonly cache: TranscriptCache;
  /** Shown, wrapped, when there is no turn yet. */
  readonly empty?: string;
}

/** The open branch: only the rows that show are mounted, since Ink lays out all that is, seen or not. */
export function Transcript({ items, state, width, height, cache, empty = '' }: TranscriptProps) {
  const { rows } = transcriptWindow(items, state, width, height, cache);
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      {rows.length === 0 && empty !== '' ? <Hint text={safeText(empty)} width={width} height={height} /> : null}
      {rows.map((row) => (
        <Line key={row.key} segments={row.segments} width={width} />
      ))}
    </Box>
  );
}

function Hint({ text, width, height }: { text: string; width: number; height: number }) {
  const rows = wrapRows(text, width - 1, 0, height + 1);
  const shown = rows.slice(0, height).map(({ start, end }) => ({ start, text: text.slice(start, end).trimEnd() }));
  return shown.map((row, index) => (
    <Line
      key={row.start}
      segments={[{ text: ` ${row.text}${rows.length > height && index === height - 1 ? '…' : ''}`, tone: 'dim' }]}
      width={width}
    />
  ));
}
