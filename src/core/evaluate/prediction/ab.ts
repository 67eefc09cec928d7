import { type Draws, percentiles } from '../../metrics/bootstrap.ts';
import { clopperPearson } from '../../metrics/proportion.ts';
import {
  type Clustering,
  clustering,
  powerOfSessions,
  powerOfZ,
  sessionsNeeded,
  twoProportionZ,
} from '../../metrics/tests.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import { PAPER_NOTE, TABLE_5 } from '../paper.ts';
import type { Behind, Cell, Column, Exhibit, TableRow } from '../table.ts';
import { drawnRate, type SessionCount, sum } from './rates.ts';

/** Control and treatment of one side. */
export interface Arms {
  readonly control: readonly SessionCount[];
  readonly treatment: readonly SessionCount[];
  readonly behind: readonly Behind[];
}

/** One A/B test, as simulated and (where it was run) among real users. */
export interface AbTest {
  readonly name: string;
  readonly simulated: Arms;
  readonly real: Arms | null;
  /** Its row of Table 5; null for tests of our own. */
  readonly paper?: string | null;
}

export interface AbOptions extends Draws {
  readonly alpha: number;
  readonly power: number;
}

const SIDES = [
  { key: 'sim', title: 'simulated' },
  { key: 'real', title: 'real' },
] as const;

/**
 * Table 5: whether simulated A/B tests point where real ones do; two-proportion z, pooled, two-tailed. Beside it the power
 * that the simulated test had, and the sessions an arm that it takes.
 */
export function abExhibit(title: string, tests: readonly AbTest[], options: AbOptions): Exhibit {
  const columns: Column[] = [
    ...SIDES.flatMap(({ key, title: side }): Column[] => [
      { key: `${key}_control`, title: `${side} control`, format: 'rate' },
      { key: `${key}_treatment`, title: `${side} treatment`, format: 'rate' },
      { key: `${key}_difference`, title: `${side} difference`, format: 'rate' },
      { key: `${key}_z`, title: 'z', format: 'decimal2' },
      { key: `${key}_p`, title: 'p', format: 'p' },
    ]),
    { key: 'agree', title: 'direction', format: 'text' },
    { key: 'power', title: 'power', format: 'rate' },
    { key: 'needed', title: 'sessions needed', format: 'count' },
  ];
  const rows = tests.map((test): TableRow => {
    const cells: Record<string, Cell> = { ...armCells('sim', test.simulated, options) };
    if (test.real) Object.assign(cells, armCells('real', test.real, options));
    const reported = TABLE_5[test.paper ?? ''];
    return {
      key: test.name,
      group: null,
      cells: { ...cells, agree: direction(test, options), ...powerCells(test, options) },
      reported: reported ? { ...reported } : null,
      behind: [...test.simulated.behind, ...(test.real?.behind ?? [])],
    };
  });
  const agreed = tests.filter((test) => test.real && sameSign(test));
  const both = tests.filter(({ real }) => real);
  return {
    type: 'table',
    id: 'ab-replication',
    title,
    paper: 'Table 5',
    notes: [
      `z and p: two proportions, pooled variance, two-tailed, level ${options.alpha}, as if messages were independent. The interval of the difference resamples contexts, and is the one to trust where messages of a session are alike.`,
      ...(both.length > 0 ? [agreementNote(agreed.length, both.length)] : []),
      `Power: chance that the simulated test, with its sessions, finds a difference as large as the real one (without one: as its own, which flatters). Sessions needed: an arm, for ${options.power * 100}% power, with the design effect of these sessions.`,
      intervalNote(options),
      PAPER_NOTE,
    ],
    columns,
    rows,
  };
}

/** Signs agree by chance in half of all tests. */
function agreementNote(k: number, n: number): string {
  const { low, high } = clopperPearson(k, n);
  return `Directions agree in ${k} of ${n} tests (exact 95%: ${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)}%); chance is one in two.`;
}

function armCells(side: string, { control, treatment }: Arms, options: AbOptions): Record<string, Cell> {
  const rates = [control, treatment].map((sessions, at) =>
    drawnRate(sessions, { ...options, seed: options.seed + at }),
  );
  const [a, b] = rates;
  if (!a || !b) return {};
  const { z, p } = twoProportionZ(sum(control), sum(treatment));
  const difference = percentiles(
    b.value - a.value,
    Array.from(b.drawn, (rate, draw) => rate - (a.drawn[draw] as number)),
  );
  return {
    [`${side}_control`]: estimateOf(a, a.n),
    [`${side}_treatment`]: estimateOf(b, b.n),
    [`${side}_difference`]: estimateOf(difference, a.n + b.n),
    [`${side}_z`]: z,
    [`${side}_p`]: p,
  };
}

function direction(test: AbTest, { alpha }: AbOptions): string | null {
  if (!test.real) return null;
  const found = [test.simulated, test.real].map(({ control, treatment }) => {
    const [a, b] = [sum(control), sum(treatment)];
    return a.n === 0 || b.n === 0 ? null : twoProportionZ(a, b).p;
  });
  const sure = found.every((p) => p !== null && p < alpha);
  return `${sameSign(test) ? 'agrees' : 'differs'}${sure ? '' : ', not significant in both'}`;
}

function sameSign({ simulated, real }: AbTest): boolean {
  const sign = ({ control, treatment }: Arms) => {
    const [a, b] = [sum(control), sum(treatment)];
    return Math.sign(b.k / b.n - a.k / a.n);
  };
  return real !== null && sign(simulated) === sign(real);
}

function powerCells({ simulated, real }: AbTest, { alpha, power }: AbOptions): Record<string, Cell> {
  const [own, target] = [simulated, real ?? simulated].map(
    ({ control, treatment }) => [sum(control), sum(treatment)] as const,
  );
  if (!own || !target || [...own, ...target].some(({ n }) => n === 0)) return { power: null, needed: null };
  const [a, b] = [target[0].k / target[0].n, target[1].k / target[1].n];
  const arms = clustering([...simulated.control, ...simulated.treatment]);
  // arms of different size have the power of equal ones of their harmonic mean
  const units = 2 / (1 / own[0].n + 1 / own[1].n);
  return {
    power: powerOfZ(a, b, units / arms.designEffect, { alpha }),
    needed: sessionsNeeded(a, b, { alpha, power, ...arms }),
  };
}

const CHANGES = [0.1, 0.2, 0.3, 0.5, 1] as const;
const POWERS = [0.5, 0.8, 0.9] as const;
const SIZES = [100, 500, 1000, 2000] as const;

/**
 * How many sessions an arm of an A/B test takes: for a rise of the rate by so much, at so much power; and the power that so
 * many sessions have.
 * @param sessions from which the rate and how messages cluster in sessions are taken.
 */
export function powerExhibit(
  title: string,
  sessions: readonly SessionCount[],
  alpha: number,
  behind: readonly Behind[],
): Exhibit {
  const { k, n } = sum(sessions);
  const known = n > 0 && k > 0 && k < n;
  const [rate, lie]: [number, Clustering] = known
    ? [k / n, clustering(sessions)]
    : [Number.NaN, { perSession: 1, designEffect: 1 }];
  return {
    type: 'table',
    id: 'power',
    title: `Sessions an arm to see ${title} rise`,
    paper: null,
    notes: known
      ? [
          `From a rate of ${(100 * rate).toFixed(2)}% over ${sessions.length} sessions of ${lie.perSession.toFixed(1)} messages, design effect ${lie.designEffect.toFixed(2)}; two-tailed z, level ${alpha}.`,
        ]
      : ['There is no rate to start from.'],
    columns: [
      { key: 'to', title: 'to', format: 'rate' },
      ...POWERS.map((power): Column => ({ key: `n${power * 100}`, title: `power ${power * 100}%`, format: 'count' })),
      ...SIZES.map((size): Column => ({ key: `power${size}`, title: `power of ${size}`, format: 'rate' })),
    ],
    rows: (known ? CHANGES : []).flatMap((change): TableRow[] => {
      const to = rate * (1 + change);
      if (to >= 1) return [];
      return [
        {
          key: `by ${change * 100}%`,
          group: null,
          cells: {
            to,
            ...Object.fromEntries(
              POWERS.map((power) => [`n${power * 100}`, sessionsNeeded(rate, to, { alpha, power, ...lie })]),
            ),
            ...Object.fromEntries(
              SIZES.map((size) => [`power${size}`, powerOfSessions(rate, to, size, { alpha, ...lie })]),
            ),
          },
          reported: null,
          behind: [...behind],
        },
      ];
    }),
  };
}
