import type { Grid, GridCell, GridColumn } from '../../core/evaluate/render/grid.ts';
import { gridOf } from '../../core/evaluate/render/grid.ts';
import type { Behind, Exhibit, Table } from '../../core/evaluate/table.ts';
import { cellWidth, fitWidth, truncate } from '../../core/text/wrap.ts';
import { pointsOf } from '../components/figure.ts';
import type { Segment } from '../components/Line.tsx';
import { listTop } from '../components/List.tsx';

const GAP = '  ';
/** Cells that a word of a table may take. */
const MAX_TEXT = 48;

/** A table that shows on the screen, computed once for an exhibit and a set of simulated corpora. */
export interface TableGrid {
  readonly grid: Grid;
  /** Rows became columns: the column under the cursor is a row of the table. */
  readonly turned: boolean;
  /** Columns that move together: a figure, and the paper's number beside it. */
  readonly groups: readonly (readonly number[])[];
  readonly widths: readonly number[];
}

const known = new WeakMap<Exhibit, { key: string; grid: TableGrid }>();

export function tableGrid(table: Table & { type: 'table' }, simulated: ReadonlySet<string>): TableGrid {
  const key = [...simulated].join('\n');
  const cached = known.get(table);
  if (cached?.key === key) return cached.grid;
  const grid = gridOf(table, simulated);
  const turned = grid.rows[0]?.key !== table.rows[0]?.key;
  const groups: number[][] = [];
  for (const [at, { kind }] of grid.columns.entries()) {
    if (at === 0) continue;
    if (kind === 'paper') groups.at(-1)?.push(at);
    else groups.push([at]);
  }
  const widths = grid.columns.map(({ title }, at) =>
    Math.min(MAX_TEXT, Math.max(cellWidth(title) + 1, ...grid.rows.map(({ cells }) => cellWidth(textOf(cells[at]))))),
  );
  const fresh = { grid, turned, groups, widths };
  known.set(table, { key, grid: fresh });
  return fresh;
}

function textOf(cell: GridCell | undefined): string {
  return cell ? [cell.text, cell.interval, cell.n === null ? null : `(${cell.n})`].filter(Boolean).join(' ') : '';
}

/** The groups that show: as many from the left as fit with the one under the cursor. */
function visible({ groups, widths }: TableGrid, room: number, column: number): { from: number; to: number } {
  const cost = (group: readonly number[]) => group.reduce((sum, at) => sum + GAP.length + (widths[at] ?? 0), 0);
  const fits = (from: number) => {
    let [used, to] = [0, from];
    for (; to < groups.length; to += 1) {
      used += cost(groups[to] ?? []);
      if (used > room && to > from) break;
    }
    return to;
  };
  let from = 0;
  while (from < column && fits(from) <= column) from += 1;
  return { from, to: fits(from) };
}

export interface TableRows {
  readonly header: readonly Segment[];
  readonly rows: readonly { readonly key: string; readonly segments: readonly Segment[]; readonly selected: boolean }[];
  /** Which columns show of how many; empty where all do. */
  readonly part: string;
  /** Which rows show of how many; null where all do. */
  readonly scrolled: string | null;
}

/**
 * As much of a table as there is room for, with the row and the column under the cursor in it. The first column stays.
 * The head of the column under the cursor has a mark, where Enter or the arrows mean it.
 */
export function tableRows(
  table: TableGrid,
  { row, column }: { readonly row: number; readonly column: number },
  width: number,
  height: number,
): TableRows {
  const { grid, groups, widths, turned } = table;
  const first = Math.min(widths[0] ?? 0, Math.max(12, Math.floor(width * 0.45)));
  const room = width - 1 - first;
  const at = Math.max(0, Math.min(column, groups.length - 1));
  const { from, to } = visible(table, room, at);
  const whole = from === 0 && to === groups.length;
  const shown = groups.slice(from, to).flat();
  const marked = turned || !whole ? groups[at]?.[0] : undefined;
  const head = (index: number): Segment[] => {
    const { title, kind } = grid.columns[index] as GridColumn;
    const text = `${index === marked ? '▸' : ''}${title}`;
    const cells = Math.min(widths[index] ?? 0, room - GAP.length);
    const right = kind === 'number' || kind === 'paper';
    return [
      { text: GAP },
      { text: fitWidth(text, cells, right ? 'right' : 'left'), tone: index === marked ? 'focus' : 'strong' },
    ];
  };
  const lines: { key: string; segments: Segment[]; at: number | null; group: string | null }[] = [];
  const heading = (group: string, index: number) => ({
    ...{ key: `group ${group} ${index}`, at: null, group },
    segments: [{ text: ` ${group}`, tone: 'strong' as const }],
  });
  let group: string | null = null;
  for (const [index, one] of grid.rows.entries()) {
    if (one.group !== group && one.group !== null) lines.push(heading(one.group, index));
    group = one.group;
    const cells = shown.flatMap((place): Segment[] => {
      const { kind } = grid.columns[place] as GridColumn;
      const size = Math.min(widths[place] ?? 0, room - GAP.length);
      return [{ text: GAP }, ...cellSegments(one.cells[place], kind, size)];
    });
    const name = fitWidth(truncate(one.cells[0]?.text ?? '', first), first);
    lines.push({ key: `${index} ${one.key}`, segments: [{ text: name }, ...cells], at: index, group });
  }
  const chosen = lines.findIndex((line) => line.at === Math.min(row, grid.rows.length - 1));
  const all = lines.length < height;
  const held = height - (all ? 1 : 2);
  const top = listTop(lines.length, chosen, held);
  const window = lines.slice(top, top + held);
  const [above] = window;
  // whose rows these are stands above them, also where the heading itself is scrolled away
  if (above?.at != null && above.group !== null && top !== chosen) window[0] = heading(above.group, above.at);
  const places = window.flatMap((line) => line.at ?? []);
  return {
    header: [{ text: ` ${fitWidth(grid.columns[0]?.title ?? '', first)}`, tone: 'strong' }, ...shown.flatMap(head)],
    rows: window.map(({ key, segments, at: index }, place) => {
      const selected = top + place === chosen;
      return {
        key,
        selected,
        segments: index === null ? segments : [{ text: selected ? '▌' : ' ', tone: 'focus' }, ...segments],
      };
    }),
    part: whole ? '' : `${to === from + 1 ? `column ${to}` : `columns ${from + 1}-${to}`} of ${groups.length} ←→`,
    scrolled: all ? null : rowsShown(places[0] ?? 0, (places.at(-1) ?? 0) + 1, grid.rows.length),
  };
}

/** Says of a list that does not fit where in it one is. */
export function rowsShown(from: number, to: number, of: number): string {
  return `   rows ${from + 1}-${to} of ${of} ↑↓`;
}

/** A figure, its interval dimmer, the paper's number in a tone of its own: it is of another corpus. */
function cellSegments(cell: GridCell | undefined, kind: GridColumn['kind'], size: number): Segment[] {
  const text = textOf(cell);
  if (kind !== 'number')
    return [
      { text: fitWidth(text, size, kind === 'paper' ? 'right' : 'left'), tone: kind === 'paper' ? 'dim' : 'plain' },
    ];
  const shown = fitWidth(text, size, 'right');
  const figure = cell?.text ?? '';
  const at = shown.indexOf(figure);
  if (at === -1 || cell?.interval == null) return [{ text: shown }];
  const end = at + figure.length;
  return [{ text: shown.slice(0, end) }, { text: shown.slice(end), tone: 'dim' }];
}

/** How many rows and columns of an exhibit the cursor can be on. */
export function exhibitSize(exhibit: Exhibit, simulated: ReadonlySet<string>): { rows: number; columns: number } {
  return exhibit.type === 'figure'
    ? { rows: pointsOf(exhibit).length, columns: 0 }
    : tableSize(tableGrid(exhibit, simulated));
}

/** The sessions behind the row or the point under the cursor, with what that is called. */
export function exhibitBehind(
  exhibit: Exhibit,
  at: { readonly row: number; readonly column: number },
  simulated: ReadonlySet<string>,
): { name: string; behind: readonly Behind[] } {
  if (exhibit.type === 'table') return tableBehind(exhibit, tableGrid(exhibit, simulated), at);
  const points = pointsOf(exhibit);
  const one = points[Math.max(0, Math.min(at.row, points.length - 1))];
  const label = one?.point.label ?? (typeof one?.point.x === 'string' ? one.point.x : null);
  return { name: one ? `${one.name}${label === null ? '' : `, ${label}`}` : '', behind: one?.point.behind ?? [] };
}

/** How many rows and columns the cursor can be on. */
function tableSize({ grid, groups }: TableGrid): { rows: number; columns: number } {
  return { rows: grid.rows.length, columns: groups.length };
}

/** The sessions behind what is under the cursor of a table. */
function tableBehind(
  table: Table & { type: 'table' },
  { grid, turned, groups }: TableGrid,
  { row, column }: { readonly row: number; readonly column: number },
): { name: string; behind: readonly Behind[] } {
  const key = turned ? grid.columns[groups[column]?.[0] ?? 0]?.key : grid.rows[row]?.key;
  const found = turned ? table.rows.find((one) => one.key === key) : table.rows[row];
  return { name: found?.key ?? '', behind: found?.behind ?? [] };
}
