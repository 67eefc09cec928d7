import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { exhibitCsv } from '../../src/core/evaluate/render/csv.ts';
import { gridOf, numberText } from '../../src/core/evaluate/render/grid.ts';
import { exhibitLines } from '../../src/core/evaluate/render/text.ts';
import { type Exhibit, exhibitSchema, type Table } from '../../src/core/evaluate/table.ts';
import { estimate, features, figures, HOSTILE, many, quotes, row, wide } from './exhibits.ts';

/** RFC 4180, read by its grammar and not by how it was written. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = field.exec(text); match; match = field.exec(text)) {
    rows.at(-1)?.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === '\r\n') rows.push([]);
  }
  expect(rows.pop()).toEqual([]);
  return rows;
}

it('aligns a table, with intervals, and with the paper beside what it reports', () => {
  expect(exhibitLines({ ...features, notes: ['Words are words.'] }, 100)).toEqual([
    'Features (Table 1 of the paper)  [features]',
    '         sessions             TTR, n 40  paper                       rate        p',
    'real           40  0.585 [0.526, 0.643]  0.483  12.3% [11.1, 13.5] (n 40)        –',
    'sim-it0        40  0.574 [0.517, 0.631]                           – (n 0)  <0.0001',
    '  · Words are words.',
  ]);
});

it('goes on below where the terminal ends, with the names again', () => {
  for (const width of [40, 60, 100, 160]) {
    const lines = exhibitLines(many, width);
    for (const line of lines.slice(1)) expect(stringWidth(line)).toBeLessThanOrEqual(Math.max(width, 75));
    // every column of every row is there once
    expect(
      lines
        .filter((line) => line.startsWith('a category with quite a long name, number 7 '))
        .join(' ')
        .match(/\[/gu),
    ).toHaveLength(14);
  }
});

it('sets few rows of many figures as columns', () => {
  const { columns, rows } = gridOf(wide);
  expect(columns.map(({ title }) => title)).toEqual(['', 'd0 on sim-it0', 'paper', 'd1 on sim-it1']);
  expect(rows).toHaveLength(18);
  expect(rows[0]?.cells.map(({ text }) => text)).toEqual(['accuracy t 0, n 80', '50.0%', '62.0%', '50.0%']);
  expect(rows[1]?.cells[2]?.text).toBe('');
});

it('says n once where all of a row share it, and not where a column says it', () => {
  const columns = [
    { key: 'a', title: 'a', format: 'decimal2' as const },
    { key: 'b', title: 'b', format: 'decimal2' as const },
  ];
  const of = (rows: typeof features.rows, more = columns) => gridOf({ ...features, columns: more, rows });
  const own = of([
    row('x', { a: estimate(1, 10), b: estimate(1, 10) }),
    row('y', { a: estimate(1, 20), b: estimate(1, 20) }),
  ]);
  expect(own.columns.at(-1)?.title).toBe('n');
  expect(own.rows.map(({ cells }) => cells.at(-1)?.text)).toEqual(['10', '20']);
  const mixed = of([
    row('x', { a: estimate(1, 10), b: estimate(1, 11) }),
    row('y', { a: estimate(1, 12), b: estimate(1, 11) }),
  ]);
  expect(mixed.columns.map(({ title }) => title)).toEqual(['', 'a', 'b, n 11']);
  expect(mixed.rows.map(({ cells }) => cells.map(({ n }) => n))).toEqual([
    [null, 'n 10', null],
    [null, 'n 12', null],
  ]);
});

it('quotes words of sessions with who said them, one line each, harmless', () => {
  const lines = exhibitLines(quotes, 300, new Set(['it0-test']));
  expect(lines.join('\n')).toContain('“a real line” (real)');
  expect(lines.every((line) => !/[\u001b\u202e\n]/u.test(line))).toBe(true);
  const cells = gridOf(quotes, new Set(['it0-test'])).rows.map(({ cells: [, said] }) => said?.text);
  expect(cells[0]).toMatch(/\(simulated\)$/u);
});

it('shows numbers as their column says', () => {
  expect(numberText(0.00012, 'p')).toBe('0.0001');
  expect(numberText(0.04, 'p')).toBe('0.040');
  expect(numberText(-0.0001, 'decimal2')).toBe('0.00');
  expect(numberText(0.1234, 'rate')).toBe('12.3%');
  expect(numberText(Number.NaN, 'decimal3')).toBe('–');
});

it('lists the points of a figure, and only counts thousands of them', () => {
  const [line, , scatter, cloud] = figures;
  expect(exhibitLines(line as (typeof figures)[0], 200)[2]).toMatch(/user turn +d0/u);
  expect(exhibitLines(line as (typeof figures)[0], 200)[3]).toMatch(/^ +1 +0\.600 \[0\.540, 0\.660\]/u);
  expect(exhibitLines(scatter as (typeof figures)[0], 400).join('\n')).toContain('0.020 [0.018, 0.022]');
  expect(exhibitLines(cloud as (typeof figures)[0], 200)).toContain('  context 39: 8 points');
});

/** Of all that CSV gives a meaning to, and some that it does not. */
const TEXT = fc.array(fc.constantFrom(...'ab",\r\n\t=+-@ é日\u0000')).map((letters) => letters.join(''));

it('writes CSV that a reader of RFC 4180 gets back, whatever the texts', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(TEXT, TEXT), { minLength: 1, maxLength: 5 }), (texts) => {
      const rows = texts.map(([said, key]) => row(key, { said, effect: 1.5 }));
      const read = readCsv(exhibitCsv({ ...(quotes as Exhibit & Table), rows } as Exhibit));
      expect(read).toHaveLength(texts.length + 1);
      const plain = (text: string) => (/^[=+\-@\t\r]/u.test(text) ? `'${text}` : text);
      expect(read.slice(1)).toEqual(texts.map(([said, key]) => [plain(key), plain(said), '1.5']));
    }),
    { numRuns: 50 },
  );
});

it('gives estimates in full in CSV, and the paper beside them', () => {
  const [head, first] = readCsv(exhibitCsv(features));
  expect(head).toEqual([
    'row',
    'n',
    'ttr',
    'ttr_low',
    'ttr_high',
    'ttr_n',
    'ttr_paper',
    'rate',
    'rate_low',
    'rate_high',
    'rate_n',
    'p',
  ]);
  expect(first?.slice(0, 7)).toEqual(['real', '40', '0.585', String(0.585 * 0.9), String(0.585 * 1.1), '40', '0.483']);
  expect(readCsv(exhibitCsv(quotes))[0]?.[0]).toBe('group');
  expect(readCsv(exhibitCsv(figures[0] as (typeof figures)[0]))).toHaveLength(9);
});

it('has exhibits that the schema of files takes back as they are', () => {
  for (const exhibit of [features, quotes, wide, many, ...figures])
    expect(exhibitSchema.parse(JSON.parse(JSON.stringify(exhibit)))).toEqual(exhibit);
  expect(HOSTILE).toContain('script');
});
