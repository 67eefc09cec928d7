import { Frame } from '../../components/Frame.tsx';
import { Line, type Segment } from '../../components/Line.tsx';
import { listTop } from '../../components/List.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Box } from '../../ink.ts';
import type { FormState } from '../../state/form.ts';
import { type FormField, formFields } from '../../state/form-fields.ts';
import { preflightRows } from '../../state/preflight-view.ts';
import type { PaneSize } from './layout.ts';

const SIDE_BY_SIDE = 130;

/** The form of a run and what its check found; side by side where there is room. */
export function Form({ form, size }: { form: FormState; size: PaneSize }) {
  if (size.width < SIDE_BY_SIDE) {
    return form.pane === 'fields' ? <Fields form={form} size={size} /> : <Check form={form} size={size} />;
  }
  const left = Math.floor(size.width * 0.52);
  return (
    <Box flexDirection="row">
      <Fields form={form} size={{ ...size, width: left }} />
      <Check form={form} size={{ ...size, width: size.width - left }} />
    </Box>
  );
}

function Fields({ form, size }: { form: FormState; size: PaneSize }) {
  const { request } = form;
  const fields = formFields(form);
  const width = size.width - 2;
  const changed = fields.filter((field) => field.changed).length;
  const chosen = fields[form.selected];
  const rows = fields.flatMap((field, index) => [
    ...(field.section !== fields[index - 1]?.section && field.kind !== 'button'
      ? [{ key: field.section, field: null, segments: sectionRow(field.section, request.preset) }]
      : []),
    { key: field.key, field, segments: fieldRow(field, width) },
  ]);
  const height = size.height - 4;
  const at = rows.findIndex((row) => row.field === chosen);
  const top = listTop(rows.length, at, height);
  return (
    <Frame
      title={`New run ─ ${request.stage}${request.from === null ? '' : `, cloned from ${request.from}`}`}
      note={changed === 0 ? `preset ${request.preset}` : `preset ${request.preset}, ${changed} changed`}
      focused={form.pane === 'fields'}
      width={size.width}
      height={size.height}
    >
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
      <Line segments={helpRow(chosen)} width={width} />
    </Frame>
  );
}

function sectionRow(section: string, preset: string): Segment[] {
  const title = ` ${section}`.padEnd(22);
  return section === 'Hyper-parameters'
    ? [
        { text: `${title}${'value'.padEnd(24)}`, tone: 'strong' },
        { text: `preset ${preset}`, tone: 'dim' },
      ]
    : [{ text: title, tone: 'strong' }];
}

function fieldRow(field: FormField, width: number): Segment[] {
  const { label, value, preset, changed, unit, error, kind } = field;
  if (kind === 'button') return [{ text: '  [ Start: check, then Ctrl+S ]', tone: 'ok' }];
  const room = preset === null ? width - 24 : 22;
  const shown = `${value}${unit !== null && value !== 'none' && value !== 'any' ? ` ${unit}` : ''}`;
  const cut = shown.length > room ? `${shown.slice(0, room - 1)}…` : shown;
  return [
    { text: `  ${label.padEnd(19)} ` },
    { text: cut.padEnd(preset === null ? 0 : 22), tone: changed ? 'warn' : 'plain' },
    ...(preset === null ? [] : [{ text: changed ? ' * ' : '   ', tone: 'warn' as const }]),
    ...(preset === null ? [] : [{ text: preset, tone: 'dim' as const }]),
    ...(error === null ? [] : [{ text: `  ✗ ${error}`, tone: 'error' as const }]),
  ];
}

function helpRow(field: FormField | undefined): Segment[] {
  if (!field) return [{ text: ' ' }];
  const unit = field.unit === null ? '' : ` (${field.unit})`;
  return [
    { text: ` ${field.label}${unit}: `, tone: 'strong' },
    { text: field.help, tone: 'dim' },
  ];
}

function Check({ form, size }: { form: FormState; size: PaneSize }) {
  const rows = preflightRows(form, size.width - 2);
  const focused = form.pane === 'preflight';
  return <RowsFrame title="Check before it starts" rows={rows} top={form.top} focused={focused} {...size} />;
}
