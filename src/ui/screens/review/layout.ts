import type { ShownPair } from '../../../core/workflows/review/types.ts';
import type { Regions } from '../../layout.ts';
import { sideText } from '../../state/review-text.ts';
import { remarks } from '../../state/review-view.ts';

export interface PaneSize {
  readonly width: number;
  readonly height: number;
}

/** Sizes of the panes with their frames. */
export interface ReviewPanes {
  /** The sides stand side by side. */
  readonly wide: boolean;
  readonly history: PaneSize;
  readonly left: PaneSize;
  readonly right: PaneSize;
  /** Rows of warnings and note between sides and status; one is always kept, so that nothing jumps. */
  readonly remarks: number;
}

/** Below this width two columns would leave fewer than 48 for text, as a message window has. */
const SIDE_BY_SIDE = 100;
/** Rows for remarks at most, and where there are few rows in all. */
const MAX_REMARKS = { usual: 3, short: 1 };
const SHORT = 18;
/** Shares of the panes' rows that sides have where they are short, and at most. Wide: both in one band. */
const SHARE = { wide: { usual: 0.4, most: 0.64 }, stacked: { usual: 0.3, most: 0.74 } } as const;
/** A frame with one row. */
const LEAST = 3;

/** Cells for text in a side. */
export function sideWidth({ width }: PaneSize): number {
  return width - 4;
}

/**
 * Divides the screen. Sides stand in the same rows for each pair, so that eyes need not search; only longer ones grow, at
 * the expense of the history.
 */
export function reviewPanes(pair: ShownPair, regions: Regions): ReviewPanes {
  const { width } = regions.body;
  const area = regions.body.height - regions.status.height - 2;
  const rows = Math.max(1, remarks(pair, width, area < SHORT ? MAX_REMARKS.short : MAX_REMARKS.usual).length);
  const height = area - rows;
  const wide = width >= SIDE_BY_SIDE;
  const half = Math.floor(width / 2);
  const widths = wide ? { left: half, right: width - half } : { left: width, right: width };
  const need = (place: 'left' | 'right') =>
    sideText(pair, place, sideWidth({ width: widths[place], height: 0 })).rows.length + 2;
  const share = wide ? SHARE.wide : SHARE.stacked;
  const usual = Math.max(LEAST, Math.floor(height * share.usual));
  if (wide) {
    const most = Math.max(usual, Math.min(height - LEAST, Math.floor(height * share.most)));
    const band = Math.min(most, Math.max(usual, need('left'), need('right')));
    return {
      ...{ wide, remarks: rows, history: { width, height: height - band } },
      left: { width: widths.left, height: band },
      right: { width: widths.right, height: band },
    };
  }
  const both = Math.max(2 * usual, Math.min(height - LEAST, Math.floor(height * share.most)));
  const wanted = { left: Math.max(usual, need('left')), right: Math.max(usual, need('right')) };
  const [left, right] = divide(wanted.left, wanted.right, both, usual);
  return {
    ...{ wide, remarks: rows, history: { width, height: height - left - right } },
    left: { width, height: left },
    right: { width, height: right },
  };
}

/** What two get of `both` rows when they want so many: the smaller wish first, up to a half; nobody less than `least`. */
function divide(left: number, right: number, both: number, least: number): [number, number] {
  if (left + right <= both) return [left, right];
  const smaller = Math.max(least, Math.min(left, right, Math.floor(both / 2)));
  return left <= right ? [smaller, both - smaller] : [both - smaller, smaller];
}
