import { safeText } from '../../text/safe.ts';
import type { Cell, Column, Estimate, Exhibit, Table, TableRow } from '../table.ts';

/** A figure in words, in parts that a renderer sets beside or below each other. */
export interface GridCell {
  readonly text: string;
  /** `[low, high]`; null where there is none. */
  readonly interval: string | null;
  /** What it was counted over, where the row does not say it for all of them; else null. */
  readonly n: string | null;
}

export interface GridColumn {
  readonly key: string;
  readonly title: string;
  /** `paper`: the paper's number for the column before it, which is of another corpus. */
  readonly kind: 'name' | 'text' | 'quote' | 'number' | 'paper';
}

export interface GridRow {
  readonly key: string;
  readonly group: string | null;
  readonly cells: readonly GridCell[];
}

/** A table as text, the same for the terminal and the report. All text is safe to show in a terminal; HTML is not escaped. */
export interface Grid {
  readonly columns: readonly GridColumn[];
  readonly rows: readonly GridRow[];
}

/** Stands for a figure that does not exist. */
const NOTHING = '–';
/** A table of more figures than this a row, and at most so many rows, is easier to read with its rows as columns. */
const MANY = 9;
const FEW = 6;
const EMPTY: GridCell = { text: '', interval: null, n: null };

/**
 * A table with names first, each figure with its interval, and the paper's numbers in columns of their own. Where all
 * figures of a row, or of a column, were counted over the same number, it stands once. Few rows
 * with many figures are set as columns. Words out of sessions are in quotes, with what they are.
 * @param simulated names of the corpora whose sessions are simulated.
 */
export function gridOf(table: Table, simulated: ReadonlySet<string> = new Set()): Grid {
  const grid = uprightGrid(table, simulated);
  const wide = grid.columns.filter(({ kind }) => kind !== 'paper').length - 1;
  const quotes = grid.columns.some(({ kind }) => kind === 'quote' || kind === 'text');
  return wide > MANY && grid.rows.length <= FEW && grid.rows.length < wide && !quotes ? turned(grid) : grid;
}

function uprightGrid(table: Table, simulated: ReadonlySet<string>): Grid {
  const { columns, rows } = table;
  const named = columns[0]?.format === 'text';
  const reported = new Set(rows.flatMap(({ reported: numbers }) => Object.keys(numbers ?? {})));
  const counts = rows.map(sharedCount);
  const shared = counts.every((count) => count !== 'differs');
  const own = shared && !rows.every((row, at) => saysCount(row, columns, counts[at] ?? null));
  // else it stands in the head of each column whose figures were all counted over the same, or beside the figure
  const heads = new Map(shared ? [] : columns.map((column) => [column.key, columnCount(column, rows)] as const));
  const head: GridColumn[] = [
    ...(named ? [] : [{ key: '', title: '', kind: 'name' as const }]),
    ...columns.flatMap((column, at): GridColumn[] => [
      { key: column.key, title: titleOf(column, heads.get(column.key)), kind: kindOf(column, at === 0) },
      ...(reported.has(column.key) ? [{ key: `${column.key}.paper`, title: 'paper', kind: 'paper' as const }] : []),
    ]),
    ...(own ? [{ key: '.n', title: 'n', kind: 'number' as const }] : []),
  ];
  return {
    columns: head,
    rows: rows.map((row, at) => ({
      key: row.key,
      group: row.group === null ? null : oneLine(row.group),
      cells: [
        ...(named ? [] : [plain(nameOf(row))]),
        ...columns.flatMap((column) => [
          column.format === 'quote'
            ? quoteCell(row, column, simulated)
            : gridCell(row.cells[column.key] ?? null, column, heads.get(column.key) === 'differs'),
          ...(reported.has(column.key) ? [paperCell(row.reported?.[column.key], column)] : []),
        ]),
        ...(own ? [plain(counts[at] == null ? '' : String(counts[at]))] : []),
      ],
    })),
  };
}

/** A number as its column shows it: `12.3%`, `0.0003`, `<0.0001`, `6.60`. */
export function numberText(value: number | null, format: Column['format']): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  switch (format) {
    case 'count':
      return String(Math.round(value));
    case 'rate':
      return `${decimals(100 * value, 1)}%`;
    case 'p':
      return value < 0.0001 ? '<0.0001' : value.toFixed(value < 0.001 ? 4 : 3);
    case 'decimal1':
      return decimals(value, 1);
    case 'decimal2':
      return decimals(value, 2);
    case 'decimal3':
      return decimals(value, 3);
    default:
      return String(value);
  }
}

/** Whether all that an exhibit shows comes from simulated sessions, which is then said once (design 9). */
export function ofSimulatedOnly(exhibit: Exhibit, simulated: ReadonlySet<string>): boolean {
  const behind =
    exhibit.type === 'table'
      ? exhibit.rows.flatMap((row) => row.behind)
      : exhibit.series.flatMap(({ points }) => points.flatMap((point) => point.behind));
  return behind.length > 0 && behind.every(({ corpus }) => simulated.has(corpus));
}

export function isEstimate(cell: Cell): cell is Estimate {
  return typeof cell === 'object' && cell !== null;
}

function gridCell(cell: Cell, column: Column, withCount: boolean): GridCell {
  if (cell === null) return { ...EMPTY, text: NOTHING };
  if (typeof cell === 'string') return plain(cell);
  if (typeof cell === 'number') return { ...EMPTY, text: numberText(cell, column.format) };
  const { value, low, high, n } = cell;
  const bare = (bound: number) => numberText(bound, column.format).replace(/%$/u, '');
  return {
    text: numberText(value, column.format),
    interval: value === null || low === null || high === null ? null : `[${bare(low)}, ${bare(high)}]`,
    n: withCount ? `n ${n}` : null,
  };
}

function paperCell(value: number | undefined, column: Column): GridCell {
  return value === undefined ? EMPTY : { ...EMPTY, text: numberText(value, column.format) };
}

/** What somebody, or a model, said: in quotes, and never without which of them it was (design 9). */
function quoteCell(row: TableRow, { key }: Column, simulated: ReadonlySet<string>): GridCell {
  const cell = row.cells[key] ?? null;
  if (typeof cell !== 'string' || cell === '') return { ...EMPTY, text: cell === null ? NOTHING : '' };
  const kinds = new Set(row.behind.map(({ corpus }) => (simulated.has(corpus) ? 'simulated' : 'real')));
  return plain(`“${cell}” (${[...kinds].sort().join(' and ') || 'of unknown origin'})`);
}

/** A heading of rows stands above no column. */
function fullName(key: string, shown: string): string {
  return key.endsWith(shown) ? oneLine(key) : shown;
}

/** The rows as columns, each with the paper's numbers beside it where it has some. */
function turned({ columns, rows }: Grid): Grid {
  const figures = columns.flatMap(({ kind }, at) => (at > 0 && kind !== 'paper' ? [at] : []));
  const papers = rows.map(({ cells }) => columns.some(({ kind }, at) => kind === 'paper' && cells[at]?.text));
  return {
    columns: [
      { key: '', title: '', kind: 'name' },
      ...rows.flatMap(({ key, cells }, at): GridColumn[] => [
        { key, title: fullName(key, cells[0]?.text ?? ''), kind: 'number' },
        ...(papers[at] ? [{ key: `${key}.paper`, title: 'paper', kind: 'paper' as const }] : []),
      ]),
    ],
    rows: figures.map((at) => ({
      key: columns[at]?.key ?? '',
      group: null,
      cells: [
        plain(columns[at]?.title ?? ''),
        ...rows.flatMap(({ cells }, row) => [
          cells[at] ?? EMPTY,
          ...(papers[row] ? [columns[at + 1]?.kind === 'paper' ? (cells[at + 1] ?? EMPTY) : EMPTY] : []),
        ]),
      ],
    })),
  };
}

function plain(text: string): GridCell {
  return { ...EMPTY, text: oneLine(text) };
}

function oneLine(text: string): string {
  return safeText(text).replaceAll('\n', ' ⏎ ');
}

/** The name of a row, without what the heading above it has said. */
function nameOf({ key, group }: TableRow): string {
  const rest = group !== null && key.startsWith(group) ? key.slice(group.length).replace(/^[\s,:]+/u, '') : '';
  return rest === '' ? key : rest;
}

function kindOf({ format }: Column, first: boolean): GridColumn['kind'] {
  if (format === 'quote') return 'quote';
  if (format !== 'text') return 'number';
  return first ? 'name' : 'text';
}

/** What all figures of a row were counted over; null for a row without any. */
function sharedCount({ cells }: TableRow): number | null | 'differs' {
  const counts = new Set(Object.values(cells).flatMap((cell) => (isEstimate(cell) ? [cell.n] : [])));
  if (counts.size > 1) return 'differs';
  return [...counts][0] ?? null;
}

function columnCount({ key }: Column, rows: readonly TableRow[]): number | null | 'differs' {
  const counts = new Set(
    rows.flatMap(({ cells }) => (isEstimate(cells[key] ?? null) ? [(cells[key] as Estimate).n] : [])),
  );
  return counts.size > 1 ? 'differs' : ([...counts][0] ?? null);
}

function titleOf({ title }: Column, count: number | null | 'differs' | undefined): string {
  return typeof count === 'number' ? `${safeText(title)}, n ${count}` : safeText(title);
}

function saysCount({ cells }: TableRow, columns: readonly Column[], count: number | null | 'differs'): boolean {
  return count === null || columns.some(({ key, format }) => format === 'count' && cells[key] === count);
}

/** Without a minus sign before what rounds to zero. */
function decimals(value: number, places: number): string {
  const text = value.toFixed(places);
  return /^-0\.?0*$/u.test(text) ? text.slice(1) : text;
}
