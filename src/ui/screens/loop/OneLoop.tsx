import type { Grid } from '../../../core/workflows/loop/plan.ts';
import { Chart, Rows } from '../../components/Chart.tsx';
import { Frame } from '../../components/Frame.tsx';
import { Line } from '../../components/Line.tsx';
import { RowsFrame } from '../../components/RowsFrame.tsx';
import { Box } from '../../ink.ts';
import type { Regions } from '../../layout.ts';
import {
  type LoopScreenView,
  type LoopsState,
  type OpenLoop,
  type RunningLoop,
  shownAlarm,
  shownLoop,
} from '../../state/loop.ts';
import { iterationTitle, stageRows } from '../../state/loop-detail.ts';
import { alarmCells, alarmSeries, alarmsHeader, alarmText, figureRows, VERDICTS } from '../../state/loop-figures.ts';
import { gridHeader, gridRows, gridTop, ROWS_AN_ITERATION } from '../../state/loop-grid.ts';
import { alarmsText, firing } from '../../state/loop-run.ts';
import { wrapped } from '../../state/runs-view.ts';
import { type PaneSize, runsArea } from '../runs/layout.ts';
import { loopPanes } from './layout.ts';

type View = Extract<LoopScreenView, { kind: 'loop' }>;

/** One loop: the grid of its stages, what is known of the one under the cursor, alarms and figures. */
export function OneLoop({ loops, view, regions }: { loops: LoopsState; view: View; regions: Regions }) {
  const shown = shownLoop(loops);
  if (!shown || (loops.failed !== null && !shown.here))
    return <NotRead loops={loops} name={view.name} size={runsArea(regions)} />;
  const panes = loopPanes(regions, view.pane, shown.view.grid.rows.length);
  return (
    <Box flexDirection="column">
      {panes.grid ? <StageGrid loop={shown} view={view} note={noteOf(loops, shown)} size={panes.grid} /> : null}
      <Box flexDirection="row">
        {panes.stage ? (
          <RowsFrame
            title={`${view.stage} ─ ${iterationTitle(shown, view.iteration)}`}
            rows={stageRows(shown, view, panes.stage.width - 2)}
            top={view.pane === 'stage' ? view.top : 0}
            focused={false}
            {...panes.stage}
          />
        ) : null}
        {panes.alarms ? <Alarms loop={shown} view={view} size={panes.alarms} /> : null}
        {panes.figures ? (
          <RowsFrame
            title={`Figures ─ ${view.name}`}
            rows={figureRows(shown, panes.figures.width - 2)}
            top={view.top}
            focused={view.pane === 'figures'}
            {...panes.figures}
          />
        ) : null}
      </Box>
    </Box>
  );
}

function NotRead({ loops, name, size }: { loops: LoopsState; name: string; size: PaneSize }) {
  const said = loops.failed === null ? ['reading …'] : loops.failed.split('\n');
  const rows = said.flatMap((line) => wrapped(line, size.width - 4));
  const tone = loops.failed === null ? 'dim' : 'error';
  return (
    <Frame title={`Loop ─ ${name}`} note={loops.failed === null ? '' : 'r reads it again'} focused {...size}>
      <Rows rows={rows.map((text) => [{ text: ` ${text}`, tone }])} width={size.width - 2} height={size.height - 2} />
    </Frame>
  );
}

/** What fires, and who runs it or what comes next. */
function noteOf({ running }: LoopsState, { view, holder, settings }: OpenLoop): string {
  const fires = firing(view.alarms);
  const here = running?.name === settings.name ? running : null;
  return `${fires === '' ? '' : `✗ ${fires} · `}${here ? hereText(here) : (holderText(holder) ?? nextText(view.grid))}`;
}

function hereText({ stopping, extent }: RunningLoop): string {
  return stopping ? 'stopping …' : `● runs here: ${EXTENT[extent]}`;
}

const holderText = (holder: string | null) => (holder === null ? null : `● ${holder} runs it`);

function nextText({ next }: Grid): string {
  return next ? `next: ${next.stage} of iteration ${next.iteration}` : '✓ done';
}

const EXTENT = { stage: 'one stage', iteration: 'one iteration', all: 'all' } as const;

interface PaneProps {
  readonly loop: OpenLoop;
  readonly view: View;
  readonly size: PaneSize;
}

function StageGrid({ loop, view, note, size }: PaneProps & { note: string }) {
  const width = size.width - 2;
  const height = size.height - 3;
  const rows = gridRows(loop, view, width);
  const at = ROWS_AN_ITERATION * loop.view.grid.rows.findIndex(({ iteration }) => iteration === view.iteration);
  const top = gridTop(rows.length, at, height);
  return (
    <Frame title={`Loop ─ ${view.name}`} note={note} focused={view.pane === 'stage'} {...size}>
      <Line segments={gridHeader(width)} width={width} />
      <Rows rows={rows.slice(top)} width={width} height={height} />
    </Frame>
  );
}

/** Rows of words about the alarm that is chosen. */
const WORDS = 3;

function Alarms({ loop, view, size }: PaneProps) {
  const { alarms } = loop.view;
  const width = size.width - 2;
  const chosen = alarms[shownAlarm(loop.view, view.alarm)];
  const focused = view.pane === 'alarms';
  if (!chosen) return <Frame title="Alarms" focused={focused} {...size} />;
  const words = wrapped(alarmText(chosen), width - 2).slice(0, WORDS);
  const room = size.height - 3 - alarms.length - WORDS;
  return (
    <Frame title="Alarms" note={alarmsText(alarms)} focused={focused} {...size}>
      <Line segments={alarmsHeader(chosen, width)} width={width} />
      {alarms.map((alarm) => (
        <Line
          key={alarm.code}
          width={width}
          selected={focused && alarm === chosen}
          segments={[{ text: alarm === chosen ? '▌' : ' ', tone: 'focus' }, ...alarmCells(alarm, width)]}
        />
      ))}
      <Rows
        rows={words.map((text) => [{ text: ` ${text}`, tone: VERDICTS[chosen.verdict].tone }])}
        width={width}
        height={WORDS}
      />
      {room >= 3 ? <Chart series={alarmSeries(chosen)} width={width} height={room} x="k" /> : null}
    </Frame>
  );
}
