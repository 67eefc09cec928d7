import { safeText } from '../../text/safe.ts';
import { cellWidth, truncate } from '../../text/wrap.ts';
import type { Exhibit, Figure } from '../table.ts';
import { type Grid, type GridCell, type GridColumn, gridOf, ofSimulatedOnly } from './grid.ts';

const GAP = '  ';
/** Longer texts are cut in a terminal; CSV and JSON have them whole. */
const MAX_TEXT = 60;
/** Points that a terminal lists; a scatter of sessions has thousands. */
const MAX_POINTS = 40;

/**
 * An exhibit as lines for a terminal: title, aligned table, notes. A table that is wider than `width` goes on below, with
 * the names again. Of a figure its points are listed, as a screen draws it.
 * @param width cells in a line; Infinity where nothing breaks long lines (a pipe, a file).
 * @param simulated names of the corpora whose sessions are simulated, whose words are labelled so.
 */
export function exhibitLines(exhibit: Exhibit, width: number, simulated: ReadonlySet<string> = new Set()): string[] {
  const { title, paper, id, notes } = exhibit;
  const whose = ofSimulatedOnly(exhibit, simulated) ? ', simulated sessions only' : '';
  const head = `${title}${whose}${paper === null ? '' : ` (${paper} of the paper)`}  [${id}]`;
  const body = exhibit.type === 'table' ? gridLines(gridOf(exhibit, simulated), width) : figureLines(exhibit, width);
  return [safeText(head).replaceAll('\n', ' '), ...body, ...notes.flatMap((note) => noteLines(note, width))];
}

/** Words broken at spaces; a note that has no interval or figure of its own still says what limits the table. */
function noteLines(note: string, width: number): string[] {
  const lines: string[] = [];
  let line = '  ·';
  for (const word of safeText(note).split(/\s+/u)) {
    if (cellWidth(line) + 1 + cellWidth(word) > width && line.trim() !== '' && line !== '  ·') {
      lines.push(line);
      line = `    ${word}`;
    } else line = `${line} ${word}`;
  }
  return [...lines, line];
}

function gridLines({ columns, rows }: Grid, width: number): string[] {
  if (rows.length === 0) return ['  (no rows)'];
  const texts = rows.map(({ cells }) => cells.map(cellText));
  const widths = columns.map(({ title }, at) =>
    Math.max(cellWidth(title), ...texts.map((row) => cellWidth(row[at] ?? ''))),
  );
  const blocks = blocksOf(columns, widths, width);
  return blocks.flatMap((block, index) => {
    const line = (cells: readonly string[]) =>
      block
        .map((at) => pad(cells[at] ?? '', widths[at] ?? 0, columns[at]?.kind))
        .join(GAP)
        .trimEnd();
    const lines = [...(index > 0 ? [''] : []), line(columns.map(({ title }) => title))];
    let group: string | null = null;
    for (const [at, row] of rows.entries()) {
      if (row.group !== group && row.group !== null) lines.push(row.group);
      group = row.group;
      lines.push(line(texts[at] ?? []));
    }
    return lines;
  });
}

/** Columns of each block of lines: the first column in each, and never a paper's number apart from what it stands beside. */
function blocksOf(columns: readonly GridColumn[], widths: readonly number[], width: number): number[][] {
  const blocks: number[][] = [];
  let block = [0];
  let used = widths[0] ?? 0;
  for (let at = 1; at < columns.length; at += 1) {
    const pair = columns[at + 1]?.kind === 'paper' ? [at, at + 1] : [at];
    const cost = pair.reduce((sum, one) => sum + GAP.length + (widths[one] ?? 0), 0);
    if (used + cost > width && block.length > 1) {
      blocks.push(block);
      block = [0];
      used = widths[0] ?? 0;
    }
    block.push(...pair);
    used += cost;
    at += pair.length - 1;
  }
  return [...blocks, block];
}

function cellText({ text, interval, n }: GridCell): string {
  return truncate([text, interval, n === null ? null : `(${n})`].filter(Boolean).join(' '), MAX_TEXT);
}

function pad(text: string, width: number, kind: GridColumn['kind'] | undefined): string {
  const space = ' '.repeat(Math.max(0, width - cellWidth(text)));
  return kind === 'number' || kind === 'paper' ? space + text : text + space;
}

function figureLines({ x, y, series, kind, reference }: Figure, width: number): string[] {
  const axes = x === '' && y === '' ? '' : `: ${y} over ${x}`;
  const about = `  ${kind}${axes}${typeof reference === 'number' ? `; line at ${reference}` : ''}`;
  const points = series.flatMap((one) => one.points);
  const xText = spreadOf(points.flatMap((point) => [point.x, point.x_low, point.x_high]));
  const yText = spreadOf(points.flatMap((point) => [point.y, point.low, point.high]));
  const total = series.reduce((sum, { points }) => sum + points.length, 0);
  const places = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))];
  const aligned = series.every(({ points }) => new Set(points.map((point) => point.x)).size === points.length);
  if (aligned && kind !== 'scatter' && series.length * places.length < 2 * total)
    return [safeText(about), ...gridLines(pivoted(series, places, x, xText, yText), width)];
  if (total > MAX_POINTS) {
    const counts = series.map(({ name, points }) => `  ${name}: ${points.length} points`);
    return [safeText(about), ...counts.map(safeText)];
  }
  const column = (key: string, title: string, kindOf: GridColumn['kind']): GridColumn => ({ key, title, kind: kindOf });
  const rows = series.flatMap(({ name, points }) =>
    points.map((point, at) => ({
      key: `${name} ${at}`,
      group: null,
      cells: [
        name,
        point.label ?? '',
        xText(point.x, point.x_low, point.x_high),
        yText(point.y, point.low, point.high),
      ].map((text) => ({ text: safeText(text).replaceAll('\n', ' '), interval: null, n: null })),
    })),
  );
  const labelled = series.some(({ points }) => points.some(({ label }) => label !== null));
  const columns = [
    column('series', 'series', 'name'),
    column('label', '', 'text'),
    column('x', safeText(x), 'number'),
    column('y', safeText(y), 'number'),
  ];
  const kept = (list: readonly GridCell[]) => (labelled ? [...list] : list.filter((_, at) => at !== 1));
  return [
    safeText(about),
    ...gridLines(
      {
        columns: labelled ? columns : columns.filter(({ key }) => key !== 'label'),
        rows: rows.map((row) => ({ ...row, cells: kept(row.cells) })),
      },
      width,
    ),
  ];
}

/** A row a place on the x axis, a column a series. */
function pivoted(
  series: Figure['series'],
  places: readonly (string | number)[],
  x: string,
  xText: ReturnType<typeof spreadOf>,
  yText: ReturnType<typeof spreadOf>,
): Grid {
  const cell = (text: string): GridCell => ({ text: safeText(text).replaceAll('\n', ' '), interval: null, n: null });
  return {
    columns: [
      { key: 'x', title: safeText(x), kind: typeof places[0] === 'number' ? 'number' : 'name' },
      ...series.map(({ name }): GridColumn => ({ key: name, title: safeText(name), kind: 'number' })),
    ],
    rows: places.map((place) => ({
      key: String(place),
      group: null,
      cells: [
        cell(xText(place)),
        ...series.map(({ points }) => {
          const point = points.find((one) => one.x === place);
          if (!point) return cell('–');
          return cell(`${yText(point.y, point.low, point.high)}${point.label === null ? '' : ` (${point.label})`}`);
        }),
      ],
    })),
  };
}

/** Values of an axis with as many decimals as the largest of them leaves room for. */
function spreadOf(
  values: readonly (number | string | null)[],
): (value: number | string, low?: number | null, high?: number | null) => string {
  const numbers = values.flatMap((value) => (typeof value === 'number' ? [Math.abs(value)] : []));
  const decimals = numbers.every(Number.isInteger) ? 0 : Math.max(0, ...numbers) < 10 ? 3 : 1;
  const text = (value: number) => value.toFixed(decimals).replace(/^-(0\.?0*)$/u, '$1');
  return (value, low = null, high = null) => {
    if (typeof value === 'string') return value;
    return low === null || high === null ? text(value) : `${text(value)} [${text(low)}, ${text(high)}]`;
  };
}
