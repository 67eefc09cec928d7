import { type Confusion, outcome, type Verdict } from '../../metrics/classification.ts';
import { contextIdOf } from '../behaviour/annotations.ts';
import { placesBy, type Source, sameContexts } from '../source.ts';

/** A discriminator whose scores stand beside the sessions (`foil score`). */
export interface Scorer {
  readonly name: string;
  /** The source that it was trained against, by name; null if that is none of those here. */
  readonly own: string | null;
}

/** Where a discriminator is read (Table 2): at a user turn, at all of them pooled, and at the last one of each session. */
export const PLACES = [
  { key: 't1', title: 't 1', t: 1 },
  { key: 't5', title: 't 5', t: 5 },
  { key: 't10', title: 't 10', t: 10 },
  { key: 't25', title: 't 25', t: 25 },
  { key: 'all', title: 'all turns', t: null },
  { key: 'last', title: 'last turn', t: null },
] as const;
export type PlaceKey = (typeof PLACES)[number]['key'];

const TURNS = new Map<PlaceKey, number>(PLACES.flatMap(({ key, t }) => (t === null ? [] : [[key, t]])));

/** z_1..z_T of one session. */
export interface ScoredSession {
  readonly id: string;
  readonly corpus: string;
  readonly context: string;
  readonly real: boolean;
  readonly z: readonly number[];
}

/** Real sessions beside those of one simulator, as one discriminator scored them. */
export interface Trial {
  readonly scorer: Scorer;
  readonly real: Source;
  readonly simulated: Source;
  readonly sessions: readonly ScoredSession[];
  readonly contexts: readonly string[];
  /** Sessions of each context. */
  readonly sides: readonly { readonly real: number; readonly simulated: number }[];
  /** Sessions that this discriminator has not scored: they count nowhere. */
  readonly missing: number;
  /** Engines and templates that the scores come from; more than one of either are not comparable. */
  readonly engines: readonly string[];
}

/** Pairs a discriminator with real and simulated sessions of the same contexts. */
export function trialOf(scorer: Scorer, real: Source, simulated: Source): Trial {
  const { sources } = sameContexts([real, simulated]);
  const engines = new Set<string>();
  let missing = 0;
  const sessions = sources.flatMap((source) =>
    source.sessions.flatMap((session): ScoredSession[] => {
      const found = session.scores?.[scorer.name];
      if (!found || found.z.length === 0) {
        missing += 1;
        return [];
      }
      engines.add(`${found.engine}, template ${found.template.slice(0, 8)}`);
      const context = contextIdOf(session);
      return [{ id: session.id, corpus: source.corpus, context, real: source.kind === 'real', z: found.z }];
    }),
  );
  const groups = placesBy(sessions, ({ context }) => context).map((places) =>
    places.map((at) => sessions[at] as ScoredSession),
  );
  const contexts = groups.map(([first]) => first?.context ?? '');
  const sides = groups.map((group) => {
    const count = group.filter((session) => session.real).length;
    return { real: count, simulated: group.length - count };
  });
  return { scorer, real, simulated, sessions, contexts, sides, missing, engines: [...engines] };
}

/** The log-odds of a session that are read at a place; none where it has no such turn. */
export function readAt({ z }: Pick<ScoredSession, 'z'>, place: PlaceKey): readonly number[] {
  const t = TURNS.get(place);
  if (t !== undefined) return t <= z.length ? [z[t - 1] as number] : [];
  return place === 'all' ? z : z.slice(-1);
}

/**
 * What a simulated session weighs beside a real one, so that both sides of a trial weigh alike as a whole (Eq. 3: balanced
 * data) however many sessions were simulated on a context. At a late turn they then differ as their lengths do.
 * @param counts how often each context counts; once each if left out.
 */
export function simulatedWeight({ sides }: Pick<Trial, 'sides'>, counts?: ArrayLike<number>): number {
  let [real, simulated] = [0, 0];
  for (const [at, side] of sides.entries()) {
    const count = counts?.[at] ?? 1;
    real += count * side.real;
    simulated += count * side.simulated;
  }
  return simulated === 0 ? 1 : real / simulated;
}

/** Verdicts at a place, with what each weighs. */
export function verdictsAt(trial: Trial, place: PlaceKey): (Verdict & { readonly context: string })[] {
  const weight = simulatedWeight(trial);
  return trial.sessions.flatMap((session) =>
    readAt(session, place).map((z) => ({
      ...{ z, real: session.real, context: session.context, weight: session.real ? 1 : weight },
    })),
  );
}

/** Confusion of each context of a trial at a place, unweighted: what a bootstrap adds up. */
export function confusions(trial: Trial, place: PlaceKey): Confusion[] {
  const counts = trial.contexts.map(() => ({ tp: 0, fp: 0, tn: 0, fn: 0 }));
  const of = new Map(trial.contexts.map((context, at) => [context, counts[at] as (typeof counts)[number]]));
  for (const session of trial.sessions) {
    const own = of.get(session.context);
    if (own) for (const z of readAt(session, place)) own[outcome(z, session.real)] += 1;
  }
  return counts;
}
