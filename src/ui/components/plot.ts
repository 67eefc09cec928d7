import type { Segment } from './Line.tsx';

export interface PlotData {
  /** p_1..p_T, in 0..1. */
  readonly p: readonly number[];
  /** r_1..r_T. */
  readonly r: readonly number[];
}

const BARS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Cells before the bars for `1`, `.5` and `0`. */
const AXIS = 3;
const MAX_CELLS_A_TURN = 3;

interface Bin {
  readonly mean: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The trajectory of p_t as bars from 0 to 1, then a row that marks the lowest (▼) and the highest (▲) r_t, with t below
 * the first and last turn where there is room. Sessions longer than the plot is wide are averaged in equal bins.
 * Returns `height` rows of at most `width` cells; none for a plot too small to say anything.
 */
export function plotRows({ p, r }: PlotData, width: number, height: number): Segment[][] {
  const room = width - AXIS;
  const barRows = height - 1;
  if (p.length === 0 || room < 4 || barRows < 1) return [];
  const bins = binned(p, room);
  const cells = Math.max(1, Math.min(MAX_CELLS_A_TURN, Math.floor(room / bins.length)));
  const rows = Array.from({ length: barRows }, (_, index) => barRow(bins, cells, index, barRows));
  return [...rows, markRow(bins, cells, p.length, r, room)];
}

function binned(values: readonly number[], most: number): Bin[] {
  const count = Math.min(values.length, most);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * values.length) / count);
    const to = Math.floor(((index + 1) * values.length) / count);
    const sum = values.slice(from, to).reduce((total, value) => total + value, 0);
    return { mean: sum / (to - from), from, to };
  });
}

function barRow(bins: readonly Bin[], cells: number, index: number, rows: number): Segment[] {
  const label = index === 0 ? '1' : index === rows - 1 ? '0' : rows % 2 === 1 && index === (rows - 1) / 2 ? '.5' : '';
  const segments: Segment[] = [{ text: `${label.padStart(2)} `, tone: 'dim' }];
  for (const bin of bins) {
    // The lowest bar still shows: a turn with p = 0 is not a missing turn.
    const level = Math.max(1, Math.round(Math.min(1, Math.max(0, bin.mean)) * rows * 8));
    const filled = Math.min(8, Math.max(0, level - (rows - 1 - index) * 8));
    const bar = (BARS[filled] ?? ' ').repeat(Math.max(1, cells - 1)) + (cells > 1 ? ' ' : '');
    const tone = bin.mean >= 0.5 ? 'real' : 'fake';
    const last = segments.at(-1);
    if (last && last.tone === tone) segments[segments.length - 1] = { text: last.text + bar, tone };
    else segments.push({ text: bar, tone });
  }
  return segments;
}

function markRow(bins: readonly Bin[], cells: number, turns: number, r: readonly number[], room: number): Segment[] {
  const columns = Array.from({ length: Math.min(room, bins.length * cells) }, () => ' ');
  const put = (column: number, text: string): void => {
    const free = [...text].every((_, index) => columns[column + index] === ' ');
    if (free) for (const [index, character] of [...text].entries()) columns[column + index] = character;
  };
  if (r.length > 1) {
    const [low, high] = extremes(r);
    const lowest = r.indexOf(low);
    const highest = r.indexOf(high);
    const columnOf = (turn: number): number =>
      Math.max(
        0,
        bins.findIndex((bin) => turn >= bin.from && turn < bin.to),
      ) * cells;
    if (columnOf(lowest) === columnOf(highest)) columns[columnOf(lowest)] = '◆';
    else {
      columns[columnOf(lowest)] = '▼';
      columns[columnOf(highest)] = '▲';
    }
  }
  put(0, '1');
  const end = String(turns);
  put(Math.max(2, columns.length - end.length - (cells > 1 ? cells - 1 : 0)), end);
  return [
    { text: ' t ', tone: 'dim' },
    { text: columns.join(''), tone: 'strong' },
  ];
}

/** Lowest and highest value. `Math.min(...values)` overflows the stack on long sessions. */
function extremes(values: readonly number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
