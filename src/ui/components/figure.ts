import type { Figure, Point } from '../../core/evaluate/table.ts';
import { cellWidth, fitWidth } from '../../core/text/wrap.ts';
import type { Tone } from '../theme.ts';
import { type Cell, CHART_AXIS, cellSegments, dot, formatValue } from './chart.ts';
import type { Segment } from './Line.tsx';

/** One point of a figure with the series that it is of. */
export interface FigurePoint {
  readonly series: number;
  readonly name: string;
  readonly point: Point;
}

/** Series never differ by tone alone. */
const SIGNS = ['●', '○', '▲', '△', '■', '□', '◆', '◇'] as const;
const TONES: readonly Tone[] = ['real', 'fake', 'user', 'assistant', 'warn', 'strong', 'plain', 'dim'];
const SELECTED = '✚';

export const signOf = (series: number): string => SIGNS[series % SIGNS.length] ?? '●';
export const toneOf = (series: number): Tone => TONES[series % TONES.length] ?? 'plain';

/** The points in the order in which they are listed: of bars by their place on the axis, so that series stand beside each other. */
export function pointsOf({ kind, series }: Pick<Figure, 'kind' | 'series'>): FigurePoint[] {
  const points = series.flatMap(({ name, points: own }, at) => own.map((point) => ({ series: at, name, point })));
  if (kind !== 'bar') return points;
  const places = [...new Set(points.map(({ point }) => point.x))];
  const groups = Map.groupBy(points, ({ point }) => point.x);
  return places.flatMap((place) => groups.get(place) ?? []);
}

interface Axis {
  readonly low: number;
  readonly high: number;
}

/** Each series with its sign. */
export function legendOf(series: Figure['series']): Segment[] {
  return series.flatMap(({ name }, at): Segment[] => [
    { text: ` ${signOf(at)} `, tone: toneOf(at) },
    { text: name, tone: 'strong' },
  ]);
}

/**
 * A scatter or a line with error bars on a plane of `width` by `height` cells: names of the series above, y on the left, x
 * below. What should be equal, or chance, is dotted. `selected` is the place in `pointsOf` of the point that is marked.
 */
export function planeRows(figure: Figure, selected: number, width: number, height: number): Segment[][] {
  const columns = width - CHART_AXIS;
  const rows = height - 2;
  const points = pointsOf(figure);
  const legend = legendOf(figure.series);
  if (columns < 12 || rows < 3 || points.length === 0) return height >= 1 ? [legend] : [];
  const places = [...new Set(points.flatMap(({ point }) => (typeof point.x === 'string' ? [point.x] : [])))];
  const xOf = ({ x }: Point) => (typeof x === 'number' ? x : places.indexOf(x));
  const { reference } = figure;
  const level = typeof reference === 'number' ? [reference] : [];
  const y = axisOf([
    ...points.flatMap(({ point }) => [point.y, point.low ?? point.y, point.high ?? point.y]),
    ...level,
  ]);
  const x = axisOf(points.flatMap(({ point }) => [xOf(point), point.x_low ?? xOf(point), point.x_high ?? xOf(point)]));
  const cells: Cell[][] = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => ({ dots: 0, sign: null, tone: 'dim' as const })),
  );
  const at = (value: number, axis: Axis, count: number) =>
    Math.round(((value - axis.low) / (axis.high - axis.low)) * (count - 1));
  const place = (px: number, py: number) => ({ column: at(px, x, columns), row: rows - 1 - at(py, y, rows) });
  drawReference(cells, reference, x, y);
  if (figure.kind === 'line')
    for (const [index, { points: own }] of figure.series.entries()) {
      const line = own.map((point) => place(xOf(point), point.y));
      for (const [step, to] of line.entries()) joinCells(cells, line[step - 1] ?? to, to, toneOf(index));
    }
  for (const { point, series } of points) {
    const { column, row } = place(xOf(point), point.y);
    const put = (down: number, right: number, sign: string) => {
      const cell = cells[down]?.[right];
      if (cell && cell.sign === null) Object.assign(cell, { sign, tone: toneOf(series) });
    };
    if (point.low !== null && point.high !== null) {
      const [top, bottom] = [place(xOf(point), point.high).row, place(xOf(point), point.low).row];
      for (let down = top; down <= bottom; down += 1) if (down !== row) put(down, column, '│');
    }
    if (point.x_low !== null && point.x_high !== null) {
      const [left, right] = [place(point.x_low, point.y).column, place(point.x_high, point.y).column];
      for (let along = left; along <= right; along += 1) if (along !== column) put(row, along, '─');
    }
  }
  const mark = (one: FigurePoint | undefined, sign: string, tone: Tone) => {
    const where = one && place(xOf(one.point), one.point.y);
    const cell = where && cells[where.row]?.[where.column];
    if (cell) Object.assign(cell, { sign, tone });
  };
  for (const one of points) mark(one, signOf(one.series), toneOf(one.series));
  mark(points[selected], SELECTED, 'focus');
  const label = (row: number) => (row === 0 ? formatValue(y.high) : row === rows - 1 ? formatValue(y.low) : '');
  return [
    [...legend, { text: `   ${figure.y}`, tone: 'dim' }],
    ...cells.map((row, index): Segment[] => [
      { text: `${label(index)} `.padStart(CHART_AXIS), tone: 'dim' },
      ...cellSegments(row),
    ]),
    xRow(figure.x, places, x, columns),
  ];
}

/** With some room on both sides, and never of no length. */
function axisOf(values: readonly number[]): Axis {
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [
    Infinity,
    -Infinity,
  ] as [number, number]);
  if (low < high) return { low, high };
  return { low: low - 0.5, high: high + 0.5 };
}

function drawReference(cells: Cell[][], reference: Figure['reference'], x: Axis, y: Axis): void {
  if (reference === null) return;
  const [wide, high] = [(cells[0]?.length ?? 0) * 2, cells.length * 4];
  for (let column = 0; column < wide; column += 3) {
    const value = reference === 'diagonal' ? x.low + (column / (wide - 1)) * (x.high - x.low) : reference;
    const row = Math.round(((y.high - value) / (y.high - y.low)) * (high - 1));
    if (row >= 0 && row < high) dot(cells, column, row, 'dim');
  }
}

/** A straight line of dots between two cells. */
function joinCells(
  cells: Cell[][],
  from: { column: number; row: number },
  to: { column: number; row: number },
  tone: Tone,
): void {
  const steps = Math.max(1, 2 * Math.abs(to.column - from.column), 4 * Math.abs(to.row - from.row));
  for (let step = 0; step <= steps; step += 1) {
    const part = step / steps;
    const column = Math.round(2 * (from.column + part * (to.column - from.column)));
    const row = Math.round(4 * (from.row + part * (to.row - from.row)) + 1.5);
    dot(cells, column, row, tone);
  }
}

function xRow(title: string, places: readonly string[], x: Axis, columns: number): Segment[] {
  const from = places.length > 0 ? (places[0] ?? '') : formatValue(x.low);
  const to = places.length > 0 ? (places.at(-1) ?? '') : formatValue(x.high);
  const room = Math.max(1, columns - cellWidth(from) - cellWidth(to));
  const middle = fitWidth(title, room - 2).trimEnd();
  const left = Math.max(1, Math.floor((room - cellWidth(middle)) / 2));
  const right = Math.max(1, room - cellWidth(middle) - left);
  return [
    { text: `${' '.repeat(CHART_AXIS)}${from}${' '.repeat(left)}${middle}${' '.repeat(right)}${to}`, tone: 'dim' },
  ];
}

/** Cells that a name may take in a list of points. */
const NAME = 20;

/** Cells of the columns of a list of points: what the longest of them needs. */
export interface PointSizes {
  readonly name: number;
  readonly label: number;
  readonly x: number;
}

export function pointSizes(points: readonly FigurePoint[]): PointSizes {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map(cellWidth));
  return {
    name: Math.min(NAME, longest([...new Set(points.map(({ name }) => name))])),
    label: Math.min(NAME, longest(points.map(({ point }) => point.label ?? ''))),
    x: Math.min(NAME + 4, longest(points.map(({ point }) => spanText(point.x, point.x_low, point.x_high)))),
  };
}

function spanText(value: number | string, low: number | null, high: number | null): string {
  if (typeof value === 'string') return value;
  // three digits: an interval says that more would be noise
  const text = (figure: number) => formatValue(Number(figure.toPrecision(3)));
  return `${text(value)}${low === null || high === null ? '' : ` [${text(low)}, ${text(high)}]`}`;
}

/** A point in the list below the plane: its series, its name, where it is, with intervals. */
export function pointSegments({ series, name, point }: FigurePoint, sizes: PointSizes): Segment[] {
  return [
    { text: ` ${signOf(series)} `, tone: toneOf(series) },
    { text: fitWidth(name, sizes.name) },
    ...(sizes.label > 0 ? [{ text: `  ${fitWidth(point.label ?? '', sizes.label)}` }] : []),
    { text: `  ${fitWidth(spanText(point.x, point.x_low, point.x_high), sizes.x)}`, tone: 'dim' },
    { text: `  ${spanText(point.y, point.low, point.high)}` },
  ];
}

/**
 * A bar with its interval: `points` is the whole list, for the scale. The name of a place stands once, at its first bar
 * or at `top`, the first that shows. Bars begin at 0, which lies within where some are below it.
 */
export function barSegments(points: readonly FigurePoint[], index: number, width: number, top = false): Segment[] {
  const one = points[index];
  if (!one) return [];
  const { point, series } = one;
  const ends = points.flatMap(({ point: { y, low, high } }) => [y, low ?? y, high ?? y]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const first = top || points[index - 1]?.point.x !== point.x;
  const name = Math.min(30, Math.max(10, Math.floor(width * 0.3)));
  const value = spanText(point.y, point.low, point.high);
  const figure = 24;
  const room = Math.max(6, width - name - figure - 6);
  const at = (y: number) => Math.round(((y - least) / (most - least || 1)) * (room - 1));
  const [zero, end] = [at(0), at(point.y)];
  const cells = Array.from({ length: room }, (_, cell) => {
    if (cell >= Math.min(zero, end) && cell <= Math.max(zero, end) && point.y !== 0) return '█';
    const within = point.low !== null && point.high !== null && cell >= at(point.low) && cell <= at(point.high);
    return within ? '─' : cell === zero && least < 0 ? '│' : ' ';
  });
  return [
    { text: fitWidth(first ? String(point.x) : '', name) },
    { text: ` ${signOf(series)} `, tone: toneOf(series) },
    { text: cells.join(''), tone: toneOf(series) },
    { text: `  ${value}` },
  ];
}
