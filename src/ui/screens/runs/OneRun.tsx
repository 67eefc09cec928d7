import { formatBytes } from '../../../core/text/quantity.ts';
import { Chart, HistogramChart } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { Line } from '../../components/Line.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Box } from '../../ink.ts';
import type { Regions } from '../../layout.ts';
import { logView } from '../../state/log.ts';
import { NO_DETAIL } from '../../state/run-detail.ts';
import type { RunDetail, RunsState, RunsView } from '../../state/runs.ts';
import { detailRows, headline } from '../../state/runs-view.ts';
import { type ChartSpec, chartsOf } from '../../state/series.ts';
import { chartGrid, type PaneSize, runPanes } from './layout.ts';

type RunView = Extract<RunsView, { kind: 'run' }>;

/** One run: plots, log and details, side by side where there is room. */
export function OneRun({ runs, view, regions }: { runs: RunsState; view: RunView; regions: Regions }) {
  const detail = runs.details[view.id] ?? NO_DETAIL;
  const panes = runPanes(regions, view.pane);
  const title = detail.summary ? `${detail.summary.record.name} ─ ${detail.summary.record.stage}` : view.id;
  return (
    <Box flexDirection="column">
      <Box flexDirection="row">
        {panes.plots ? <Plots detail={detail} view={view} title={title} size={panes.plots} /> : null}
        {panes.details ? <Details detail={detail} view={view} now={runs.now} size={panes.details} /> : null}
      </Box>
      {panes.log ? (
        <Log detail={detail} title={panes.wide ? 'Log' : `Log ─ ${title}`} view={view} size={panes.log} />
      ) : null}
    </Box>
  );
}

interface PaneProps {
  readonly detail: RunDetail;
  readonly view: RunView;
  readonly size: PaneSize;
}

function Plots({ detail, view, title, size }: PaneProps & { title: string }) {
  const charts = detail.summary ? chartsOf(detail.summary.record.stage, detail.progress) : [];
  const grid = chartGrid(size, charts.length);
  const page = Math.min(view.page, grid.pages - 1);
  const perPage = grid.columns * grid.rows;
  const shown = charts.slice(page * perPage, (page + 1) * perPage);
  const inner = size.width - 2;
  const cell = {
    width: Math.floor(inner / grid.columns),
    height: Math.floor((size.height - 3) / Math.max(1, grid.rows)),
  };
  const rows = Array.from({ length: Math.ceil(shown.length / grid.columns) }, (_, index) =>
    shown.slice(index * grid.columns, (index + 1) * grid.columns),
  );
  return (
    <Frame
      title={title}
      note={grid.pages > 1 ? `plots ${page + 1} of ${grid.pages}` : ''}
      focused={view.pane === 'plots'}
      width={size.width}
      height={size.height}
    >
      <Line segments={headline(detail)} width={inner} />
      {rows.map((row) => (
        <Box key={row[0]?.title ?? ''} flexDirection="row">
          {row.map((chart) => (
            <OneChart key={chart.title} chart={chart} width={cell.width} height={cell.height} />
          ))}
        </Box>
      ))}
    </Frame>
  );
}

function OneChart({ chart, width, height }: { chart: ChartSpec; width: number; height: number }) {
  return (
    <Box flexDirection="column" width={width} height={height} overflow="hidden">
      <Line segments={[{ text: ` ${chart.title}`, tone: 'strong' }]} width={width} />
      {chart.kind === 'series' ? (
        <Chart series={chart.series} width={width} height={height - 1} />
      ) : (
        <HistogramChart histogram={chart.histogram} width={width} height={height - 1} />
      )}
    </Box>
  );
}

function Details({ detail, view, now, size }: PaneProps & { now: number }) {
  const rows = detailRows(detail, now, size.width - 2);
  return <RowsFrame title="Details" rows={rows} top={view.top} focused={view.pane === 'details'} {...size} />;
}

function Log({ detail, view, title, size }: PaneProps & { title: string }) {
  const { log, search } = detail;
  const height = size.height - 2;
  const { lines, share } = logView(log, height);
  const place = log.follow ? 'following the end' : `scrolling stopped at ${Math.round(share * 100)}%: G follows`;
  const note = [search ?? '', place, formatBytes(log.size)].filter(Boolean).join(' · ');
  return (
    <Frame title={title} note={note} focused={view.pane === 'log'} width={size.width} height={size.height}>
      {lines.length === 0 ? (
        <Line segments={[{ text: ' the log is empty', tone: 'dim' }]} width={size.width - 2} />
      ) : null}
      {lines.map(({ at, text }) => (
        <Line
          key={at}
          segments={[{ text: at === log.found ? '▌' : ' ', tone: 'focus' }, { text: text.slice(log.shift) }]}
          width={size.width - 2}
          selected={at === log.found}
        />
      ))}
    </Frame>
  );
}
