import { safeText } from '../../text/safe.ts';
import type { Figure } from '../table.ts';

/** A vega-lite specification (version 6) as plain JSON: it names no address, and no expression in it holds data. */
export type PlotSpec = Readonly<Record<string, unknown>>;

/**
 * At least 3:1 against both backgrounds of the report (WCAG 1.4.11), and apart for most who see colours differently
 * (after Okabe and Ito); shapes and dashes tell series apart as well.
 */
const COLOURS = ['#0b7bbd', '#c26a00', '#078a66', '#b8588f', '#d1483a', '#6f6fd1', '#7a7a2a', '#808080'];
const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];
const DASHES = [[], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 3], [3, 1]];
/** More series than this are no legend but a wall: their colours then only show what belongs together. */
const MAX_LEGEND = 12;
const BAR_STEP = 13;

/**
 * What draws a figure. Its texts and lines are `currentColor`, its ground is transparent: it takes on light and dark.
 * @param width of the plot in CSS pixels, axis labels and all; letters keep their size, so a narrow one can be read.
 */
export function plotSpec(figure: Figure, width: number): PlotSpec {
  const narrow = width < 480;
  const { series, kind } = figure;
  const names = series.map(({ name }, at) => safeText(name) || `series ${at + 1}`);
  const values = series.flatMap(({ points }, at) =>
    points.map(({ x, y, low, high, x_low, x_high }) => ({
      s: names[at],
      x: typeof x === 'string' ? broken(safeText(x), narrow ? 20 : 36) : x,
      ...{ y, lo: low, hi: high, xlo: x_low, xhi: x_high },
    })),
  );
  const categories = [...new Set(values.flatMap(({ x }) => (typeof x === 'string' ? [x] : [])))];
  const columns = narrow ? 1 : Math.min(4, names.length);
  const legend =
    names.length < 2 || names.length > MAX_LEGEND
      ? null
      : { title: null, orient: 'top', columns, labelLimit: (width - 80) / columns - 24 };
  const scale = { domain: names, range: names.map((_, at) => COLOURS[at % COLOURS.length]) };
  const color = { field: 's', type: 'nominal', scale, legend };
  const place = { titles: { x: safeText(figure.x), y: safeText(figure.y) }, color, legend, names, categories, narrow };
  const whiskers = { y: values.some(({ lo }) => lo !== null), x: values.some(({ xlo }) => xlo !== null) };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: width - (kind === 'bar' ? (narrow ? 150 : 270) : 80),
    ...(kind === 'bar' ? { height: { step: BAR_STEP } } : { height: narrow ? 240 : 340 }),
    autosize: { type: 'pad', contains: 'content' },
    padding: 4,
    background: null,
    data: { values },
    ...(kind === 'bar' ? bars(place, whiskers.y, figure.reference) : points(kind, place, whiskers, figure, values)),
    config: CONFIG,
  };
}

interface Place {
  readonly titles: { readonly x: string; readonly y: string };
  readonly color: PlotSpec;
  readonly legend: PlotSpec | null;
  readonly names: readonly string[];
  readonly categories: readonly string[];
  readonly narrow: boolean;
}

/** Bars lie, so that names of categories can be read. */
function bars({ titles, color, names, categories, narrow }: Place, whiskers: boolean, reference: Figure['reference']) {
  const offset = names.length > 1 ? { yOffset: { field: 's', type: 'nominal', sort: [...names] } } : {};
  const y = {
    ...{ field: 'x', type: 'nominal', sort: categories.length > 0 ? [...categories] : null, title: null },
    axis: { labelExpr: LINES, labelLimit: narrow ? 150 : 260, ticks: false },
  };
  const x = { field: 'y', type: 'quantitative', title: titles.y, axis: { tickCount: narrow ? 3 : 6 } };
  return {
    encoding: { y },
    layer: [
      { mark: { type: 'bar', opacity: 0.9 }, encoding: { x, color, ...offset } },
      ...(whiskers
        ? [
            {
              mark: { type: 'rule', color: 'currentColor', strokeWidth: 1.25 },
              encoding: { x: { field: 'lo', type: 'quantitative', title: titles.y }, x2: { field: 'hi' }, ...offset },
            },
          ]
        : []),
      ...(typeof reference === 'number' ? [{ mark: CHANCE, encoding: { x: { datum: reference }, y: null } }] : []),
    ],
  };
}

function points(
  kind: 'scatter' | 'line',
  { titles, color, legend, names, categories, narrow }: Place,
  whiskers: { readonly x: boolean; readonly y: boolean },
  { reference }: Figure,
  values: readonly { readonly x: number | string; readonly y: number }[],
): PlotSpec {
  const named = categories.length > 0;
  const scale = { zero: false, nice: true };
  const x = named
    ? { field: 'x', type: 'ordinal', sort: [...categories], title: titles.x, axis: { labelExpr: LINES, labelAngle: 0 } }
    : {
        field: 'x',
        type: 'quantitative',
        title: titles.x,
        scale,
        axis: { tickCount: narrow ? 4 : 8, ...(counted(values) ? COUNTS : {}) },
      };
  const y = { field: 'y', type: 'quantitative', title: titles.y, scale, axis: { tickCount: 6 } };
  // where colours come round again, shapes and dashes are others than before
  const by = (range: readonly unknown[]) => ({
    field: 's',
    type: 'nominal',
    scale: {
      domain: names,
      range: names.map((_, at) => range[(at + 3 * Math.floor(at / COLOURS.length)) % range.length]),
    },
    legend,
  });
  const rule = { type: 'rule', strokeWidth: 1, opacity: 0.55 };
  return {
    layer: [
      ...(typeof reference === 'number' ? [{ mark: CHANCE, encoding: { y: { datum: reference } } }] : []),
      ...(reference === 'diagonal' && !named ? [diagonal(values)] : []),
      ...(whiskers.y ? [{ mark: rule, encoding: { x, y: { ...y, field: 'lo' }, y2: { field: 'hi' }, color } }] : []),
      ...(whiskers.x && !named
        ? [{ mark: rule, encoding: { x: { ...x, field: 'xlo' }, x2: { field: 'xhi' }, y, color } }]
        : []),
      ...(kind === 'line'
        ? [{ mark: { type: 'line', strokeWidth: 2 }, encoding: { x, y, color, strokeDash: by(DASHES) } }]
        : []),
      {
        mark: {
          type: 'point',
          filled: true,
          size: values.length > 200 ? 18 : 48,
          opacity: values.length > 200 ? 0.7 : 1,
        },
        encoding: { x, y, color, ...(names.length > 1 && legend !== null ? { shape: by(SHAPES) } : {}) },
      },
    ],
  };
}

/** Where x and y are equal. */
function diagonal(values: readonly { readonly x: number | string; readonly y: number }[]): PlotSpec {
  const numbers = values.flatMap(({ x, y }) => (typeof x === 'number' ? [x, y] : []));
  const ends = numbers.length === 0 ? [0, 1] : [Math.min(...numbers), Math.max(...numbers)];
  return {
    data: { values: ends.map((at) => ({ at })) },
    mark: { ...CHANCE, type: 'line' },
    encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'at', type: 'quantitative' } },
  };
}

/** A name in lines of at most so many characters, as far as its words are shorter: a plot breaks no lines by itself. */
function broken(text: string, length: number): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/u)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

function counted(values: readonly { readonly x: number | string }[]): boolean {
  return values.every(({ x }) => Number.isInteger(x));
}

const COUNTS = { tickMinStep: 1, format: 'd' };
/** A vega expression; the label is a value to it, never code. */
const LINES = "split(datum.label, '\\n')";
const CHANCE = { type: 'rule', color: 'currentColor', strokeDash: [4, 4], opacity: 0.5, strokeWidth: 1 };

const CONFIG = {
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    ...{ labelColor: 'currentColor', titleColor: 'currentColor', labelFontSize: 12, titleFontSize: 12 },
    ...{ titleFontWeight: 'normal', gridColor: 'currentColor', gridOpacity: 0.13 },
    ...{ domainColor: 'currentColor', tickColor: 'currentColor', domainOpacity: 0.4, tickOpacity: 0.4 },
  },
  legend: { symbolOpacity: 1, labelColor: 'currentColor', labelFontSize: 12, symbolStrokeWidth: 2 },
};
