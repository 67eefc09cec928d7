import type { Draws } from '../../metrics/bootstrap.ts';
import { words } from '../../metrics/lexical.ts';
import { intervalNote } from '../estimate.ts';
import { spreads } from '../spread.ts';
import type { Column, Exhibit } from '../table.ts';

/** A part of a user turn and what it adds to z (workflows/evaluate/whys.ts). */
export interface Finding {
  readonly session: string;
  readonly context: string;
  readonly grain: string;
  readonly text: string;
  /** z with it less z without it. */
  readonly effect: number;
}

const COLUMNS: Column[] = [
  { key: 'sessions', title: 'sessions', format: 'count' },
  { key: 'effect', title: 'mean effect on z', format: 'decimal2' },
  { key: 'total', title: 'sum', format: 'decimal1' },
];

export interface GiveawayOptions extends Draws {
  /** A span of fewer sessions is no habit, but an accident. */
  readonly leastSessions: number;
  /** Rows each way. */
  readonly most: number;
}

/**
 * Top give-aways of a corpus: spans of user turns grouped by their words, with what they add to z on average; those that look
 * simulated first by the sum of their effects, then those that look real.
 */
export function giveawayExhibit(
  discriminator: string,
  simulator: string,
  corpus: string,
  findings: readonly Finding[],
  options: GiveawayOptions,
): Exhibit {
  const groups = [...Map.groupBy(findings, ({ text }) => words(text).join(' '))]
    .map(([key, each]) => ({
      key,
      each,
      sessions: [...new Set(each.map(({ session }) => session))],
      total: each.reduce((sum, { effect }) => sum + effect, 0),
    }))
    .filter(({ key, sessions }) => key !== '' && sessions.length >= options.leastSessions);
  const away = groups.filter(({ total }) => total < 0).sort((a, b) => a.total - b.total);
  const real = groups.filter(({ total }) => total > 0).sort((a, b) => b.total - a.total);
  const rows = (list: typeof groups, group: string) =>
    list.slice(0, options.most).map(({ key, each, sessions, total }) => ({
      key,
      group,
      cells: {
        sessions: sessions.length,
        effect: spreads(each, [({ effect }) => effect], options)[0]?.[0] ?? null,
        total,
      },
      reported: null,
      behind: [{ corpus, sessions }],
    }));
  return {
    type: 'table',
    id: `giveaways-${simulator}`,
    title: `What ${discriminator} finds in ${simulator}`,
    paper: null,
    notes: [
      'Words, clauses and sentences of the user turns of lowest r, taken out one at a time: the effect is z with the span less z without it; spans are grouped by their lower-cased words.',
      `Spans of at least ${options.leastSessions} sessions, by the sum of their effects. It says what this discriminator goes by, not what people would.`,
      intervalNote(options),
    ],
    columns: COLUMNS,
    rows: [...rows(away, 'looks simulated'), ...rows(real, 'looks real')],
  };
}
