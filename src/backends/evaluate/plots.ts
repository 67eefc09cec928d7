import type { PlotSpec } from '../../core/evaluate/render/figure.ts';
import { cellWidth } from '../../core/text/wrap.ts';

/** SVG of each specification, drawn without a browser. vega and vega-lite (1.2 MB, 0.3 s) are loaded by the first call. */
export async function drawPlots(specs: readonly PlotSpec[]): Promise<string[]> {
  if (specs.length === 0) return [];
  const [{ compile }, vega] = await Promise.all([import('vega-lite'), import('vega')]);
  const { parse, View, Error: errorsOnly } = vega;
  // vega's own way to be told widths where there is no canvas; its types leave it out
  (vega as unknown as { textMetrics: TextMetrics }).textMetrics.width = widthOf;
  const silent = {
    level: () => silent,
    error: () => silent,
    warn: () => silent,
    info: () => silent,
    debug: () => silent,
  };
  const drawn: string[] = [];
  for (const spec of specs) {
    const view = new View(parse(compile(spec as unknown as Parameters<typeof compile>[0], { logger: silent }).spec), {
      renderer: 'none',
      logLevel: errorsOnly,
    });
    drawn.push(await view.toSVG());
    view.finalize();
  }
  return drawn;
}

interface TextMetrics {
  width: (item: { readonly fontSize?: number; readonly limit?: number }, text: unknown) => number;
}

/** Mean advance of a letter of a system font, in its size; without a canvas vega reckons with 0.8, and cuts names short. */
const ADVANCE = 0.58;

/** Of a text as it is cut at its limit, which vega leaves to whoever measures. */
function widthOf({ fontSize = 11, limit = 0 }: { fontSize?: number; limit?: number }, text: unknown): number {
  const width = ADVANCE * fontSize * cellWidth(String(text));
  return limit > 0 ? Math.min(limit, width) : width;
}
