import type { PlotSpec } from '../../core/evaluate/render-figure.ts';

/** SVG of each specification, drawn without a browser. vega and vega-lite (1.2 MB, 0.3 s) are loaded by the first call. */
export async function drawPlots(specs: readonly PlotSpec[]): Promise<string[]> {
  if (specs.length === 0) return [];
  const [{ compile }, { parse, View, Warn }] = await Promise.all([import('vega-lite'), import('vega')]);
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
      logLevel: Warn,
    });
    drawn.push(await view.toSVG());
    view.finalize();
  }
  return drawn;
}
