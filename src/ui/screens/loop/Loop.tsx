import { FieldList } from '../../components/FieldList.tsx';
import type { Segment } from '../../components/Line.tsx';
import type { Regions } from '../../layout.ts';
import { type LoopRow, type LoopsState, selectedLoop } from '../../state/loop.ts';
import { type LoopForm, loopFields } from '../../state/loop-form.ts';
import type { AppState } from '../../state/state.ts';
import { ListPane } from '../ListPane.tsx';
import { Prompted } from '../Prompted.tsx';
import { type PaneSize, runsArea } from '../runs/layout.ts';
import { OneLoop } from './OneLoop.tsx';

/** Adversarial loops: all of them, one as a grid of stages, or the form of a new one. */
export function Loop({ state, regions }: { state: AppState; regions: Regions }) {
  return (
    <Prompted state={state} regions={regions} prompt={state.loop.prompt}>
      <View state={state} regions={regions} />
    </Prompted>
  );
}

function View({ state, regions }: { state: AppState; regions: Regions }) {
  const { loop } = state;
  const size = runsArea(regions);
  switch (loop.view.kind) {
    case 'list':
      return <LoopList loops={loop} size={size} />;
    case 'form':
      return <NewLoop form={loop.view.form} size={size} />;
    case 'loop':
      return <OneLoop loops={loop} view={loop.view} regions={regions} />;
  }
}

function LoopList({ loops, size }: { loops: LoopsState; size: PaneSize }) {
  const selected = selectedLoop(loops);
  const columns = `   ${'name'.padEnd(19)}${'rounds'.padEnd(8)}${'next'.padEnd(36)}alarms`;
  return (
    <ListPane
      title="Loops"
      loading={loops.loading}
      head={[[{ text: columns, tone: 'strong' }]]}
      rows={loops.loops.map((row) => ({ key: row.name, segments: cells(row, loops.running?.name ?? null) }))}
      selected={selected}
      empty="no loop yet: n makes one (it needs two corpora of real sessions: `foil import`, or the Sessions screen)"
      failed={loops.failed ?? loops.loops[selected]?.failed ?? null}
      size={size}
    />
  );
}

function cells({ name, iterations, next, alarms, holder, failed }: LoopRow, here: string | null): Segment[] {
  const who = here === name ? '● runs here' : holder === null ? '' : `● ${holder} runs it`;
  return [
    { text: `  ${name.padEnd(18)} ` },
    { text: String(iterations ?? '').padEnd(8) },
    { text: `${failed === null ? next : '✗ cannot be read'}`.padEnd(36), tone: failed === null ? 'plain' : 'error' },
    { text: alarms.length === 0 ? '' : `✗ ${alarms.join(', ')}  `, tone: 'error' },
    { text: who, tone: 'ok' },
  ];
}

function NewLoop({ form, size }: { form: LoopForm; size: PaneSize }) {
  const { settings, selected } = form;
  const fields = loopFields(form);
  const changed = fields.filter((field) => field.changed).length;
  const presets: Readonly<Record<string, string>> = {
    Discriminator: settings.discriminator.preset,
    DPO: settings.dpo.preset,
  };
  return (
    <FieldList
      title={`New loop ─ ${settings.name}`}
      note={changed === 0 ? 'as in the paper, where it says' : `${changed} changed`}
      fields={fields}
      selected={selected}
      focused
      button="Make the loop: Ctrl+S (nothing is started)"
      presetOf={(section) => presets[section] ?? null}
      {...size}
    />
  );
}
