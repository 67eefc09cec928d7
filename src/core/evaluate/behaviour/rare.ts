import { clopperPearson } from '../../metrics/proportion.ts';
import type { Count } from '../../metrics/tests.ts';
import type { Behind, Cell, Column, Exhibit } from '../table.ts';

/** Something that a turn or a session has, or has not, counted in each source: an action, an issue, a word. */
export interface Behaviour {
  readonly key: string;
  readonly title: string;
  readonly group: string | null;
  /** By source, in the order of `names`. */
  readonly counts: readonly Count[];
  readonly behind: readonly Behind[];
}

/** Rates of real users up to which a behaviour counts as rare. */
const RARE = 0.05;

/**
 * Whether simulators do what people seldom do. Rates with exact intervals (Clopper & Pearson), since of a thing that was
 * never seen no bootstrap can say how rare it may be.
 * @param names the real side first. @param unit what is counted: `user turns`.
 */
export function rareExhibit(
  id: string,
  title: string,
  names: readonly string[],
  behaviours: readonly Behaviour[],
  unit: string,
  notes: readonly string[],
): Exhibit {
  const rare = behaviours
    .filter(({ counts: [real] }) => real !== undefined && real.k > 0 && real.k <= RARE * real.n)
    .sort((a, b) => rateOf(b.counts[0]) - rateOf(a.counts[0]));
  const covered = names.slice(1).map((name, at) => {
    const met = rare.filter(({ counts }) => (counts[at + 1]?.k ?? 0) > 0).length;
    const expected = rare.reduce(
      (sum, { counts: [real, ...others] }) => sum + chanceOfOne(rateOf(real), others[at]?.n ?? 0),
      0,
    );
    return `${name} shows ${met} of ${rare.length}; as many ${unit} of real users would show ${expected.toFixed(1)}.`;
  });
  return {
    type: 'table',
    id,
    title,
    paper: null,
    notes: [
      `What real users do in at most ${100 * RARE}% of ${unit}, and do at all. Exact 95% intervals, as if ${unit} were independent.`,
      ...covered,
      '"Never" is marked where so many real turns would have shown it with a chance above 95%.',
      ...notes,
    ],
    columns: names.flatMap((name, at): Column[] => [
      { key: name, title: name, format: 'rate' },
      ...(at === 0 ? [] : [{ key: `${name} verdict`, title: 'beside real', format: 'text' } as const]),
    ]),
    rows: rare.map(({ key, title: shown, group, counts, behind }) => ({
      key: shown === key ? key : `${shown} (${key})`,
      group,
      cells: Object.fromEntries(
        names.flatMap((name, at): [string, Cell][] => [
          [name, exact(counts[at])],
          ...(at === 0 ? [] : [[`${name} verdict`, verdict(counts[0], counts[at])] as [string, Cell]]),
        ]),
      ),
      reported: null,
      behind: [...behind],
    })),
  };
}

function exact(count: Count | undefined): Cell {
  if (!count || count.n === 0) return null;
  return { value: rateOf(count), ...clopperPearson(count.k, count.n), n: count.n };
}

/** By intervals that do not meet; of what was never seen, by how likely that was. */
function verdict(real: Count | undefined, simulated: Count | undefined): string | null {
  if (!real || !simulated || real.n === 0 || simulated.n === 0) return null;
  if (simulated.k === 0)
    return chanceOfOne(rateOf(real), simulated.n) > 0.95 ? 'never' : 'not seen, which may be chance';
  const [a, b] = [clopperPearson(real.k, real.n), clopperPearson(simulated.k, simulated.n)];
  if (b.high < a.low) return 'rarer';
  return b.low > a.high ? 'commoner' : 'alike';
}

/** Chance to see a thing of this rate at all among n. */
function chanceOfOne(rate: number, n: number): number {
  return 1 - (1 - rate) ** n;
}

function rateOf(count: Count | undefined): number {
  return !count || count.n === 0 ? 0 : count.k / count.n;
}
