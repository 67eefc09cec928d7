import { cellWidth, fitWidth } from '../../../core/text/wrap.ts';
import { FieldList } from '../../components/FieldList.tsx';
import type { Segment } from '../../components/Line.tsx';
import type { Regions } from '../../layout.ts';
import { type DrawForm, drawFields } from '../../state/draw-form.ts';
import { type EvaluationRow, type EvaluationsState, selectedEvaluation } from '../../state/evaluate.ts';
import { type EvaluationForm, evaluationFields } from '../../state/evaluate-form.ts';
import type { AppState } from '../../state/state.ts';
import { ListPane } from '../ListPane.tsx';
import { Prompted } from '../Prompted.tsx';
import { type PaneSize, runsArea } from '../runs/layout.ts';
import { OneEvaluation } from './OneEvaluation.tsx';

/** Evaluations: all of them, one with its tables and figures, or the form of a new one. */
export function Evaluate({ state, regions }: { state: AppState; regions: Regions }) {
  return (
    <Prompted state={state} regions={regions} prompt={state.evaluate.prompt}>
      <View state={state} regions={regions} />
    </Prompted>
  );
}

function View({ state, regions }: { state: AppState; regions: Regions }) {
  const { evaluate } = state;
  const size = runsArea(regions);
  switch (evaluate.view.kind) {
    case 'list':
      return <EvaluationList state={evaluate} size={size} />;
    case 'form':
      return <Form form={evaluate.view.form} size={size} />;
    case 'draw':
      return <Draw form={evaluate.view.form} size={size} />;
    case 'one':
      return <OneEvaluation state={evaluate} view={evaluate.view} regions={regions} />;
  }
}

/** Cells of the column of names: the longest, within reason. */
const LEAST_NAME = 6;
const MOST_NAME = 28;

function EvaluationList({ state, size }: { state: EvaluationsState; size: PaneSize }) {
  const { rows, loading } = state;
  const selected = selectedEvaluation(state);
  const names = Math.min(MOST_NAME, Math.max(LEAST_NAME, ...rows.map(({ name }) => cellWidth(name))));
  const columns = `   ${'name'.padEnd(names + 1)}${'state'.padEnd(24)}${'last run'.padEnd(18)}sides`;
  return (
    <ListPane
      title="Evaluations"
      loading={loading}
      head={[[{ text: columns, tone: 'strong' }]]}
      rows={rows.map((row) => ({ key: row.name, segments: cells(row, names, state.running?.spec.name ?? null) }))}
      selected={selected}
      empty="no evaluation yet: n makes one (it needs a corpus of real and one of simulated sessions)"
      failed={state.failed ?? rows[selected]?.failed ?? null}
      size={size}
    />
  );
}

const STATES = {
  new: '○ never ran',
  done: '✓ done',
  unfinished: '◐ unfinished',
  unreadable: '✗ cannot be read',
} as const;

function cells({ name, state, sides, missing, at }: EvaluationRow, names: number, here: string | null): Segment[] {
  const none = missing === 0 ? '' : `, ${missing} missing`;
  const word = here === name ? '● runs here' : `${STATES[state]}${none}`;
  return [
    { text: `  ${fitWidth(name, names)} ` },
    { text: word.padEnd(24), tone: state === 'unreadable' ? 'error' : here === name ? 'ok' : 'plain' },
    { text: (at ?? '').slice(0, 16).replace('T', ' ').padEnd(18), tone: 'dim' },
    { text: sides },
  ];
}

function Form({ form, size }: { form: EvaluationForm; size: PaneSize }) {
  const fields = evaluationFields(form);
  const changed = fields.filter((field) => field.changed).length;
  return (
    <FieldList
      title={form.known ? `Change ─ ${form.spec.name}` : `New evaluation ─ ${form.spec.name}`}
      note={changed === 0 ? '' : `${changed} changed`}
      fields={fields}
      selected={form.selected}
      focused
      button={form.known ? 'Keep it: Ctrl+S (nothing is started)' : 'Make it: Ctrl+S (nothing is started)'}
      presetOf={() => null}
      {...size}
    />
  );
}

function Draw({ form, size }: { form: DrawForm; size: PaneSize }) {
  const title = form.of === 'sitting' ? 'New sitting ─ real or simulated?' : 'New sample ─ label by hand';
  return (
    <FieldList
      title={title}
      note={form.busy ? 'is being drawn …' : ''}
      fields={drawFields(form)}
      selected={form.selected}
      focused
      button="Draw it, and begin: Ctrl+S"
      presetOf={() => null}
      {...size}
    />
  );
}
