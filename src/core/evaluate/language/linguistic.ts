import type { Draws } from '../../metrics/bootstrap.ts';
import { userTurnWords, WORD_RULE } from '../../metrics/lexical.ts';
import { type Diversity, type NumberedWords, WordCounter } from '../../metrics/word-counter.ts';
import { contextIdOf } from '../behaviour/annotations.ts';
import { intervalNote } from '../estimate.ts';
import { PAPER_NOTE, TABLE_1 } from '../paper.ts';
import { behindAll, type Source } from '../source.ts';
import { means, spreads } from '../spread.ts';
import type { Column, Exhibit, TableRow } from '../table.ts';

/** Numbers of words at which diversity is drawn against length. */
const LENGTHS = [25, 50, 100, 150, 200, 300, 400] as const;

/** Draws at most for the error bars of a figure. */
const FIGURE_DRAWS = 200;

/** A session read once: what it has of each feature, and its diversity at each of LENGTHS. */
interface Read {
  readonly id: string;
  readonly context: string;
  readonly turns: number;
  readonly words: number;
  readonly whole: Diversity;
  /** What it is read to for the comparison at equal words, and its diversity there. */
  readonly limit: number | null;
  readonly even: Diversity | null;
  readonly at: readonly (Diversity | null)[];
}

const FEATURES = [
  { key: 'entropy', title: 'entropy', of: (diversity: Diversity) => diversity.entropy },
  { key: 'ttr', title: 'TTR', of: (diversity: Diversity) => diversity.ttr },
  { key: 'bigrams', title: 'bigram', of: (diversity: Diversity) => diversity.bigramDiversity },
] as const;

const COUNTED: Column = { key: 'n', title: 'sessions', format: 'count' };
const SPREAD = ['mean', 'median', 'sd'] as const;

/**
 * Table 1 with its controls: entropy, TTR and bigram diversity of the user turns of each session (4.3.1), as they are and at
 * equal words, with the lengths beside them and TTR drawn against the number of words.
 * @param sources the real one and the simulators, in the order of the rows. Intervals resample contexts.
 */
export function linguisticExhibits(sources: readonly Source[], draws: Draws): Exhibit[] {
  const counter = new WordCounter();
  const words = sources.map((source) => wordsOf(source, counter));
  const { limitOf, note } = equalWords(words);
  const read = sources.map((source, at) => ({
    source,
    sessions: (words[at] ?? []).map((session) => readSession(session, limitOf(session), counter)),
  }));
  return [asTheyAre(read, draws), atEqualWords(read, note, draws), lengths(read, draws), byLength(read, draws)];
}

interface Group {
  readonly source: Source;
  readonly sessions: readonly Read[];
}

/** The words of a session, before anything is computed of them. */
interface Words {
  readonly id: string;
  readonly context: string;
  readonly turns: number;
  readonly words: number;
  readonly numbered: NumberedWords;
}

function wordsOf({ sessions }: Source, counter: WordCounter): Words[] {
  return sessions.flatMap((session) => {
    const turns = userTurnWords(session);
    const words = turns.reduce((sum, turn) => sum + turn.length, 0);
    if (words === 0) return [];
    const numbered = counter.number(turns);
    return [{ id: session.id, context: contextIdOf(session), turns: turns.length, words, numbered }];
  });
}

/** @param limit words of the comparison at equal words; null where the session has no part in it. */
function readSession({ id, context, turns, words, numbered }: Words, limit: number | null, counter: WordCounter): Read {
  const limits = LENGTHS.filter((length) => length < words) as number[];
  for (const more of [words, limit ?? words]) if (!limits.includes(more)) limits.push(more);
  limits.sort((a, b) => a - b);
  const found = counter.diversityAt(numbered, limits);
  const at = (length: number) => found[limits.indexOf(length)] ?? null;
  return {
    ...{ id, context, turns, words, limit },
    whole: at(words) as Diversity,
    even: limit === null ? null : at(limit),
    at: LENGTHS.map((length) => (length <= words ? at(length) : null)),
  };
}

function asTheyAre(groups: readonly Group[], draws: Draws): Exhibit {
  const columns: Column[] = [
    COUNTED,
    ...FEATURES.flatMap(({ key, title }) =>
      SPREAD.map(
        (spread): Column => ({
          key: spread === 'mean' ? key : `${key}_${spread}`,
          title: `${title} ${spread}`,
          format: key === 'entropy' ? 'decimal2' : 'decimal3',
        }),
      ),
    ),
  ];
  const rows = groups.map(({ source, sessions }): TableRow => {
    const figures = spreads(
      sessions,
      FEATURES.map(
        ({ of }) =>
          ({ whole }: Read) =>
            of(whole),
      ),
      draws,
    );
    const cells: TableRow['cells'] = { n: sessions.length };
    FEATURES.forEach(({ key }, at) => {
      const [mean, median, sd] = figures[at] ?? [];
      Object.assign(cells, { [key]: mean ?? null, [`${key}_median`]: median ?? null, [`${key}_sd`]: sd ?? null });
    });
    return rowOf(source, cells, TABLE_1[source.paper ?? ''] ?? null);
  });
  return {
    type: 'table',
    id: 'linguistic-features',
    title: 'Linguistic features of the user turns',
    paper: 'Table 1',
    notes: [
      `Words: ${WORD_RULE}; the paper does not state its tokeniser. Entropy in bits, of each session by itself.`,
      `Bigrams within user turns. ${intervalNote(draws)}`,
      'TTR and bigram diversity fall with length, entropy rises with it: see the same at equal words.',
      PAPER_NOTE,
    ],
    columns,
    rows,
  };
}

function atEqualWords(groups: readonly Group[], note: string, draws: Draws): Exhibit {
  const columns: Column[] = [
    COUNTED,
    { key: 'words', title: 'words read', format: 'decimal1' },
    ...FEATURES.map(({ key, title }): Column => ({ key, title, format: key === 'entropy' ? 'decimal2' : 'decimal3' })),
  ];
  const rows = groups.map(({ source, sessions }) => {
    const even = sessions.filter((session) => session.even !== null);
    const [words, ...figures] = means(
      even,
      [
        ({ limit }) => limit,
        ...FEATURES.map(
          ({ of }) =>
            (session: Read) =>
              session.even && of(session.even),
        ),
      ],
      draws,
    );
    const cells: TableRow['cells'] = { n: even.length, words: words?.value ?? null };
    FEATURES.forEach(({ key }, at) => {
      cells[key] = figures[at] ?? null;
    });
    return rowOf(source, cells, null);
  });
  return {
    type: 'table',
    id: 'linguistic-features-even',
    title: 'The same at equal words',
    paper: null,
    notes: [note, `Means over sessions. ${intervalNote(draws)}`, `Words: ${WORD_RULE}.`],
    columns,
    rows,
  };
}

/** How many words of each session are read, so that all sources are read equally far. */
function equalWords(groups: readonly (readonly Words[])[]): {
  limitOf: (session: Words) => number | null;
  note: string;
} {
  const least = groups.map((sessions) => {
    const words = new Map<string, number>();
    for (const one of sessions) words.set(one.context, Math.min(one.words, words.get(one.context) ?? one.words));
    return words;
  });
  const [first, ...others] = least;
  const limits = new Map<string, number>();
  for (const [context, words] of first ?? []) {
    const rest = others.flatMap((other) => other.get(context) ?? []);
    if (rest.length === others.length) limits.set(context, Math.min(words, ...rest));
  }
  if (limits.size > 0) {
    return {
      limitOf: ({ context }) => limits.get(context) ?? null,
      note: `Sessions of the ${limits.size} contexts that all have; in each, the first words of every session, as many as its shortest has.`,
    };
  }
  const all = groups.flatMap((sessions) => sessions.map(({ words }) => words)).sort((a, b) => a - b);
  const limit = all[Math.floor(all.length / 4)] ?? 0;
  return {
    limitOf: ({ words }) => (words >= limit && limit > 0 ? limit : null),
    note: `No context is common to all: the first ${limit} words of each session (the lower quartile); shorter ones are left out.`,
  };
}

function lengths(groups: readonly Group[], draws: Draws): Exhibit {
  const each = [
    { key: 'words', title: 'words a session', of: ({ words }: Read) => words },
    { key: 'turns', title: 'user turns', of: ({ turns }: Read) => turns },
    { key: 'turn_words', title: 'words a turn', of: ({ words, turns }: Read) => words / turns },
  ];
  const columns: Column[] = [
    COUNTED,
    ...each.flatMap(({ key, title }) =>
      SPREAD.map((spread): Column => ({ key: `${key}_${spread}`, title: `${title} ${spread}`, format: 'decimal1' })),
    ),
  ];
  const rows = groups.map(({ source, sessions }) => {
    const figures = spreads(
      sessions,
      each.map(({ of }) => of),
      draws,
    );
    const cells: TableRow['cells'] = { n: sessions.length };
    each.forEach(({ key }, at) => {
      SPREAD.forEach((spread, place) => {
        cells[`${key}_${spread}`] = figures[at]?.[place] ?? null;
      });
    });
    return rowOf(source, cells, null);
  });
  return {
    type: 'table',
    id: 'lengths',
    title: 'Lengths, which all of these features move with',
    paper: null,
    notes: [`User side only. ${intervalNote(draws)}`],
    columns,
    rows,
  };
}

function byLength(groups: readonly Group[], options: Draws): Exhibit {
  const draws = { ...options, draws: Math.min(options.draws, FIGURE_DRAWS) };
  return {
    type: 'figure',
    id: 'ttr-by-length',
    title: 'TTR of the first words of a session',
    paper: null,
    notes: [
      'Mean over the sessions that have so many user words: fewer, and other ones, to the right.',
      intervalNote(draws),
    ],
    kind: 'line',
    x: 'user words read',
    y: 'TTR',
    reference: null,
    series: groups.map(({ source, sessions }) => {
      const figures = means(
        sessions,
        LENGTHS.map((_, at) => (session: Read) => session.at[at]?.ttr ?? null),
        draws,
      );
      return {
        name: source.name,
        points: figures.flatMap(({ value, low, high, n }, at) => {
          if (value === null) return [];
          const long = sessions.filter((session) => session.at[at]).map(({ id }) => id);
          return [
            {
              ...{ x: LENGTHS[at] as number, y: value, low, high, x_low: null, x_high: null, label: `${n} sessions` },
              behind: [{ corpus: source.corpus, sessions: long }],
            },
          ];
        }),
      };
    }),
  };
}

function rowOf(source: Source, cells: TableRow['cells'], reported: Record<string, number> | null): TableRow {
  return { key: source.name, group: null, cells, reported: reported && { ...reported }, behind: behindAll(source) };
}
