import type { Draws } from '../../metrics/bootstrap.ts';
import { firstWords, userTurnWords } from '../../metrics/lexical.ts';
import { NearestWords } from '../../metrics/nearest-words.ts';
import { WordRuns } from '../../metrics/overlap.ts';
import type { Session } from '../../session/schema.ts';
import { contextIdOf } from '../behaviour/annotations.ts';
import { intervalNote } from '../estimate.ts';
import type { Source } from '../source.ts';
import { spreads } from '../spread.ts';
import type { Cell, Column, Exhibit, TableRow } from '../table.ts';

export interface MemorisationOptions extends Draws {
  /** Words in a row that count as taken over. */
  readonly run: number;
  /** Sessions are compared by so many of their first user words: sets of words grow with length. */
  readonly words: number;
}

export const MEMORISATION_DEFAULTS: Omit<MemorisationOptions, 'draws' | 'seed'> = { run: 8, words: 100 };

/** Found runs to list. */
const LISTED = 20;

interface Measured {
  readonly id: string;
  readonly context: string;
  readonly turns: number;
  /** User turns with a run of words of a training user, and the runs. */
  readonly runs: readonly string[];
  /** Of the nearest training user; null for a session of too few words. */
  readonly similarity: number | null;
}

/**
 * Whether a simulator says again what its training users said: runs of words taken over, and the nearest training user by
 * the words of their sessions. Real users who were held out are the reference: people too say the same things.
 * @param training the sessions that the simulators were trained on. The nearest one is sought among those of other contexts.
 */
export function memorisationExhibits(
  training: readonly Session[],
  real: Source,
  simulated: readonly Source[],
  options: MemorisationOptions,
): Exhibit[] {
  const runs = new WordRuns(options.run);
  const near = new NearestWords();
  const known = new Map<string, string[]>();
  for (const session of training) {
    for (const { role, content } of session.turns) if (role === 'user') runs.add(content);
    const opening = openingOf(session, options.words);
    if (opening !== null) near.add(session.id, opening);
    known.set(contextIdOf(session), [...(known.get(contextIdOf(session)) ?? []), session.id]);
  }
  const sources = [real, ...simulated];
  const measured = sources.map(({ sessions }) =>
    sessions.map((session): Measured => {
      const opening = openingOf(session, options.words);
      const own = new Set(known.get(contextIdOf(session)));
      return {
        ...{ id: session.id, context: contextIdOf(session), turns: userTurnWords(session).length },
        runs: session.turns.flatMap(({ role, content }) => (role === 'user' ? (runs.find(content) ?? []) : [])),
        similarity: opening === null ? null : (near.nearest(opening, own)?.similarity ?? null),
      };
    }),
  );
  const reference = measured[0]?.flatMap(({ similarity }) => similarity ?? []).sort((a, b) => a - b) ?? [];
  const border = reference[Math.floor(0.95 * reference.length)] ?? Number.NaN;
  const overlap = training.filter(({ id }) => real.sessions.some((session) => session.id === id)).length;
  return [
    {
      type: 'table',
      id: 'memorisation',
      title: 'What is said again of the training users',
      paper: null,
      notes: [
        `Against ${training.length} training sessions. Turns with a run: share of user turns with ${options.run} words in a row that a training user wrote. Nearest: Jaccard similarity of the sets of the first ${options.words} user words with those of the most similar training session, over the sessions that have so many words.`,
        '"Nearer than people": share of sessions nearer to a training user than 95% of the real ones are; 5% if nothing was learnt by heart.',
        ...(overlap > 0
          ? [
              `${overlap} real sessions are themselves training sessions: they are not held out, and only their own are left out of their comparison.`,
            ]
          : ['The real sessions were held out: they are what people share without having read each other.']),
        intervalNote(options),
      ],
      columns: COLUMNS,
      rows: sources.map((source, at) => row(source, measured[at] ?? [], border, options)),
    },
    listed(sources, measured, options),
  ];
}

const COLUMNS: Column[] = [
  { key: 'turns', title: 'user turns', format: 'count' },
  { key: 'runs', title: 'turns with a run', format: 'rate' },
  { key: 'sessions', title: 'sessions with one', format: 'rate' },
  { key: 'nearest', title: 'nearest mean', format: 'decimal3' },
  { key: 'nearest_median', title: 'nearest median', format: 'decimal3' },
  { key: 'above', title: 'nearer than people', format: 'rate' },
];

function row(source: Source, sessions: readonly Measured[], border: number, options: MemorisationOptions): TableRow {
  // one entry a turn, so that long sessions weigh as much as they hold
  const turns = sessions.flatMap(({ context, turns: count, runs }) =>
    Array.from({ length: count }, (_, at) => ({ context, run: at < runs.length ? 1 : 0 })),
  );
  const near = sessions.flatMap(({ context, similarity }) => (similarity === null ? [] : [{ context, similarity }]));
  const mean = <T extends { readonly context: string }>(list: readonly T[], of: (one: T) => number): Cell =>
    spreads(list, [of], options)[0]?.[0] ?? null;
  return {
    key: source.name,
    group: null,
    cells: {
      turns: turns.length,
      runs: mean(turns, ({ run }) => run),
      sessions: mean(sessions, ({ runs }) => Number(runs.length > 0)),
      nearest: mean(near, ({ similarity }) => similarity),
      nearest_median: spreads(near, [({ similarity }) => similarity], options)[0]?.[1] ?? null,
      above: mean(near, ({ similarity }) => Number(similarity > border)),
    },
    reported: null,
    behind: [{ corpus: source.corpus, sessions: sessions.filter(({ runs }) => runs.length > 0).map(({ id }) => id) }],
  };
}

/** The runs that most sessions share with training users. */
function listed(
  sources: readonly Source[],
  measured: readonly (readonly Measured[])[],
  { run }: MemorisationOptions,
): Exhibit {
  const found = new Map<string, string[][]>();
  for (const [at, sessions] of measured.entries()) {
    for (const { id, runs } of sessions) {
      for (const text of new Set(runs)) {
        const each = found.get(text) ?? sources.map(() => []);
        each[at]?.push(id);
        found.set(text, each);
      }
    }
  }
  const size = (each: readonly (readonly string[])[]) => each.reduce((sum, ids) => sum + ids.length, 0);
  const top = [...found].sort(([, a], [, b]) => size(b) - size(a)).slice(0, LISTED);
  return {
    type: 'table',
    id: 'memorised-runs',
    title: 'Runs of words that training users wrote too',
    paper: null,
    notes: [
      `The first run of ${run} words of each user turn; sessions that have it, by source; the ${LISTED} that most have.`,
    ],
    columns: sources.map(({ name }) => ({ key: name, title: name, format: 'count' })),
    rows: top.map(([text, each]) => ({
      key: text,
      group: null,
      cells: Object.fromEntries(sources.map(({ name }, at) => [name, each[at]?.length ?? 0])),
      reported: null,
      behind: sources.flatMap(({ corpus }, at) =>
        (each[at]?.length ?? 0) > 0 ? [{ corpus, sessions: each[at] ?? [] }] : [],
      ),
    })),
  };
}

/** The first `limit` user words of a session; null if it has fewer. */
function openingOf({ turns }: Session, limit: number): string | null {
  const whole = turns.flatMap(({ role, content }) => (role === 'user' ? [content] : [])).join('\n');
  const first = firstWords(whole, limit);
  return first.words < limit ? null : first.text;
}
