import type { Regions } from '../../layout.ts';
import type { LoopPane } from '../../state/loop.ts';
import { ROWS_AN_ITERATION } from '../../state/loop-grid.ts';
import { type PaneSize, runsArea } from '../runs/layout.ts';

/** Sizes of the panes with their frames; null where a pane does not show. */
export interface LoopPanes {
  readonly grid: PaneSize | null;
  readonly stage: PaneSize | null;
  readonly alarms: PaneSize | null;
  readonly figures: PaneSize | null;
}

const WIDE_COLUMNS = 140;
const WIDE_ROWS = 34;
/** Frame and titles of the grid. */
const GRID_EDGE = 3;
/** What is said of a stage needs so many rows. */
const LEAST_STAGE = 8;

/**
 * The grid with what is said of a stage below it; alarms and figures have a page of their own, or stand beside the stage
 * where there is room.
 */
export function loopPanes(regions: Regions, pane: LoopPane, iterations: number): LoopPanes {
  const { width, height } = runsArea(regions);
  const whole = { width, height };
  const wanted = GRID_EDGE + ROWS_AN_ITERATION * iterations;
  const upper = Math.max(GRID_EDGE + ROWS_AN_ITERATION, Math.min(wanted, height - LEAST_STAGE));
  const lower = height - upper;
  if (width < WIDE_COLUMNS || height < WIDE_ROWS) {
    const grid = { width, height: upper };
    if (pane === 'stage') return { grid, stage: { width, height: lower }, alarms: null, figures: null };
    return {
      grid: null,
      stage: null,
      alarms: pane === 'alarms' ? whole : null,
      figures: pane === 'figures' ? whole : null,
    };
  }
  const left = Math.floor(width * 0.44);
  const right = { width: width - left, height: lower };
  return {
    grid: { width, height: upper },
    stage: { width: left, height: lower },
    alarms: pane === 'figures' ? null : right,
    figures: pane === 'figures' ? right : null,
  };
}
