import type { Regions } from '../../layout.ts';
import { matching, type RunsState, selectedIndex } from '../../state/runs.ts';
import { runCells, runsHeader } from '../../state/runs-view.ts';
import type { AppState } from '../../state/state.ts';
import { ListPane } from '../ListPane.tsx';
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
  const filter = runs.filter === '' ? 'all runs' : `"${runs.filter}"`;
  const skipped =
    runs.skipped.length === 0 ? '' : ` · ${runs.skipped.length} folders that are no run: ${runs.skipped[0]?.reason}`;
  return (
    <ListPane
      title="Runs"
      loading={runs.loading}
      note={`${running} running, `}
      focused={runs.prompt === null}
      head={[[{ text: ` ${filter} · newest first${skipped}`, tone: 'dim' }], runsHeader(width)]}
      rows={rows.map((run) => ({
        key: run.record.id,
        segments: runCells(run, run.record.id === runs.marked, runs.now, width),
      }))}
      selected={selected}
      empty={
        runs.filter === ''
          ? 'no run yet: n starts one (first sft on a corpus, then a discriminator, then dpo)'
          : 'no run matches; Esc shows all'
      }
      failed={rows[selected]?.failure ?? null}
      size={size}
    />
  );
}
