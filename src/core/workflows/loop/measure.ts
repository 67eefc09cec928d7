import { bootstrap } from '../../metrics/bootstrap.ts';
import { featuresAt, userWords } from '../../metrics/even.ts';
import { lexicalFeatures, WORD_RULE } from '../../metrics/lexical.ts';
import { overlapShare, type WordRuns } from '../../metrics/overlap.ts';
import { sigmoid } from '../../reward/reward.ts';
import type { Session } from '../../session/schema.ts';
import type { CheckFigures, Estimate, JudgeFigures, SideFigures } from './figures.ts';

/** The sessions of one context: the real one, and those of two simulators. */
export interface ContextGroup {
  readonly real: Session;
  readonly before: readonly Session[];
  readonly after: readonly Session[];
}

export interface Judged {
  readonly name: string;
  readonly role: JudgeFigures['role'];
  readonly logitP0: number;
  /** z_1..z_T of a session of the groups. */
  z(session: Session): readonly number[];
}

export interface MeasureOptions {
  readonly draws: number;
  readonly seed: number;
  readonly overlapWords: number;
}

const SIDES = ['real', 'before', 'after'] as const;
type Side = (typeof SIDES)[number];

/**
 * Two simulators against real users on the same contexts. Intervals are over contexts; what is compared at equal words
 * is cut, a
 * context at a time, to the words of its shortest session.
 * @param groups contexts that have a session with words on each side. @throws RangeError without any.
 */
export function measure(
  groups: readonly ContextGroup[],
  judges: readonly Judged[],
  training: WordRuns,
  options: MeasureOptions,
): CheckFigures {
  const rows = groups.map(rowOf);
  const estimate = (statistic: (rows: readonly GroupRow[]) => number): Estimate => bootstrap(rows, statistic, options);
  const mean = (rows: readonly GroupRow[], side: Side, key: keyof Means) => average(rows.map((row) => row[side][key]));
  // A ratio of means: sessions of few words must not weigh as much as long ones.
  const ratio = (over: Side, under: Side, key: keyof Means) => (drawn: readonly GroupRow[]) =>
    mean(drawn, over, key) / mean(drawn, under, key);
  const perTurn = (side: Side) => (drawn: readonly GroupRow[]) =>
    mean(drawn, side, 'words') /
    mean(drawn, side, 'turns') /
    (mean(drawn, 'real', 'words') / mean(drawn, 'real', 'turns'));
  const sideOf = (side: Side): SideFigures => ({
    sessions: groups.reduce((sum, group) => sum + sessionsOf(group, side).length, 0),
    user_turns: mean(rows, side, 'turns'),
    words: mean(rows, side, 'words'),
    words_a_turn: mean(rows, side, 'words') / mean(rows, side, 'turns'),
    entropy: mean(rows, side, 'entropy'),
    ttr: mean(rows, side, 'ttr'),
    bigrams: mean(rows, side, 'bigrams'),
    even_ttr: mean(rows, side, 'evenTtr'),
    even_bigrams: mean(rows, side, 'evenBigrams'),
  });
  const shareOf = (side: Side) =>
    overlapShare(
      groups.flatMap((group) => sessionsOf(group, side).flatMap(userTexts)),
      training,
    );
  return {
    ...{ contexts: groups.length, words_rule: WORD_RULE },
    ...{ real: sideOf('real'), before: sideOf('before'), after: sideOf('after') },
    length: { before: estimate(perTurn('before')), after: estimate(perTurn('after')) },
    ttr: { step: estimate(ratio('after', 'before', 'evenTtr')), real: estimate(ratio('after', 'real', 'evenTtr')) },
    bigrams: {
      step: estimate(ratio('after', 'before', 'evenBigrams')),
      real: estimate(ratio('after', 'real', 'evenBigrams')),
    },
    judges: judges.map((judge) => judgedBy(judge, groups, options)),
    overlap: {
      words: options.overlapWords,
      ...{ real: shareOf('real'), before: shareOf('before'), after: shareOf('after') },
    },
  };
}

/** Whether each side of a context has a word to measure. */
export function measurable(group: ContextGroup): boolean {
  return SIDES.every((side) => {
    const sessions = sessionsOf(group, side);
    return sessions.length > 0 && sessions.every((session) => lexicalFeatures(session) !== null);
  });
}

interface Means {
  readonly turns: number;
  readonly words: number;
  readonly entropy: number;
  readonly ttr: number;
  readonly bigrams: number;
  readonly evenTtr: number;
  readonly evenBigrams: number;
}
type GroupRow = Readonly<Record<Side, Means>>;

function rowOf(group: ContextGroup): GroupRow {
  const limit = Math.min(...SIDES.flatMap((side) => sessionsOf(group, side).map(userWords)));
  const means = (side: Side): Means => {
    const each = sessionsOf(group, side).map((session) => ({
      ...lexicalFeatures(session)!,
      even: featuresAt(session, limit)!,
    }));
    return {
      turns: average(each.map(({ userTurns }) => userTurns)),
      words: average(each.map(({ words }) => words)),
      entropy: average(each.map(({ entropy }) => entropy)),
      ttr: average(each.map(({ ttr }) => ttr)),
      bigrams: average(each.map(({ bigramDiversity }) => bigramDiversity)),
      evenTtr: average(each.map(({ even }) => even.ttr)),
      evenBigrams: average(each.map(({ even }) => even.bigrams)),
    };
  };
  return { real: means('real'), before: means('before'), after: means('after') };
}

function judgedBy(
  { name, role, logitP0, z }: Judged,
  groups: readonly ContextGroup[],
  options: MeasureOptions,
): JudgeFigures {
  const rows = groups.map((group) => {
    const of = (side: Side) => {
      const all = sessionsOf(group, side).map(z);
      const turns = all.flat();
      // r of a session telescopes: its mean is (z_T - z_0) / T (Eq. 4).
      const r = all.filter(({ length }) => length > 0).map((own) => ((own.at(-1) ?? logitP0) - logitP0) / own.length);
      return {
        p: average(turns.map(sigmoid)),
        called: average(turns.map((value) => Number(value > 0))),
        r: average(r),
      };
    };
    return { real: of('real'), before: of('before'), after: of('after') };
  });
  const mean = (key: 'p' | 'called' | 'r') => ({
    real: average(rows.map(({ real }) => real[key])),
    before: average(rows.map(({ before }) => before[key])),
    after: average(rows.map(({ after }) => after[key])),
  });
  const rise = bootstrap(rows, (drawn) => average(drawn.map(({ before, after }) => after.p - before.p)), options);
  return { name, role, p: mean('p'), called_real: mean('called'), r: mean('r'), rise };
}

function sessionsOf(group: ContextGroup, side: Side): readonly Session[] {
  return side === 'real' ? [group.real] : group[side];
}

function userTexts({ turns }: Session): string[] {
  return turns.filter(({ role }) => role === 'user').map(({ content }) => content);
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
