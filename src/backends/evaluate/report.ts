import { plotSpec } from '../../core/evaluate/render/figure.ts';
import { type Plots, reportHtml } from '../../core/evaluate/render/report.ts';
import type { EvaluationView } from '../../core/workflows/evaluate/view.ts';
import { drawPlots } from './plots.ts';

/** Widths of the two drawings of each figure, in CSS pixels: a phone shows the first, all else the second. */
const NARROW = 320;
const WIDE = 760;

/** An evaluation as one HTML file that loads nothing and runs no script. */
export async function renderReport(view: EvaluationView): Promise<string> {
  const figures = view.sections
    .flatMap((section) => (section.state === 'exhibits' ? section.exhibits : []))
    .filter((exhibit) => exhibit.type === 'figure');
  const drawn = await drawPlots(figures.flatMap((figure) => [plotSpec(figure, NARROW), plotSpec(figure, WIDE)]));
  const plots: Plots = new Map(
    figures.map((figure, at) => [figure.id, { narrow: drawn[2 * at] ?? '', wide: drawn[2 * at + 1] ?? '' }]),
  );
  return reportHtml(view, plots);
}
