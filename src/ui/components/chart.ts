import type { Tone } from '../theme.ts';
import type { Segment } from './Line.tsx';

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
}

/** Values over steps. Two series never differ by tone alone: a line is drawn in dots, points as a sign of their own. */
export interface ChartSeries {
  readonly name: string;
  readonly tone: Tone;
  /** Null draws a line, a character draws points. */
  readonly sign: string | null;
  /** Ascending x; what is not finite is left out. */
  readonly points: readonly ChartPoint[];
}

/** Cells of the labels on the left. */
export const CHART_AXIS = 8;
/** Bit of the dot in column 0 or 1, row 0 to 3 of a braille cell (Unicode 17, block 2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** A cell of a plot: dots of a line, or a sign before them. */
export interface Cell {
  dots: number;
  sign: string | null;
  tone: Tone;
}

/**
 * The series as `height` rows of `width` cells: a legend with the newest values, the plot with the highest and lowest y
 * on its left, and a row with the first and last x. More points than columns are averaged a column. Nothing where
 * there is no room to say anything. `x` names what the values stand over.
 */
export function chartRows(series: readonly ChartSeries[], width: number, height: number, x = 'step'): Segment[][] {
  const columns = width - CHART_AXIS;
  const rows = height - 2;
  if (columns < 8 || rows < 1) return height >= 1 ? [legend(series)] : [];
  const bounds = boundsOf(series);
  if (!bounds) return [legend(series), [{ text: `${' '.repeat(CHART_AXIS)}no value yet`, tone: 'dim' }]];
  const cells: Cell[][] = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => ({ dots: 0, sign: null, tone: 'plain' as const })),
  );
  for (const one of series) {
    if (one.sign === null) drawLine(cells, binned(one.points, bounds, columns * 2), bounds, one.tone);
    else drawPoints(cells, binned(one.points, bounds, columns), bounds, one);
  }
  const drawn = cells.map((row, index) => [yLabel(bounds, index, rows), ...cellSegments(row)]);
  return [legend(series), ...drawn, xRow(bounds, columns, x)];
}

interface Bounds {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

function boundsOf(series: readonly ChartSeries[]): Bounds | null {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { points } of series) {
    for (const { x, y } of points) {
      if (!Number.isFinite(y)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
  }
  if (low > high) return null;
  return { x: [left, right], y: [low, high] };
}

/** Mean y a column, undefined where a column has no point. */
function binned(points: readonly ChartPoint[], bounds: Bounds, columns: number): (number | undefined)[] {
  const sums = new Float64Array(columns);
  const counts = new Uint32Array(columns);
  const [left, right] = bounds.x;
  for (const { x, y } of points) {
    if (!Number.isFinite(y)) continue;
    const at = right === left ? 0 : Math.round(((x - left) / (right - left)) * (columns - 1));
    sums[at] = (sums[at] ?? 0) + y;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return Array.from(sums, (sum, at) => (counts[at] ? sum / (counts[at] ?? 1) : undefined));
}

/** Place of y among `places` rows from the top; a flat series runs through the middle. */
function rowOf(y: number, { y: [low, high] }: Bounds, places: number): number {
  if (high === low) return Math.floor((places - 1) / 2);
  return Math.round(((high - y) / (high - low)) * (places - 1));
}

function drawLine(cells: Cell[][], values: readonly (number | undefined)[], bounds: Bounds, tone: Tone): void {
  const places = cells.length * 4;
  let before: { column: number; row: number } | null = null;
  for (const [column, y] of values.entries()) {
    if (y === undefined) continue;
    const row = rowOf(y, bounds, places);
    const from = before ?? { column: column - 1, row };
    const length = column - from.column;
    // Every column between two points gets the rows that the line passes there, so that steep parts stay whole.
    for (let step = 1; step <= length; step += 1) {
      const start = Math.round(from.row + ((row - from.row) * (step - 1)) / length);
      const end = Math.round(from.row + ((row - from.row) * step) / length);
      const away = end > start ? 1 : 0;
      for (let at = Math.min(start, end) + away; at <= Math.max(start, end) - (end < start ? 1 : 0); at += 1) {
        dot(cells, from.column + step, at, tone);
      }
      dot(cells, from.column + step, end, tone);
    }
    before = { column, row };
  }
}

/** Sets a dot; two columns and four rows of them make a cell. */
export function dot(cells: Cell[][], column: number, row: number, tone: Tone): void {
  const cell = cells[row >> 2]?.[column >> 1];
  if (!cell) return;
  cell.dots |= DOTS[column & 1 ? 1 : 0][row & 3] ?? 0;
  cell.tone = tone;
}

function drawPoints(cells: Cell[][], values: readonly (number | undefined)[], bounds: Bounds, one: ChartSeries): void {
  for (const [column, y] of values.entries()) {
    const cell = y === undefined ? undefined : cells[rowOf(y, bounds, cells.length)]?.[column];
    if (cell) Object.assign(cell, { sign: one.sign, tone: one.tone });
  }
}

export function cellSegments(row: readonly Cell[]): Segment[] {
  const segments: Segment[] = [];
  for (const { dots, sign, tone } of row) {
    const text = sign ?? (dots === 0 ? ' ' : String.fromCodePoint(0x2800 + dots));
    const last = segments.at(-1);
    if (last && (last.tone === tone || text === ' '))
      segments[segments.length - 1] = { ...last, text: last.text + text };
    else segments.push({ text, tone });
  }
  return segments;
}

function yLabel({ y: [low, high] }: Bounds, index: number, rows: number): Segment {
  const value = index === 0 ? high : index === rows - 1 && high !== low ? low : null;
  return { text: `${value === null ? '' : formatValue(value)} `.padStart(CHART_AXIS), tone: 'dim' };
}

function xRow({ x: [left, right] }: Bounds, columns: number, name: string): Segment[] {
  const from = formatValue(left);
  const to = left === right ? '' : formatValue(right);
  const gap = ' '.repeat(Math.max(1, columns - from.length - to.length));
  return [{ text: `${`${name} `.padStart(CHART_AXIS)}${from}${gap}${to}`, tone: 'dim' }];
}

/** Each series with its sign and newest value. */
function legend(series: readonly ChartSeries[]): Segment[] {
  return series.flatMap((one): Segment[] => {
    const last = one.points.findLast(({ y }) => Number.isFinite(y));
    return [
      { text: ` ${one.sign ?? '─'} `, tone: one.tone },
      { text: one.name, tone: 'strong' },
      { text: ` ${last ? formatValue(last.y) : '-'} `, tone: 'plain' },
    ];
  });
}

/** At most seven characters: `0.6931`, `-12.4`, `1.2e-5`, `15k`. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 0.001 || size >= 1e7) return value.toExponential(1);
  if (size >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/**
 * Counts of p(real) in ten equal bins, of real and of simulated turns: one row a bin, bars of the share that the bin has
 * of its own class. `height` rows at most; bins are joined where there is less room.
 */
export function histogramRows(
  histogram: { readonly real: readonly number[]; readonly simulated: readonly number[] },
  width: number,
  height: number,
): Segment[][] {
  const bins = histogram.real.length;
  const room = height - 1;
  if (bins === 0 || room < 2 || width < 24) return [];
  const join = Math.ceil(bins / room);
  const joined = (counts: readonly number[]) =>
    Array.from({ length: Math.ceil(bins / join) }, (_, index) =>
      counts.slice(index * join, (index + 1) * join).reduce((sum, count) => sum + count, 0),
    );
  const [real, simulated] = [joined(histogram.real), joined(histogram.simulated)];
  const half = Math.floor((width - 9) / 2);
  const head: Segment[] = [
    { text: ' p(real) ', tone: 'dim' },
    { text: `real ${total(real)}`.padEnd(half), tone: 'real' },
    { text: `simulated ${total(simulated)}`, tone: 'fake' },
  ];
  const rows = real.map((count, index): Segment[] => {
    const low = (index * join) / bins;
    const other = simulated[index] ?? 0;
    return [
      { text: ` ${low.toFixed(1)}-${Math.min(1, low + join / bins).toFixed(1)} `, tone: 'dim' },
      { text: `${bar(count, real, half - 6)} ${count}`.padEnd(half), tone: 'real' },
      { text: `${bar(other, simulated, half - 6)} ${other}`, tone: 'fake' },
    ];
  });
  return [head, ...rows];
}

function bar(count: number, counts: readonly number[], room: number): string {
  const most = Math.max(1, ...counts);
  const eighths = Math.round((count / most) * room * 8);
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : ('▏▎▍▌▋▊▉'[rest - 1] ?? ''));
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
