import type { Regions } from '../../layout.ts';
import type { EvaluationPane } from '../../state/evaluate.ts';
import { type PaneSize, runsArea } from '../runs/layout.ts';

/** Sizes of the panes with their frames; null where a pane does not show. */
export type EvaluationPanes = Readonly<Record<EvaluationPane, PaneSize | null>>;

const WIDE_COLUMNS = 120;
const WIDE_ROWS = 34;
const CONTENTS = 40;
/** Of the width, what the contents take at most while they have the focus; the exhibit needs the rest. */
const SHARE = 0.45;
const NOTES = 11;

/**
 * Contents, exhibit and notes beside each other where there is room for them, else one at a time.
 * @param titles cells that the contents need to show every title whole.
 */
export function evaluationPanes(regions: Regions, pane: EvaluationPane, titles: number): EvaluationPanes {
  const whole = runsArea(regions);
  const { width, height } = whole;
  if (width < WIDE_COLUMNS || height < WIDE_ROWS) {
    const only = (own: EvaluationPane) => (pane === own ? whole : null);
    return { contents: only('contents'), exhibit: only('exhibit'), notes: only('notes') };
  }
  const left = pane === 'contents' ? Math.max(CONTENTS, Math.min(titles, Math.floor(width * SHARE))) : CONTENTS;
  const right = width - left;
  return {
    contents: { width: left, height },
    exhibit: { width: right, height: height - NOTES },
    notes: { width: right, height: NOTES },
  };
}

/** How the inside of an exhibit's frame is divided: plot, list or table, and the notes where they have no pane. */
export function exhibitRows(
  inner: number,
  notes: number,
  { plot, wide }: { readonly plot: boolean; readonly wide: boolean },
): { plot: number; list: number; notes: number } {
  const said = wide ? 0 : Math.min(notes, Math.max(2, Math.floor(inner / 5)));
  const rest = inner - said;
  const drawn = plot ? Math.max(5, Math.floor(rest * 0.62)) : 0;
  return { plot: drawn, list: rest - drawn, notes: said };
}
