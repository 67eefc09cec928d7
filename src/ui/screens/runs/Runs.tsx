import { Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { Line } from '../../components/Line.tsx';
import { List } from '../../components/List.tsx';
import type { Regions } from '../../layout.ts';
import { matching, type RunsState, selectedIndex } from '../../state/runs.ts';
import { runCells, runsHeader, wrapped } from '../../state/runs-view.ts';
import type { AppState } from '../../state/state.ts';
import { Prompted } from '../Prompted.tsx';
import { Compare } from './Compare.tsx';
import { Form } from './Form.tsx';
import { type PaneSize, runsArea } from './layout.ts';
import { OneRun } from './OneRun.tsx';

/** Training runs: all of them, one, two on one plot, or the form of a new one. */
export function Runs({ state, regions }: { state: AppState; regions: Regions }) {
  return (
    <Prompted state={state} regions={regions} prompt={state.runs.prompt}>
      <View state={state} regions={regions} />
    </Prompted>
  );
}

function View({ state, regions }: { state: AppState; regions: Regions }) {
  const { runs } = state;
  const { view } = runs;
  switch (view.kind) {
    case 'list':
      return <RunList runs={runs} size={runsArea(regions)} />;
    case 'run':
      return <OneRun runs={runs} view={view} regions={regions} />;
    case 'compare':
      return <Compare runs={runs} view={view} size={runsArea(regions)} />;
    case 'form':
      return <Form form={view.form} size={runsArea(regions)} />;
  }
}

function RunList({ runs, size }: { runs: RunsState; size: PaneSize }) {
  const rows = matching(runs);
  const width = size.width - 2;
  const selected = selectedIndex(runs);
  const running = runs.runs.filter(({ report }) => report.state === 'running').length;
  const chosen = rows[selected];
  const said = chosen?.failure ? wrapped(chosen.failure, width - 2).slice(0, 4) : [];
  const filter = runs.filter === '' ? 'all runs' : `"${runs.filter}"`;
  const skipped =
    runs.skipped.length === 0 ? '' : ` · ${runs.skipped.length} folders that are no run: ${runs.skipped[0]?.reason}`;
  return (
    <Frame
      title="Runs"
      note={
        runs.loading ? 'reading …' : `${running} running, ${rows.length === 0 ? 0 : selected + 1} of ${rows.length}`
      }
      focused={runs.prompt === null}
      width={size.width}
      height={size.height}
    >
      <Line segments={[{ text: ` ${filter} · newest first${skipped}`, tone: 'dim' }]} width={width} />
      <Line segments={runsHeader(width)} width={width} />
      <List
        rows={rows.map((run) => ({
          key: run.record.id,
          segments: runCells(run, run.record.id === runs.marked, runs.now, width),
        }))}
        selected={selected}
        width={width}
        height={size.height - 4 - said.length}
        empty={empty(runs)}
      />
      <Rows
        rows={said.map((text) => [{ text: ` ${text}`, tone: 'error' as const }])}
        width={width}
        height={said.length}
      />
    </Frame>
  );
}

function empty({ loading, filter }: RunsState): string {
  if (loading) return 'reading …';
  return filter === ''
    ? 'no run yet: n starts one (first sft on a corpus, then a discriminator, then dpo)'
    : 'no run matches; Esc shows all';
}
