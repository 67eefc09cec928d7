import type { Exhibit, Figure } from '../../../core/evaluate/table.ts';
import { Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { barSegments, legendOf, planeRows, pointSegments, pointSizes, pointsOf } from '../../components/figure.ts';
import { Line, type Segment } from '../../components/Line.tsx';
import { List, listTop } from '../../components/List.tsx';
import { Box } from '../../ink.ts';
import { rowsShown, tableGrid, tableRows } from '../../state/evaluate-table.ts';
import { wrapped } from '../../state/runs-view.ts';
import type { PaneSize } from '../runs/layout.ts';
import { exhibitRows } from './layout.ts';

/** Notes of an exhibit, as rows. */
export function noteRows(notes: readonly string[], width: number): Segment[][] {
  return notes.flatMap((note) =>
    wrapped(note.replaceAll('\n', ' '), width - 4).map((text, at): Segment[] => [
      { text: ` ${at === 0 ? '·' : ' '} ${text}`, tone: 'dim' },
    ]),
  );
}

/** A table or a figure, with the cursor in it, and its notes where they have no pane. */
export function OneExhibit({
  exhibit,
  simulated,
  at,
  focused,
  wide,
  size,
}: {
  exhibit: Exhibit;
  /** Corpora whose sessions are simulated. */
  simulated: ReadonlySet<string>;
  at: { readonly row: number; readonly column: number };
  focused: boolean;
  /** The notes have a pane of their own. */
  wide: boolean;
  size: PaneSize;
}) {
  const width = size.width - 2;
  const notes = noteRows(exhibit.notes, width);
  const plot = exhibit.type === 'figure' && exhibit.kind !== 'bar';
  const room = exhibitRows(size.height - 2, notes.length, { plot, wide });
  const rest = notes.length - room.notes + 1;
  const more: Segment[] = [{ text: `   … ${rest} more rows of notes: Tab`, tone: 'dim' }];
  const said = !wide && rest > 1 ? [...notes.slice(0, Math.max(0, room.notes - 1)), more] : notes;
  const table = exhibit.type === 'table' ? tableRows(tableGrid(exhibit, simulated), at, width, room.list) : null;
  const part = table?.part ?? '';
  const note = [part, exhibit.paper ?? (part === '' || wide ? 'not in the paper' : '')].filter(Boolean).join(' · ');
  return (
    <Frame title={exhibit.title} note={note} focused={focused} {...size}>
      {table ? (
        <Box flexDirection="column" width={width} height={room.list} overflow="hidden">
          <Line segments={table.header} width={width} />
          {table.rows.map(({ key, segments, selected }) => (
            <Line key={key} segments={segments} selected={selected && focused} width={width} />
          ))}
          {table.scrolled === null ? null : <Line segments={[{ text: table.scrolled, tone: 'dim' }]} width={width} />}
        </Box>
      ) : null}
      {exhibit.type === 'figure' ? <Plotted figure={exhibit} row={at.row} width={width} room={room} /> : null}
      {room.notes > 0 ? <Rows rows={said} width={width} height={room.notes} /> : null}
    </Frame>
  );
}

function Plotted({
  figure,
  row,
  width,
  room,
}: {
  figure: Figure;
  row: number;
  width: number;
  room: { plot: number; list: number };
}) {
  const points = pointsOf(figure);
  const selected = Math.max(0, Math.min(row, points.length - 1));
  const height = room.plot > 0 ? room.list : room.list - 1;
  const all = points.length <= height;
  const held = all ? height : height - 1;
  const top = listTop(points.length, selected, held);
  // of thousands of points only those that show are made
  const shown = points.slice(top, top + held);
  const sizes = pointSizes(points.slice(Math.max(0, top - held), top + 2 * held));
  return (
    <Box flexDirection="column">
      {room.plot > 0 ? (
        <Rows rows={planeRows(figure, selected, width, room.plot)} width={width} height={room.plot} />
      ) : (
        <Line segments={[...legendOf(figure.series), { text: `   ${figure.y}`, tone: 'dim' }]} width={width} />
      )}
      <List
        rows={shown.map((point, at) => ({
          key: String(top + at),
          segments:
            figure.kind === 'bar' ? barSegments(points, top + at, width - 1, at === 0) : pointSegments(point, sizes),
        }))}
        selected={selected - top}
        width={width}
        height={held}
        empty="no point"
      />
      {all ? null : (
        <Line segments={[{ text: rowsShown(top, top + shown.length, points.length), tone: 'dim' }]} width={width} />
      )}
    </Box>
  );
}
