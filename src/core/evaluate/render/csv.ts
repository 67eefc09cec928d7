import type { Exhibit, Figure, Table } from '../table.ts';
import { isEstimate } from './grid.ts';

type Field = string | number | null;

/**
 * An exhibit as CSV (RFC 4180: CRLF, fields with commas, quotes or line ends quoted, quotes doubled), numbers at full
 * precision. A column that holds estimates becomes `KEY`, `KEY_low`, `KEY_high`, `KEY_n`; the paper's numbers stand in
 * `KEY_paper`. A figure is a row a point.
 */
export function exhibitCsv(exhibit: Exhibit): string {
  const rows = exhibit.type === 'table' ? tableRows(exhibit) : figureRows(exhibit);
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function tableRows({ columns, rows }: Table): Field[][] {
  const grouped = rows.some(({ group }) => group !== null);
  const head: string[] = [...(grouped ? ['group'] : []), 'row'];
  const parts = columns.map(({ key }) => {
    const estimated = rows.some(({ cells }) => isEstimate(cells[key] ?? null));
    const reported = rows.some((row) => row.reported?.[key] !== undefined);
    head.push(key, ...(estimated ? ['low', 'high', 'n'] : []).map((part) => `${key}_${part}`));
    if (reported) head.push(`${key}_paper`);
    return { key, estimated, reported };
  });
  const body = rows.map((row) => [
    ...(grouped ? [row.group] : []),
    row.key,
    ...parts.flatMap(({ key, estimated, reported }): Field[] => {
      const cell = row.cells[key] ?? null;
      const value = isEstimate(cell) ? cell.value : cell;
      const more = estimated ? (isEstimate(cell) ? [cell.low, cell.high, cell.n] : [null, null, null]) : [];
      return [value, ...more, ...(reported ? [row.reported?.[key] ?? null] : [])];
    }),
  ]);
  return [head, ...body];
}

function figureRows({ series }: Figure): Field[][] {
  return [
    ['series', 'x', 'y', 'x_low', 'x_high', 'y_low', 'y_high', 'label'],
    ...series.flatMap(({ name, points }) =>
      points.map(({ x, y, low, high, x_low, x_high, label }): Field[] => [name, x, y, x_low, x_high, low, high, label]),
    ),
  ];
}

function field(value: Field): string {
  if (value === null) return '';
  const text = String(value);
  // A spreadsheet takes a text that begins so for a formula, and a session may hold one (OWASP, CSV injection).
  const inert = typeof value === 'string' && /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/u.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
