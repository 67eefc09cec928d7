import type { Regions } from '../../layout.ts';
import type { RunPane } from '../../state/runs.ts';

export interface PaneSize {
  readonly width: number;
  readonly height: number;
}

/** Sizes of the panes of one run with their frames; null where a pane does not show. */
export type RunPanes = Readonly<Record<RunPane, PaneSize | null>> & { readonly wide: boolean };

const WIDE_COLUMNS = 120;
const WIDE_ROWS = 34;

/** What a screen has between title and footer, less the status and the line of the prompt. */
export function runsArea(regions: Regions): PaneSize {
  return { width: regions.body.width, height: regions.body.height - 1 - regions.status.height };
}

/** All panes at once where there is room for them, else the one that has the focus. */
export function runPanes(regions: Regions, pane: RunPane): RunPanes {
  const { width, height } = runsArea(regions);
  if (width < WIDE_COLUMNS || height < WIDE_ROWS) {
    const whole = { width, height };
    return {
      wide: false,
      plots: pane === 'plots' ? whole : null,
      log: pane === 'log' ? whole : null,
      details: pane === 'details' ? whole : null,
    };
  }
  const upper = Math.floor(height * 0.62);
  const right = Math.floor(width * 0.36);
  return {
    wide: true,
    plots: { width: width - right, height: upper },
    details: { width: right, height: upper },
    log: { width, height: height - upper },
  };
}

const MIN_CHART = { width: 36, height: 7 };

/** How many charts stand beside and below each other in a pane. */
export function chartGrid(size: PaneSize, charts: number): { columns: number; rows: number; pages: number } {
  const columns = Math.max(1, Math.min(2, Math.floor((size.width - 2) / MIN_CHART.width), charts));
  const most = Math.max(1, Math.floor((size.height - 3) / MIN_CHART.height));
  const rows = Math.min(most, Math.ceil(charts / columns));
  return { columns, rows, pages: Math.max(1, Math.ceil(charts / (columns * rows))) };
}
