import { Rows } from './Chart.tsx';
import { Frame } from './Frame.tsx';
import type { Segment } from './Line.tsx';
import { scrollable } from './scroll.ts';

export interface RowsFrameProps {
  readonly title: string;
  /** What the border says beside how far it is scrolled. */
  readonly note?: string;
  readonly rows: readonly (readonly Segment[])[];
  /** The first row that shows; one too far shows the last page. */
  readonly top: number;
  readonly focused: boolean;
  readonly width: number;
  readonly height: number;
}

/** A frame of rows that scroll, where there are more than it holds. */
export function RowsFrame({ title, note = '', rows, top, focused, width, height }: RowsFrameProps) {
  const room = height - 2;
  if (focused) scrollable.tops = Math.max(0, rows.length - room) + 1;
  const first = Math.max(0, Math.min(top, rows.length - room));
  const part = rows.length > room ? `${Math.min(rows.length, first + room)} of ${rows.length} rows` : '';
  return (
    <Frame
      title={title}
      note={[part, note].filter(Boolean).join(' · ')}
      focused={focused}
      width={width}
      height={height}
    >
      <Rows rows={rows.slice(first)} width={width - 2} height={room} />
    </Frame>
  );
}
