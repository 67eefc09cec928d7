import { Box } from '../ink.ts';
import type { FormField } from '../state/form-fields.ts';
import { wrapped } from '../state/runs-view.ts';
import { Rows } from './Chart.tsx';
import { Frame } from './Frame.tsx';
import { Line, type Segment } from './Line.tsx';
import { listTop } from './List.tsx';

export interface FieldListProps {
  readonly title: string;
  readonly note: string;
  readonly fields: readonly FormField[];
  readonly selected: number;
  readonly focused: boolean;
  /** What the button says. */
  readonly button: string;
  /** The preset whose values stand beside those of a section; null where it has none. */
  readonly presetOf: (section: string) => string | null;
  readonly width: number;
  readonly height: number;
}

/** The fields of a form by sections, one a row, with the help of the selected one below. */
export function FieldList({
  title,
  note,
  fields,
  selected,
  focused,
  button,
  presetOf,
  width: outer,
  height: rowsInAll,
}: FieldListProps) {
  const width = outer - 2;
  const chosen = fields[selected];
  const rows = fields.flatMap((field, index) => [
    ...(field.section !== fields[index - 1]?.section && field.kind !== 'button'
      ? [{ key: field.section, field: null, segments: sectionRow(field.section, presetOf(field.section)) }]
      : []),
    { key: field.key, field, segments: fieldRow(field, button, width) },
  ]);
  // as many rows for each field, so that the list does not jump from one to the next
  const said = Math.min(HELP, Math.max(1, ...fields.map((field) => helpRows(field, width).length)));
  const height = rowsInAll - 3 - said;
  const at = rows.findIndex((row) => row.field === chosen);
  const top = listTop(rows.length, at, height);
  return (
    <Frame title={title} note={note} focused={focused} width={outer} height={rowsInAll}>
      <Box flexDirection="column" width={width} height={height} overflow="hidden">
        {rows.slice(top, top + height).map((row) => (
          <Line
            key={row.key}
            width={width}
            selected={row.field !== null && row.field === chosen}
            segments={[{ text: row.field === chosen ? '▌' : ' ', tone: 'focus' }, ...row.segments]}
          />
        ))}
      </Box>
      <Line segments={[{ text: ` ${'─'.repeat(Math.max(0, width - 2))}`, tone: 'dim' }]} width={width} />
      <Rows rows={helpRows(chosen, width)} width={width} height={said} />
    </Frame>
  );
}

function sectionRow(section: string, preset: string | null): Segment[] {
  const title = ` ${section}`.padEnd(22);
  return preset === null
    ? [{ text: title, tone: 'strong' }]
    : [
        { text: `${title}${'value'.padEnd(24)}`, tone: 'strong' },
        { text: `preset ${preset}`, tone: 'dim' },
      ];
}

function fieldRow(field: FormField, button: string, width: number): Segment[] {
  const { label, value, preset, changed, unit, error, kind } = field;
  if (kind === 'button') return [{ text: `  [ ${button} ]`, tone: 'ok' }];
  const room = preset === null ? width - 24 : 22;
  const shown = `${value}${unit !== null && value !== 'none' && value !== 'any' ? ` ${unit}` : ''}`;
  const cut = shown.length > room ? `${shown.slice(0, room - 1)}…` : shown;
  const mark: Segment[] = preset === null && !changed ? [] : [{ text: changed ? ' * ' : '   ', tone: 'warn' }];
  return [
    { text: `  ${label.padEnd(19)} ` },
    { text: cut.padEnd(preset === null ? 0 : 22), tone: changed ? 'warn' : 'plain' },
    ...mark,
    ...(preset === null ? [] : [{ text: preset, tone: 'dim' as const }]),
    ...(error === null ? [] : [{ text: `  ✗ ${error}`, tone: 'error' as const }]),
  ];
}

/** Rows that the help of a field may take: it says what the field is for, and is nowhere else. */
const HELP = 3;

function helpRows(field: FormField | undefined, width: number): Segment[][] {
  if (!field) return [[]];
  const label = `${field.label}${field.unit === null ? '' : ` (${field.unit})`}:`;
  return wrapped(`${label} ${field.help}`, width - 2).map((line, at) =>
    at === 0 && line.startsWith(label)
      ? [
          { text: ` ${label}`, tone: 'strong' },
          { text: line.slice(label.length), tone: 'dim' },
        ]
      : [{ text: ` ${line}`, tone: 'dim' }],
  );
}
