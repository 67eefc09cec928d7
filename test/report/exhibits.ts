import type { Exhibit, Figure, Point, Table, TableRow } from '../../src/core/evaluate/table.ts';
import { specSchema } from '../../src/core/workflows/evaluate/spec.ts';
import type { EvaluationView } from '../../src/core/workflows/evaluate/view.ts';

/** What a session may say to break out of where it is shown: HTML, a terminal escape, text that runs backwards. */
export const HOSTILE =
  '</td></table><script>globalThis.pwned = 1</script><img src=x onerror="globalThis.pwned=1">\u001b[31m\u202Egnihton\u202C" onfocus=\'x\' &lt; javascript:alert(1)';

const about = { paper: null, notes: [] };

export function row(key: string, cells: TableRow['cells'], more: Partial<TableRow> = {}): TableRow {
  return { key, group: null, cells, reported: null, behind: [], ...more };
}

export function estimate(value: number, n = 40): { value: number; low: number; high: number; n: number } {
  return { value, low: value * 0.9, high: value * 1.1, n };
}

export const features: Exhibit & Table = {
  ...{ type: 'table', id: 'features', title: 'Features', paper: 'Table 1', notes: ['Words are words.', HOSTILE] },
  columns: [
    { key: 'n', title: 'sessions', format: 'count' },
    { key: 'ttr', title: 'TTR', format: 'decimal3' },
    { key: 'rate', title: 'rate', format: 'rate' },
    { key: 'p', title: 'p', format: 'p' },
  ],
  rows: [
    row('real', { n: 40, ttr: estimate(0.585), rate: estimate(0.123), p: null }, { reported: { ttr: 0.483 } }),
    row('sim-it0', { n: 40, ttr: estimate(0.574), rate: { value: null, low: null, high: null, n: 0 }, p: 0.00001 }),
  ],
};

export const quotes: Exhibit & Table = {
  ...about,
  ...{ type: 'table', id: 'quotes', title: 'What gives it away' },
  columns: [
    { key: 'said', title: 'said', format: 'quote' },
    { key: 'effect', title: 'effect', format: 'decimal2' },
  ],
  rows: [
    row('1', { said: HOSTILE, effect: -1.5 }, { behind: [{ corpus: 'it0-test', sessions: ['s'] }], group: HOSTILE }),
    row('2', { said: 'a real line', effect: 1 }, { behind: [{ corpus: 'people', sessions: ['p'] }] }),
  ],
};

/** As wide as Table 2. */
export const wide: Exhibit & Table = {
  ...about,
  ...{ type: 'table', id: 'wide', title: 'Discriminators', paper: 'Table 2' },
  columns: Array.from({ length: 18 }, (_, at) => ({
    key: `c${at}`,
    title: `accuracy t ${at}`,
    format: 'rate' as const,
  })),
  rows: ['d0 on sim-it0', 'd1 on sim-it1'].map((key, of) =>
    row(key, Object.fromEntries(Array.from({ length: 18 }, (_, at) => [`c${at}`, estimate(0.5 + at / 50, 80 + at)])), {
      reported: of === 0 ? { c0: 0.62 } : null,
    }),
  ),
};

/** Wider than any page, with names that are long. */
export const many: Exhibit & Table = {
  ...about,
  ...{ type: 'table', id: 'many', title: 'Many columns and rows' },
  columns: Array.from({ length: 14 }, (_, at) => ({
    key: `c${at}`,
    title: `a column of number ${at}`,
    format: 'decimal3' as const,
  })),
  rows: Array.from({ length: 30 }, (_, at) =>
    row(
      `a category with quite a long name, number ${at}`,
      Object.fromEntries(Array.from({ length: 14 }, (_c, c) => [`c${c}`, estimate(c / 7, 40 + c + at)])),
      {
        group: at < 15 ? 'Good' : 'Bad',
      },
    ),
  ),
};

function point(x: number | string, y: number, bars = true): Point {
  const bar = (value: number | null) => (bars ? value : null);
  return { x, y, low: bar(y * 0.9), high: bar(y * 1.1), x_low: null, x_high: null, label: null, behind: [] };
}

function figure(
  id: string,
  kind: Figure['kind'],
  series: Figure['series'],
  reference: Figure['reference'] = null,
): Exhibit & Figure {
  return { ...about, type: 'figure', id, title: `A ${kind}`, kind, x: 'user turn', y: 'accuracy', series, reference };
}

const categories = ['Asks for clarity', 'Disagrees with the chatbot, and says so', HOSTILE];

export const figures: (Exhibit & Figure)[] = [
  figure(
    'line',
    'line',
    ['d0', HOSTILE].map((name, of) => ({ name, points: [1, 2, 3, 4].map((t) => point(t, 0.5 + t / (10 + of))) })),
    0.5,
  ),
  figure(
    'bar',
    'bar',
    ['real', 'sim-it0'].map((name, of) => ({ name, points: categories.map((x, at) => point(x, 0.02 * (at + of))) })),
    0,
  ),
  figure(
    'scatter',
    'scatter',
    [
      {
        name: 'sim-it0',
        points: [0.02, 0.03, 0.05].map((x) => ({
          ...point(x, x * 1.1),
          x_low: x * 0.9,
          x_high: x * 1.1,
          label: HOSTILE,
        })),
      },
    ],
    'diagonal',
  ),
  figure(
    'cloud',
    'scatter',
    Array.from({ length: 40 }, (_, of) => ({
      name: `context ${of}`,
      points: Array.from({ length: 8 }, (_p, at) => point(Math.sin(of) + at / 30, Math.cos(of * at), false)),
    })),
  ),
  figure('nothing', 'line', []),
];

/** A run with every kind of section. */
export function view(exhibits: readonly Exhibit[] = [features, quotes, wide, many, ...figures]): EvaluationView {
  const at = '2026-01-02T03:04:05.000Z';
  const spec = specSchema.parse({ schema: 1, name: 'it0', real: 'people', simulated: ['it0-test'] });
  const sha256 = 'ab'.repeat(32);
  return {
    begin: {
      ...{
        schema: 1,
        type: 'begin',
        at,
        foil: '0.1.0',
        command: 'foil eval --name it0',
        spec,
        metrics: ['linguistic', 'x', 'y'],
      },
      sides: [
        { name: 'real', kind: 'real', corpora: ['people'], chatbots: [HOSTILE], sessions: 40, contexts: 40 },
        { name: 'sim-it0', kind: 'simulated', corpora: ['it0-test'], chatbots: ['bot'], sessions: 40, contexts: 40 },
      ],
      inputs: [
        { kind: 'corpus', name: 'people', role: 'real', sha256, sessions: 40 },
        { kind: 'model', name: 'd0', role: 'discriminator', sha256: null, sessions: null },
      ],
    },
    sections: [
      {
        metric: 'linguistic',
        title: 'All of them',
        state: 'exhibits',
        exhibits: [...exhibits],
        key: 'k',
        seconds: 1.5,
      },
      { metric: 'x', title: 'Missing', state: 'missing', reason: `there is nothing ${HOSTILE}`, remedy: [HOSTILE] },
      { metric: 'y', title: 'Pending', state: 'pending' },
    ],
    end: { schema: 1, type: 'end', at, seconds: 2, notices: [`to be known ${HOSTILE}`] },
  };
}
