import type { Draws } from '../../metrics/bootstrap.ts';
import { accuracy, brierScore, calibrationError, confusion, type Verdict } from '../../metrics/classification.ts';
import { clopperPearson, coinRange } from '../../metrics/proportion.ts';
import { sigmoid } from '../../reward/reward.ts';
import { estimateOf, intervalNote } from '../estimate.ts';
import type { Behind, Cell, Column, Estimate, Exhibit, TableRow } from '../table.ts';
import {
  agreed,
  drawn,
  type Guesser,
  type Judge,
  type Judgement,
  judgedBy,
  type Scope,
  scopesOf,
  sureness,
  TURING_PLACES,
} from './turing-judges.ts';
import { valuesAt } from './verdicts.ts';

const BINS = 10;
/** Guesses below which an ECE says nothing: on few, bins differ from their share by chance alone. */
const ECE_LEAST = 100;
/** Sessions below which it is said aloud what a coin would get. */
const FEW = 100;

/**
 * A person's guesses beside the discriminators, on the same sessions and turns: accuracy at each place, confidence, agreement with
 * a paired difference, and the sessions. Both sides weigh alike as a whole, as in Table 2. Intervals resample sessions.
 */
export function turingExhibits(guessers: readonly Guesser[], draws: Draws): Exhibit[] {
  const scopes = guessers.flatMap(scopesOf);
  const notes = [
    ...guessers.flatMap(aboutGuesser),
    'Turns of one session are not independent, so intervals resample sessions.',
    intervalNote(draws, 'sessions'),
  ];
  return [
    accuracyTable(scopes, notes, draws),
    confidenceTable(scopes, notes, draws),
    agreementTable(scopes, notes, draws),
    sessionTable(guessers, notes),
  ];
}

function aboutGuesser({ name, sitting, sessions, open, skipped, absent }: Guesser): string[] {
  const n = sessions.length;
  const real = sessions.filter(({ simulator }) => simulator === null).length;
  const left = [
    ...(open > 0 ? [`${open} are not judged to the end`] : []),
    ...(skipped > 0 ? [`${skipped} were skipped`] : []),
    ...(absent > 0 ? [`${absent} are not among the sessions here`] : []),
  ];
  const counted = `${name} in ${sitting}: ${[`${n} sessions, ${real} of them real`, ...left].join('; ')}.`;
  if (n === 0 || n >= FEW) return [counted];
  const hits = sessions.filter(({ simulator, p }) => (p.at(-1) as number) > 0.5 === (simulator === null)).length;
  const [exact, coin] = [clopperPearson(hits, n), coinRange(n)];
  return [
    counted,
    `Few: at the last turn right about ${hits} of ${n}, exact 95% interval ${percent(exact.low)} to ${percent(exact.high)} (a bootstrap does not see what never occurred); who tosses a coin gets ${percent(coin.low)} to ${percent(coin.high)}, 95% of the time.`,
  ];
}

const percent = (share: number) => `${Math.round(100 * share)}%`;

const groupOf = ({ guesser, title }: Scope) => `${guesser.sitting}: ${guesser.name} on ${title}`;

const ALL = TURING_PLACES[4];
const LAST = TURING_PLACES[5];

const guesses = (sessions: readonly Judgement[]) => sessions.reduce((sum, { p }) => sum + p.length, 0);
const right = (verdicts: Verdict[] | null) => (verdicts ? accuracy(confusion(verdicts)) : Number.NaN);
const brier = (verdicts: Verdict[] | null) => (verdicts ? brierScore(verdicts) : Number.NaN);

function accuracyTable(scopes: readonly Scope[], notes: string[], draws: Draws): Exhibit {
  const rows = rowsOf(scopes, (judge, sessions) => {
    const found = drawn(sessions, (read) => TURING_PLACES.map((place) => right(read(judge, place))), draws);
    const n = (place: (typeof TURING_PLACES)[number]) =>
      sessions.reduce((sum, { p }) => sum + valuesAt(p, place).length, 0);
    const cells = TURING_PLACES.map((place, at): [string, Cell] => [
      place.key,
      estimateOf(found[at] ?? null, n(place)),
    ]);
    return { sessions: sessions.length, ...Object.fromEntries(cells) };
  });
  return {
    ...{
      type: 'table',
      id: 'turing-accuracy',
      title: 'Real or simulated: a person and the discriminators on the same turns',
      paper: null,
    },
    notes: ['p(real) above 0.5 says real; 50% is chance, for both sides weigh alike. n: guesses.', ...notes],
    columns: [
      { key: 'judge', title: 'judge', format: 'text' },
      { key: 'sessions', title: 'sessions', format: 'count' },
      ...TURING_PLACES.map(({ key, title }): Column => ({ key, title, format: 'rate' })),
    ],
    rows,
  };
}

function confidenceTable(scopes: readonly Scope[], notes: string[], draws: Draws): Exhibit {
  const rows = rowsOf(scopes, (judge, sessions) => {
    const n = guesses(sessions);
    const sure = (verdicts: Verdict[] | null) => (verdicts ? sureness(verdicts) : Number.NaN);
    const ece = (verdicts: Verdict[] | null) =>
      verdicts && n >= ECE_LEAST ? calibrationError(verdicts, BINS) : Number.NaN;
    const of = [right, sure, brier, ece];
    const found = drawn(sessions, (read) => of.map((statistic) => statistic(read(judge, ALL))), draws);
    const [hits, confidence, score, error] = of.map((_, at) => estimateOf(found[at] ?? null, n));
    const ms = judge.person ? sessions.flatMap((session) => session.ms).filter((time) => time !== null) : [];
    return {
      ...{ n, right: hits ?? null, confidence: confidence ?? null, brier: score ?? null },
      ...{ ece: error ?? null, seconds: median(ms.map((time) => time / 1000)) },
    };
  });
  return {
    ...{ type: 'table', id: 'turing-confidence', title: 'How sure they are, and how sure they may be', paper: null },
    notes: [
      'Sure: mean of the p given to what was called; above "right", a judge is surer than it may be. Brier: mean of (p - real)², 0.25 for who always says 0.5. All turns.',
      `ECE over ${BINS} bins, from ${ECE_LEAST} guesses on: on fewer it is chance. Seconds: median of a guess on the screen.`,
      ...notes,
    ],
    columns: [
      { key: 'judge', title: 'judge', format: 'text' },
      { key: 'n', title: 'guesses', format: 'count' },
      { key: 'right', title: 'right', format: 'rate' },
      { key: 'confidence', title: 'sure', format: 'rate' },
      { key: 'brier', title: 'Brier', format: 'decimal3' },
      { key: 'ece', title: 'ECE', format: 'decimal3' },
      { key: 'seconds', title: 's a guess', format: 'decimal1' },
    ],
    rows,
  };
}

function agreementTable(scopes: readonly Scope[], notes: string[], draws: Draws): Exhibit {
  const rows = scopes.flatMap((scope) => {
    const [person, ...discriminators] = scope.judges as [Judge, ...Judge[]];
    return discriminators.flatMap((judge): TableRow[] => {
      const sessions = judgedBy(scope.sessions, [person, judge]);
      if (sessions.length === 0) return [];
      const found = drawn(
        sessions,
        (read) => {
          const [ours, theirs] = [read(person, ALL), read(judge, ALL)];
          return [
            ...agreed(ours, theirs),
            right(ours) - right(theirs),
            right(read(person, LAST)) - right(read(judge, LAST)),
            brier(ours) - brier(theirs),
          ];
        },
        draws,
      );
      const n = guesses(sessions);
      const keys = ['agree', 'kappa', 'difference', 'last', 'brier'] as const;
      const cells = keys.map((key, at): [string, Estimate] => [
        key,
        estimateOf(found[at] ?? null, key === 'last' ? sessions.length : n),
      ]);
      return [row(scope, judge, { n, ...Object.fromEntries(cells) }, sessions)];
    });
  });
  return {
    ...{
      type: 'table',
      id: 'turing-agreement',
      title: 'The person against each discriminator, turn by turn',
      paper: null,
    },
    notes: [
      'Agree: turns of which both say the same, with kappa. Differences: person less discriminator, paired on the same draws; an interval with 0 inside tells neither apart. A negative Brier difference is the better for the person.',
      ...notes,
    ],
    columns: [
      { key: 'judge', title: 'against', format: 'text' },
      { key: 'n', title: 'guesses', format: 'count' },
      { key: 'agree', title: 'agree', format: 'rate' },
      { key: 'kappa', title: 'kappa', format: 'decimal2' },
      { key: 'difference', title: 'right, all turns', format: 'rate' },
      { key: 'last', title: 'right, last turn', format: 'rate' },
      { key: 'brier', title: 'Brier', format: 'decimal3' },
    ],
    rows,
  };
}

function sessionTable(guessers: readonly Guesser[], notes: string[]): Exhibit {
  const names = [...new Set(guessers.flatMap(({ sessions }) => sessions.flatMap(({ z }) => Object.keys(z))))].sort();
  const rows = guessers.flatMap((guesser) =>
    guesser.sessions.map((session): TableRow => {
      const { id, corpus, simulator, p, ms, z, note } = session;
      const real = simulator === null;
      const times = ms.filter((time) => time !== null);
      const last = names.map((name): [string, Cell] => {
        const own = z[name]?.[p.length - 1];
        return [`by ${name}`, own === undefined ? null : sigmoid(own)];
      });
      return {
        key: `${guesser.sitting}: ${guesser.name}, ${id}`,
        group: `${guesser.sitting}: ${guesser.name}`,
        cells: {
          ...{ session: id, truth: simulator ?? 'real', turns: p.length, first: p[0] ?? null, last: p.at(-1) ?? null },
          right: p.filter((one) => one > 0.5 === real).length / p.length,
          ...Object.fromEntries(last),
          ...{ seconds: times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0) / 1000, note },
        },
        reported: null,
        behind: [{ corpus, sessions: [id] }],
      };
    }),
  );
  return {
    ...{ type: 'table', id: 'turing-sessions', title: 'The sessions that were judged', paper: null },
    notes: [
      'p(real) at the first and at the last turn that was judged, and the share of turns with the right word.',
      ...notes,
    ],
    columns: [
      { key: 'session', title: 'session', format: 'text' },
      { key: 'truth', title: 'truth', format: 'text' },
      { key: 'turns', title: 'turns', format: 'count' },
      { key: 'first', title: 'p first', format: 'decimal2' },
      { key: 'last', title: 'p last', format: 'decimal2' },
      { key: 'right', title: 'right', format: 'rate' },
      ...names.map((name): Column => ({ key: `by ${name}`, title: `p last, ${name}`, format: 'decimal2' })),
      { key: 'seconds', title: 'seconds', format: 'decimal1' },
      { key: 'note', title: 'note', format: 'text' },
    ],
    rows,
  };
}

/** A row a judge of a scope, each over the sessions that it judged: the person all of them. */
function rowsOf(
  scopes: readonly Scope[],
  cellsOf: (judge: Judge, sessions: readonly Judgement[]) => Record<string, Cell>,
): TableRow[] {
  return scopes.flatMap((scope) =>
    scope.judges.flatMap((judge) => {
      const sessions = judgedBy(scope.sessions, [judge]);
      return sessions.length === 0 ? [] : [row(scope, judge, cellsOf(judge, sessions), sessions)];
    }),
  );
}

function row(scope: Scope, judge: Judge, cells: Record<string, Cell>, sessions: readonly Judgement[]): TableRow {
  const group = groupOf(scope);
  const corpora = Map.groupBy(sessions, ({ corpus }) => corpus);
  const behind = [...corpora].map(([corpus, own]): Behind => ({ corpus, sessions: own.map(({ id }) => id) }));
  return { key: `${group}, ${judge.name}`, group, cells: { judge: judge.name, ...cells }, reported: null, behind };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] as number) + (sorted[Math.ceil(at)] as number)) / 2;
}
