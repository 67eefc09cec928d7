import { ALL_TURNS, BAG_OF_WORDS, type CheckFigures, type DpoFigures, type JudgedFigures } from './figures.ts';
import type { Thresholds } from './settings.ts';

export const ALARM_CODES = ['pairs', 'chosen-logprob', 'length', 'ttr', 'bigrams', 'reward', 'overlap'] as const;
export type AlarmCode = (typeof ALARM_CODES)[number];

/** `watch`: beyond its threshold, but no worse than before, or nobody has given a second opinion yet. */
export type Verdict = 'ok' | 'watch' | 'alarm' | 'unknown';

export interface AlarmPoint {
  readonly iteration: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly verdict: Verdict;
  /** What the figures say, in a sentence. */
  readonly text: string;
}

/** One alarm with its threshold and its course over the iterations. */
export interface Alarm {
  readonly code: AlarmCode;
  /** What the value is. */
  readonly about: string;
  /** The value beyond which it may fire; `from` and `to` bound what is well. */
  readonly from: number | null;
  readonly to: number | null;
  readonly points: readonly AlarmPoint[];
  /** Of the newest iteration that has figures. */
  readonly verdict: Verdict;
  readonly text: string;
}

/** What is known of one iteration; null where a stage has not ended. */
export interface RoundFigures {
  readonly iteration: number;
  /** Approved pairs. */
  readonly pairs: number | null;
  readonly dpo: DpoFigures | null;
  readonly check: CheckFigures | null;
  /** Of this iteration's fresh discriminator, and of the next one's, which judges what came out. */
  readonly judged: JudgedFigures | null;
  readonly next: JudgedFigures | null;
}

/** All alarms of a loop, by its figures alone. @param floor approved pairs without which DPO refuses. */
export function alarmsOf(rounds: readonly RoundFigures[], thresholds: Thresholds, floor: number): Alarm[] {
  const ratio = thresholds.length_ratio;
  const fall = 1 - thresholds.diversity_fall;
  return [
    alarm('pairs', 'approved pairs', floor, null, rounds, (round) => pairsPoint(round, floor)),
    alarm(
      'chosen-logprob',
      'change of the log-probability of chosen sides, nats a turn',
      thresholds.chosen_logprob,
      null,
      rounds,
      (round) => chosenPoint(round, thresholds),
    ),
    alarm('length', 'words a turn / those of real users', 1 / ratio, ratio, rounds, (round) =>
      lengthPoint(round, ratio),
    ),
    alarm('ttr', 'type-token ratio / that of the simulator before, at equal words', fall, null, rounds, (round) =>
      diversityPoint(round, 'ttr', fall),
    ),
    alarm('bigrams', 'bigram diversity / that of the simulator before, at equal words', fall, null, rounds, (round) =>
      diversityPoint(round, 'bigrams', fall),
    ),
    alarm(
      'reward',
      'rise of mean p_t under the discriminator that chose the pairs',
      null,
      thresholds.reward_rise,
      rounds,
      (round) => rewardPoint(round, thresholds),
    ),
    alarm(
      'overlap',
      'share of turns with words of a training user, verbatim',
      null,
      thresholds.overlap,
      rounds,
      (round) => overlapPoint(round, thresholds),
    ),
  ];
}

type Point = Omit<AlarmPoint, 'iteration'>;
const UNKNOWN: Point = { value: null, low: null, high: null, verdict: 'unknown', text: 'not known yet' };

function alarm(
  code: AlarmCode,
  about: string,
  from: number | null,
  to: number | null,
  rounds: readonly RoundFigures[],
  point: (round: RoundFigures) => Point | null,
): Alarm {
  const points = rounds.map((round) => ({ iteration: round.iteration, ...(point(round) ?? UNKNOWN) }));
  const newest = points.findLast(({ verdict }) => verdict !== 'unknown');
  return { code, about, from, to, points, verdict: newest?.verdict ?? 'unknown', text: newest?.text ?? UNKNOWN.text };
}

const exact = (value: number, verdict: Verdict, text: string): Point => ({
  value,
  low: null,
  high: null,
  verdict,
  text,
});
const show = (value: number) => value.toFixed(2);

function pairsPoint({ pairs }: RoundFigures, floor: number): Point | null {
  if (pairs === null) return null;
  if (pairs < floor) return exact(pairs, 'alarm', `${pairs} approved, fewer than ${floor} needed: it does not train`);
  return exact(pairs, 'ok', `${pairs} approved, and ${floor} are needed`);
}

function chosenPoint({ dpo }: RoundFigures, { chosen_logprob: least }: Thresholds): Point | null {
  if (!dpo || dpo.chosen_logprob === null) return null;
  const value = dpo.chosen_logprob;
  const other = dpo.rejected_logprob === null ? '' : `, rejected ${show(dpo.rejected_logprob)}`;
  const text = `chosen ${show(value)}${other} at the end of training`;
  return exact(value, value < least ? 'alarm' : 'ok', text);
}

/** What is beyond a bound may be so by chance: that is watched, and said. */
const NOT_SURE = '; beyond the bound, but its interval reaches across';

/** Fires outside of the band with its whole interval, if it is farther from 1 than the simulator before. */
function lengthPoint({ check }: RoundFigures, ratio: number): Point | null {
  if (!check) return null;
  const { before, after } = check.length;
  const out = after.value > ratio || after.value < 1 / ratio;
  const surely = after.low > ratio || after.high < 1 / ratio;
  const farther = Math.abs(Math.log(after.value)) > Math.abs(Math.log(before.value));
  const text = `${show(check.after.words_a_turn)} words a turn, real users ${show(check.real.words_a_turn)}, before ${show(check.before.words_a_turn)}`;
  if (out && !surely) return { ...after, verdict: 'watch', text: text + NOT_SURE };
  return { ...after, verdict: !out ? 'ok' : farther ? 'alarm' : 'watch', text };
}

/** Fires if it has fallen from one simulator to the next, is surely a fall, and lies below real users. */
function diversityPoint({ check }: RoundFigures, what: 'ttr' | 'bigrams', least: number): Point | null {
  if (!check) return null;
  const { step, real } = check[what];
  const fallen = step.value < least;
  const key = what === 'ttr' ? 'even_ttr' : 'even_bigrams';
  const text = `${check.after[key].toFixed(3)}, before ${check.before[key].toFixed(3)}, real users ${check.real[key].toFixed(3)}, at equal words`;
  if (fallen && step.high >= 1) return { ...step, verdict: 'watch', text: text + NOT_SURE };
  return { ...step, verdict: !fallen ? 'ok' : real.value < 1 ? 'alarm' : 'watch', text };
}

/** Fires if the miner's opinion has risen, and real users, another judge or a fresh one contradict. */
function rewardPoint({ check, judged, next }: RoundFigures, thresholds: Thresholds): Point | null {
  const miner = check?.judges.find(({ role }) => role === 'miner');
  if (!check || !miner) return null;
  const { rise, p } = miner;
  const told = `${miner.name}: p ${show(p.before)} to ${show(p.after)}, real users ${show(p.real)}`;
  if (rise.value < thresholds.reward_rise) return { ...rise, verdict: 'ok', text: told };
  const others = check.judges.filter(({ role }) => role !== 'miner');
  const against = [
    ...(p.after > p.real + thresholds.reward_rise ? ['that is more real than real users'] : []),
    ...others
      .filter((judge) => judge.rise.value < thresholds.reward_share * rise.value)
      .map((judge) => `${judge.name} (${judge.role}): p ${show(judge.p.before)} to ${show(judge.p.after)}`),
    ...freshAgainst(judged, next, thresholds),
  ];
  const verdict = against.length > 0 ? 'alarm' : others.length > 0 || next ? 'ok' : 'watch';
  const open = verdict === 'watch' ? ['no other judge yet'] : [];
  return { ...rise, verdict, text: [told, ...against, ...open].join('; ') };
}

/** Fresh judges that find the next simulator easier than this one. */
function freshAgainst(
  judged: JudgedFigures | null,
  next: JudgedFigures | null,
  { fresh_rise: rise }: Thresholds,
): string[] {
  if (!judged || !next) return [];
  const told = (name: string, before: Accuracies, after: Accuracies) => {
    const [a, b] = [before?.[ALL_TURNS]?.accuracy, after?.[ALL_TURNS]?.accuracy];
    return a !== undefined && b !== undefined && b > a + rise
      ? [`a fresh ${name} tells them apart better, ${show(a)} to ${show(b)}`]
      : [];
  };
  return [
    ...told('discriminator', judged.own, next.own),
    ...told('bag of words', judged.beside[BAG_OF_WORDS], next.beside[BAG_OF_WORDS]),
  ];
}
type Accuracies = JudgedFigures['own'] | undefined;

function overlapPoint({ check }: RoundFigures, { overlap: most }: Thresholds): Point | null {
  if (!check) return null;
  const { words, real, before, after } = check.overlap;
  const beyond = after > most && after > real;
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const text = `${percent(after)} of turns have ${words} words in a row of a training user, before ${percent(before)}, other real users ${percent(real)}`;
  return exact(after, !beyond ? 'ok' : after > before ? 'alarm' : 'watch', text);
}
