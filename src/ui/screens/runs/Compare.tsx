import { showHyper } from '../../../core/stage/table.ts';
import { Chart, Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { Line, type Segment } from '../../components/Line.tsx';
import { NO_DETAIL } from '../../state/run-detail.ts';
import type { RunDetail, RunsState, RunsView } from '../../state/runs.ts';
import { formatSteps, stateSegment } from '../../state/runs-view.ts';
import { comparable, comparison } from '../../state/series.ts';
import type { PaneSize } from './layout.ts';

type CompareView = Extract<RunsView, { kind: 'compare' }>;

/** Two runs on one plot, and what was asked for differently. */
export function Compare({ runs, view, size }: { runs: RunsState; view: CompareView; size: PaneSize }) {
  const [a, b] = view.ids.map((id) => runs.details[id] ?? NO_DETAIL) as [RunDetail, RunDetail];
  const metrics = comparable(a.progress, b.progress);
  const at = Math.min(view.metric, metrics.length - 1);
  const metric = metrics[at];
  const width = size.width - 2;
  const rows = [...view.ids.map((id) => runRow(id, runs.details[id] ?? NO_DETAIL)), ...differences(a, b)].slice(
    0,
    Math.max(2, Math.floor(size.height / 3)),
  );
  const named = (index: 0 | 1, detail: RunDetail) => ({
    name: nameOf(view.ids[index], detail),
    progress: detail.progress,
  });
  return (
    <Frame
      title="Compare"
      note={`${metric?.title ?? ''}, ${at + 1} of ${metrics.length}`}
      focused
      width={size.width}
      height={size.height}
    >
      <Line segments={[{ text: ` ${metric?.title ?? ''}`, tone: 'strong' }]} width={width} />
      {metric ? (
        <Chart
          series={comparison(metric.points, [named(0, a), named(1, b)])}
          width={width}
          height={size.height - 3 - rows.length}
        />
      ) : null}
      <Rows rows={rows} width={width} height={rows.length} />
    </Frame>
  );
}

function nameOf(id: string, { summary }: RunDetail): string {
  return summary?.record.name ?? id;
}

function runRow(id: string, detail: RunDetail): Segment[] {
  const { summary } = detail;
  if (!summary) return [{ text: ` ${id}: reading …`, tone: 'dim' }];
  return [
    { text: ` ${summary.record.name}  `, tone: 'strong' },
    stateSegment(summary.report.state),
    { text: `step ${formatSteps(summary)}  ${summary.record.launcher}` },
  ];
}

/** Values of the two requests that are not the same. */
function differences(a: RunDetail, b: RunDetail): Segment[][] {
  const [left, right] = [a.summary?.record.request, b.summary?.record.request];
  if (!left || !right) return [];
  const names = [...new Set([...Object.keys(left.changes), ...Object.keys(right.changes)])];
  const preset = left.preset === right.preset ? [] : [` preset: ${left.preset} | ${right.preset}`];
  const rows = names.flatMap((name) => {
    const shown = [left, right].map(({ changes }) => (name in changes ? showHyper(changes[name] ?? null) : 'preset'));
    return shown[0] === shown[1] ? [] : [` ${name}: ${shown.join(' | ')}`];
  });
  return [...preset, ...rows].map((text) => [{ text, tone: 'warn' as const }]);
}
