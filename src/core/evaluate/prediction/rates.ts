import { type Draws, percentiles, resample } from '../../metrics/bootstrap.ts';
import type { Interval } from '../../metrics/proportion.ts';
import type { Count } from '../../metrics/tests.ts';
import { placesBy } from '../source.ts';
import type { Behind } from '../table.ts';

/** What one session adds to a rate: `k` of `n`, messages with an issue of messages say; or a rating as k with n = 1. */
export interface SessionCount extends Count {
  /** Sessions of one context are resampled together. */
  readonly context: string;
}

/** One chatbot configuration in one source. */
export interface RatedChatbot {
  readonly chatbot: string;
  readonly sessions: readonly SessionCount[];
  readonly behind: readonly Behind[];
}

/** The chatbots as real users met them, or a simulator. */
export interface RatedSource {
  readonly name: string;
  readonly paper?: string | null;
  readonly chatbots: readonly RatedChatbot[];
}

/** sum k / sum n over sessions, with its value in each draw of contexts. */
export interface DrawnRate extends Interval {
  readonly value: number;
  readonly drawn: Float64Array;
  readonly n: number;
}

/** @returns null without a unit to count, for which there is no rate. */
export function drawnRate(sessions: readonly SessionCount[], draws: Draws): DrawnRate | null {
  const clusters = placesBy(sessions, ({ context }) => context).map((places) =>
    sum(places.map((at) => sessions[at] as Count)),
  );
  const whole = sum(clusters);
  if (whole.n === 0) return null;
  const drawn = new Float64Array(draws.draws);
  let draw = 0;
  resample(clusters.length, draws, (indices) => {
    let [k, n] = [0, 0];
    for (const index of indices) {
      k += (clusters[index] as Count).k;
      n += (clusters[index] as Count).n;
    }
    drawn[draw] = k / n;
    draw += 1;
  });
  return { ...percentiles(whole.k / whole.n, [...drawn]), drawn, n: sessions.length };
}

export function sum(counts: readonly Count[]): Count {
  return counts.reduce<Count>((all, one) => ({ k: all.k + one.k, n: all.n + one.n }), { k: 0, n: 0 });
}
