import { FieldList } from '../../components/FieldList.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Box } from '../../ink.ts';
import type { FormState } from '../../state/form.ts';
import { formFields } from '../../state/form-fields.ts';
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
  const { stage, from, preset } = form.request;
  const fields = formFields(form);
  const changed = fields.filter((field) => field.changed).length;
  return (
    <FieldList
      title={`New run ─ ${stage}${from === null ? '' : `, cloned from ${from}`}`}
      note={changed === 0 ? `preset ${preset}` : `preset ${preset}, ${changed} changed`}
      fields={fields}
      selected={form.selected}
      focused={form.pane === 'fields'}
      button="Start: check, then Ctrl+S"
      presetOf={(section) => (section === 'Hyper-parameters' ? preset : null)}
      {...size}
    />
  );
}

function Check({ form, size }: { form: FormState; size: PaneSize }) {
  const rows = preflightRows(form, size.width - 2);
  const focused = form.pane === 'preflight';
  return <RowsFrame title="Check before it starts" rows={rows} top={form.top} focused={focused} {...size} />;
}
