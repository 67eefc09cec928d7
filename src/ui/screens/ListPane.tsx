import { Rows } from '../components/Chart.tsx';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { List, type ListRow } from '../components/List.tsx';
import { wrapped } from '../state/runs-view.ts';
import type { PaneSize } from './runs/layout.ts';

interface ListPaneProps {
  readonly title: string;
  readonly loading: boolean;
  /** Stands before the place of the selected row. */
  readonly note?: string;
  readonly focused?: boolean;
  /** Rows above the list: what it shows, and the names of its columns. */
  readonly head: readonly (readonly Segment[])[];
  readonly rows: readonly ListRow[];
  readonly selected: number;
  readonly empty: string;
  /** What is wrong with the selected row, or with the list; null if nothing. */
  readonly failed: string | null;
  readonly size: PaneSize;
}

/** All there is of one kind, with what is wrong at its foot. */
export function ListPane({ title, loading, note = '', focused = true, head, failed, size, ...list }: ListPaneProps) {
  const { rows, selected } = list;
  const width = size.width - 2;
  const said = failed === null ? [] : wrapped(failed.replaceAll('\n', ' '), width - 2).slice(0, 4);
  const at = `${note}${rows.length === 0 ? 0 : selected + 1} of ${rows.length}`;
  return (
    <Frame title={title} note={loading ? 'reading …' : at} focused={focused} {...size}>
      {head.map((segments) => (
        <Line key={segments.map(({ text }) => text).join('')} segments={segments} width={width} />
      ))}
      <List
        rows={rows}
        selected={selected}
        width={width}
        height={size.height - 2 - head.length - said.length}
        empty={loading ? 'reading …' : list.empty}
      />
      <Rows
        rows={said.map((text): Segment[] => [{ text: ` ${text}`, tone: 'error' }])}
        width={width}
        height={said.length}
      />
    </Frame>
  );
}
