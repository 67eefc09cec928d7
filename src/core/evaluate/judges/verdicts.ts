import { type Confusion, outcome, type Verdict } from '../../metrics/classification.ts';
import { contextIdOf } from '../behaviour/annotations.ts';
import { groupsBy, type Source, sameContexts } from '../source.ts';

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
  /** The place in `contexts` of the context of each session. */
  readonly contextOf: Int32Array;
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
  const { of: contextOf, keys: contexts } = groupsBy(sessions, ({ context }) => context);
  const sides = contexts.map(() => ({ real: 0, simulated: 0 }));
  for (const [at, session] of sessions.entries()) {
    const side = sides[contextOf[at] as number] as (typeof sides)[number];
    side[session.real ? 'real' : 'simulated'] += 1;
  }
  return { scorer, real, simulated, sessions, contexts, contextOf, sides, missing, engines: [...engines] };
}

/** The log-odds of a session that are read at a place; none where it has no such turn. */
export function readAt({ z }: Pick<ScoredSession, 'z'>, place: PlaceKey): readonly number[] {
  return valuesAt(z, { key: place, t: TURNS.get(place) ?? null });
}

/** Of one value a user turn, those that are read at a place. */
export function valuesAt(values: readonly number[], { key, t }: { readonly key: string; readonly t: number | null }) {
  if (t !== null) return t <= values.length ? [values[t - 1] as number] : [];
  return key === 'all' ? values : values.slice(-1);
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

/** Where the verdicts of a real session and of a simulated one count among tp, fp, tn, fn. */
const REAL = placesOf(true);
const SIMULATED = placesOf(false);

function placesOf(real: boolean): { yes: number; no: number } {
  const order: readonly (keyof Confusion)[] = ['tp', 'fp', 'tn', 'fn'];
  return { yes: order.indexOf(outcome(1, real)), no: order.indexOf(outcome(-1, real)) };
}

/**
 * Adds up the verdicts of each context at every place, unweighted: what a bootstrap resamples.
 * @param table of a row of `row` numbers a context, which begins with tp, fp, tn, fn of each of PLACES.
 */
export function addConfusions({ sessions, contextOf }: Trial, table: Float64Array, row: number): void {
  for (const [place, { key }] of PLACES.entries()) {
    for (let at = 0; at < sessions.length; at += 1) {
      const session = sessions[at] as ScoredSession;
      const from = (contextOf[at] as number) * row + 4 * place;
      const { yes, no } = session.real ? REAL : SIMULATED;
      for (const z of readAt(session, key)) {
        const to = from + (z > 0 ? yes : no);
        table[to] = (table[to] as number) + 1;
      }
    }
  }
}
