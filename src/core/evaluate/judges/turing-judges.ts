import { bootstrapCounts, type Draws } from '../../metrics/bootstrap.ts';
import type { Verdict } from '../../metrics/classification.ts';
import { logit, sigmoid } from '../../reward/reward.ts';
import { binaryKappa } from '../behaviour/agreement.ts';
import { simulatedWeight, valuesAt } from './verdicts.ts';

/** A session as a person judged it turn by turn, with what discriminators say of the same turns. */
export interface Judgement {
  readonly id: string;
  readonly corpus: string;
  /** Who simulated it; null for a real one. */
  readonly simulator: string | null;
  /** p(real) by the person at user turns 1, 2, ... */
  readonly p: readonly number[];
  /** How long each took; null without a screen. */
  readonly ms: readonly (number | null)[];
  /** z_1, z_2, ... of each discriminator that has scored it, as far at least as the person judged. */
  readonly z: Readonly<Record<string, readonly number[]>>;
  readonly note: string | null;
}

/** One person in one sitting, with the sessions whose guesses are final. */
export interface Guesser {
  readonly name: string;
  readonly sitting: string;
  readonly sessions: readonly Judgement[];
  /** Sessions of the sitting that do not count: still open, skipped, or not among those that are evaluated. */
  readonly open: number;
  readonly skipped: number;
  readonly absent: number;
}

/** Where judges are read: as in Table 2, but nearer to the beginning, where a person has read little. */
export const TURING_PLACES = [
  { key: 't1', title: 't 1', t: 1 },
  { key: 't3', title: 't 3', t: 3 },
  { key: 't5', title: 't 5', t: 5 },
  { key: 't10', title: 't 10', t: 10 },
  { key: 'all', title: 'all turns', t: null },
  { key: 'last', title: 'last turn', t: null },
] as const;

/** Someone who gives log-odds at each user turn that the person judged. */
export interface Judge {
  readonly name: string;
  /** Null for a discriminator, which takes no time that means anything. */
  readonly person: Guesser | null;
  readonly z: (session: Judgement) => readonly number[];
}

/** Sessions that are compared: all real ones with those of one simulator, or of all. */
export interface Scope {
  readonly guesser: Guesser;
  readonly title: string;
  readonly sessions: readonly Judgement[];
  readonly judges: readonly Judge[];
}

/** A person on all sessions, and on the real ones beside each simulator where there are several. */
export function scopesOf(guesser: Guesser): Scope[] {
  const simulators = [...new Set(guesser.sessions.flatMap(({ simulator }) => simulator ?? []))];
  const person: Judge = { name: guesser.name, person: guesser, z: ({ p }) => p.map(logit) };
  const names = [...new Set(guesser.sessions.flatMap(({ z }) => Object.keys(z)))].sort();
  const judges = [
    person,
    ...names.map((name): Judge => ({ name, person: null, z: ({ z, p }) => (z[name] ?? []).slice(0, p.length) })),
  ];
  const of = simulators.map((simulator): Scope => {
    const sessions = guesser.sessions.filter(
      (session) => session.simulator === null || session.simulator === simulator,
    );
    return { guesser, title: simulator, sessions, judges };
  });
  const all: Scope = { guesser, title: 'all', sessions: guesser.sessions, judges };
  return simulators.length > 1 ? [all, ...of] : of.length === 1 ? of : [all];
}

/** Those of the sessions that all of these judges judged. */
export function judgedBy(sessions: readonly Judgement[], judges: readonly Judge[]): Judgement[] {
  return sessions.filter((session) => judges.every((judge) => judge.z(session).length === session.p.length));
}

/** Verdicts of a judge at a place on the sessions of a draw, with both sides weighing alike; null where a side is missing. */
type Read = (judge: Judge, place: { readonly key: string; readonly t: number | null }) => Verdict[] | null;

/** Statistics with their intervals, all on the same draws of sessions. */
export function drawn(sessions: readonly Judgement[], of: (read: Read) => number[], draws: Draws) {
  if (sessions.length === 0) return [];
  const sides = sessions.map(({ simulator }) => ({
    real: Number(simulator === null),
    simulated: Number(simulator !== null),
  }));
  const known = new Map<Judge, (readonly number[])[]>();
  return bootstrapCounts(
    sessions.length,
    (counts) => {
      const weight = simulatedWeight({ sides }, counts);
      const both = [0, 1].every((real) => sides.some((side, at) => side.real === real && (counts[at] as number) > 0));
      return of((judge, place) => {
        if (!both) return null;
        const zs = known.get(judge) ?? sessions.map((session) => judge.z(session));
        known.set(judge, zs);
        return sessions.flatMap(({ simulator }, at) => {
          const count = counts[at] as number;
          const real = simulator === null;
          if (count === 0) return [];
          return valuesAt(zs[at] as readonly number[], place).map((z) => ({
            z,
            real,
            weight: real ? count : count * weight,
          }));
        });
      });
    },
    draws,
  );
}

/** Mean of the p that was given to what was called: max(p, 1 - p). */
export function sureness(verdicts: readonly Verdict[]): number {
  let [sum, total] = [0, 0];
  for (const { z, weight = 1 } of verdicts) {
    sum += weight * sigmoid(Math.abs(z));
    total += weight;
  }
  return sum / total;
}

/** Share of verdicts of which both say the same, and kappa; they stand in the same order in both lists. */
export function agreed(ours: Verdict[] | null, theirs: Verdict[] | null): number[] {
  if (!ours || !theirs) return [Number.NaN, Number.NaN];
  const sums = { both: 0, first: 0, second: 0, neither: 0 };
  for (const [at, { z, weight = 1 }] of ours.entries()) {
    const other = (theirs[at] as Verdict).z > 0;
    sums[z > 0 ? (other ? 'both' : 'first') : other ? 'second' : 'neither'] += weight;
  }
  const { both, first, second, neither } = sums;
  return [(both + neither) / (both + first + second + neither), binaryKappa(both, first, second, neither)];
}
