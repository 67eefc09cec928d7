import type { Draws } from '../metrics/bootstrap.ts';
import type { Interval } from '../metrics/proportion.ts';
import type { Estimate } from './table.ts';

/** A figure with its interval as a cell; what is no finite number is null. */
export function estimateOf(figure: (Interval & { readonly value: number }) | null, n: number): Estimate {
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  if (figure === null || !Number.isFinite(figure.value)) return { value: null, low: null, high: null, n };
  return { value: figure.value, low: finite(figure.low), high: finite(figure.high), n };
}

/** What a note says of intervals by a bootstrap. */
export function intervalNote({ draws, seed }: Draws, over = 'contexts'): string {
  return `95% intervals: ${draws} bootstrap samples of ${over}, seed ${seed}.`;
}
