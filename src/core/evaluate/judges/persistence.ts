import { bootstrapSums, type Draws } from '../../metrics/bootstrap.ts';
import { rewards } from '../../reward/reward.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { placesBy } from '../source.ts';
import type { Behind, Cell, Exhibit, Figure } from '../table.ts';
import type { ScoredSession } from './verdicts.ts';

/** A gain in log-odds at one user turn, and what is left of it at later ones. */
export interface Gain {
  readonly session: string;
  readonly corpus: string;
  readonly context: string;
  /** z_{t-1}. */
  readonly before: number;
  /** At the turn itself. */
  readonly gain: number;
  /** One, two, ... user turns later, as far as the session goes. */
  readonly later: readonly number[];
}

/** Gains of one kind. */
export interface GainSet {
  readonly name: string;
  /**
   * `slope`: of what is left on the gain with z_{t-1} held fixed, over turns as they came. Without that, the z_{t-1} in both
   * would keep half of pure noise. `ratio`: mean left over mean gain, of two alternatives at one turn, which share z_{t-1}.
   */
  readonly by: 'slope' | 'ratio';
  readonly gains: readonly Gain[];
}

/** r_t of each turn of scored sessions, with z_{t+k} - z_{t-1} after it: what can be seen without simulating anything. */
export function observedGains(sessions: readonly ScoredSession[], logitP0 = 0): Gain[] {
  return sessions.flatMap(({ id, corpus, context, z }) =>
    rewards(z, logitP0).map(({ t, r }) => {
      const before = t === 1 ? logitP0 : (z[t - 2] as number);
      return { session: id, corpus, context, before, gain: r, later: z.slice(t).map((value) => value - before) };
    }),
  );
}

/** What was found by continuing two alternatives of one turn (workflows/evaluate/persist.ts). */
export interface Continued {
  readonly session: string;
  readonly context: string;
  /** z at the turn, and after each further user turn. */
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

/** The lead of the chosen alternative over the rejected one, as long as both go on. */
export function continuedGains(corpus: string, continued: readonly Continued[]): Gain[] {
  return continued.flatMap(({ session, context, chosen, rejected }) => {
    const lead = chosen.slice(0, rejected.length).map((z, at) => z - (rejected[at] as number));
    const [gain, ...later] = lead;
    return gain === undefined ? [] : [{ session, corpus, context, before: 0, gain, later }];
  });
}

/** User turns that are looked ahead. */
const AHEAD = 5;

/**
 * Whether a reward lasts: of a gain at turn t, the share that is left k user turns later. 1 means that it stays, 0 that the
 * discriminator has forgotten it; DPO on gains of 0 trains what D sees for a moment.
 */
export function persistenceExhibits(sets: readonly GainSet[], draws: Draws): Exhibit[] {
  const found = sets.map((set) => ({ set, left: Array.from({ length: AHEAD }, (_, k) => leftAt(set, k, draws)) }));
  const notes = [
    'Share of the gain r_t that is left after k more user turns. By turns as they came: the slope of z(t+k) on r_t with z(t-1) held fixed, over all turns. By alternatives: lead of the chosen over the rejected one of a turn, both continued with the same seeds, over the lead at the turn.',
    `n: turns that have k more. ${intervalNote(draws)}`,
  ];
  const shared = { paper: null, notes };
  const figure: Figure = {
    ...{ id: 'persistence-figure', title: 'What is left of a gain', ...shared },
    ...{ kind: 'line', x: 'user turns later', y: 'share left', reference: 1 },
    series: found.map(({ set, left }) => ({
      name: set.name,
      points: left.flatMap((cell, at) => {
        if (cell.value === null) return [];
        const { value: y, low, high, n } = cell;
        return [{ x: at + 1, y, low, high, x_low: null, x_high: null, label: `${n} turns`, behind: behindOf(set, at) }];
      }),
    })),
  };
  return [
    {
      type: 'table',
      ...{ id: 'persistence', title: 'Persistence of r', ...shared },
      columns: sets.map(({ name }) => ({ key: name, title: name, format: 'decimal2' })),
      rows: Array.from({ length: AHEAD }, (_, at) => ({
        key: `${at + 1} later`,
        group: null,
        cells: Object.fromEntries(found.map(({ set, left }): [string, Cell] => [set.name, left[at] ?? null])),
        reported: null,
        behind: sets.flatMap((set) => behindOf(set, at)),
      })),
    },
    { type: 'figure', ...figure },
  ];
}

function leftAt({ by, gains }: GainSet, k: number, draws: Draws) {
  const own = gains.filter(({ later }) => later.length > k);
  const clusters = placesBy(own, ({ context }) => context);
  if (clusters.length === 0) return estimateOf(null, 0);
  const columns = 9;
  const table = new Float64Array(columns * clusters.length);
  for (const [cluster, places] of clusters.entries()) {
    for (const at of places) {
      const { gain: x, before: w, later } = own[at] as Gain;
      const y = later[k] as number;
      [1, x, w, y, x * x, w * w, x * w, x * y, w * y].forEach((value, column) => {
        table[cluster * columns + column] = (table[cluster * columns + column] as number) + value;
      });
    }
  }
  const [figure] = bootstrapSums(table, columns, (sums) => [by === 'ratio' ? ratio(sums) : slope(sums)], draws);
  return estimateOf(figure ?? null, own.length);
}

function ratio([, x = 0, , y = 0]: Float64Array): number {
  return y / x;
}

/** Of y on x, with w held fixed (least squares with an intercept). */
function slope([n = 0, x = 0, w = 0, y = 0, xx = 0, ww = 0, xw = 0, xy = 0, wy = 0]: Float64Array): number {
  const [sxx, sww, sxw] = [xx - (x * x) / n, ww - (w * w) / n, xw - (x * w) / n];
  const [sxy, swy] = [xy - (x * y) / n, wy - (w * y) / n];
  return sww < 1e-12 * ww || sww === 0 ? sxy / sxx : (sxy * sww - swy * sxw) / (sxx * sww - sxw * sxw);
}

function behindOf({ gains }: GainSet, k: number): Behind[] {
  const corpora = Map.groupBy(
    gains.filter(({ later }) => later.length > k),
    ({ corpus }) => corpus,
  );
  return [...corpora].map(([corpus, own]) => ({ corpus, sessions: [...new Set(own.map(({ session }) => session))] }));
}
