import { FoilError } from '../../errors.ts';
import { contextIdOf } from '../../evaluate/behaviour/annotations.ts';
import { shuffled } from '../../evaluate/judges/shortcuts/pairs.ts';
import type { Session } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import { deriveSeed, seedOf, unit } from '../seed.ts';
import type { TuringItem, TuringSettings, TuringSitting } from './types.ts';

export interface DrawnFrom {
  readonly real: readonly Session[];
  readonly simulated: readonly { readonly corpus: string; readonly sessions: readonly Session[] }[];
}

/**
 * Sessions to judge, by a seed: contexts that the real corpus and every simulated one have, one side of each by a coin and
 * never both, since who has read one side knows the other; simulated sides are dealt to the corpora in turn. A session is shown as far
 * as the shortest side of its context goes (as `evenPrefixes` cuts the discriminators' pairs), and contexts on which
 * the sides do not begin with the same role are left out: length and beginning must not tell.
 * @throws FoilError `no-sessions` where no context, or only one, is left.
 */
export function drawSitting({ real, simulated }: DrawnFrom, settings: TuringSettings, at: string): TuringSitting {
  const { seed, sides } = settings;
  const people = firstOf(real.filter((session) => session.origin === 'real' && inSplit(session, settings.split)));
  const others = simulated.map(({ corpus, sessions }) => ({
    corpus,
    // of several sessions about one context, one by the seed
    sessions: firstOf(
      sessions
        .filter(({ origin }) => origin !== 'real')
        .toSorted((a, b) => deriveSeed(seed, seedOf(a.id)) - deriveSeed(seed, seedOf(b.id))),
    ),
  }));
  const contexts = [...people.keys()].filter((context) => {
    const of = [people, ...others.map(({ sessions }) => sessions)].map((side) => side.get(context));
    const [person] = of;
    return of.every((session) => session && countUserTurns(session.turns) > 0 && beginsAs(session, person));
  });
  if (contexts.length < 2) {
    throw new FoilError(
      'no-sessions',
      `${contexts.length} contexts have a real session and one of each simulated corpus`,
      {
        remedy: 'simulate on the contexts of the real sessions: foil simulate --contexts CORPUS',
      },
    );
  }
  const drawn = shuffled(contexts.toSorted(), seed).slice(0, settings.n);
  const shown = sides === 'half' ? halfOf(drawn.length, seed) : drawn.map((_, k) => coin(seed, k));
  let dealt = coin(seed, drawn.length + 1) ? 1 : 0;
  const items = drawn.map((context, k): TuringItem => {
    const person = people.get(context) as Session;
    const turns = Math.min(
      settings.turns ?? Number.POSITIVE_INFINITY,
      countUserTurns(person.turns),
      ...others.map(({ sessions }) => countUserTurns((sessions.get(context) as Session).turns)),
    );
    if (shown[k]) return { corpus: settings.real, session: person.id, simulator: null, context: person.id, turns };
    const other = others[dealt++ % others.length] as (typeof others)[number];
    const session = other.sessions.get(context) as Session;
    const simulator = session.origin === 'real' ? null : session.origin.simulator;
    return { corpus: other.corpus, session: session.id, simulator, context: person.id, turns };
  });
  return { schema: 1, type: 'sitting', at, settings, items };
}

function inSplit({ meta }: Session, split: string | null): boolean {
  return split === null || meta['split'] === split;
}

function firstOf(sessions: readonly Session[]): Map<string, Session> {
  const found = new Map<string, Session>();
  for (const session of sessions) {
    const context = contextIdOf(session);
    if (!found.has(context)) found.set(context, session);
  }
  return found;
}

function beginsAs(a: Session, b: Session | undefined): boolean {
  return a.turns[0]?.role === b?.turns[0]?.role;
}

function coin(seed: number, k: number): boolean {
  return unit(deriveSeed(seed, 0x7075, k)) < 0.5;
}

/** Which of n places are real: half of them, of an odd number the odd one by the coin. */
function halfOf(n: number, seed: number): boolean[] {
  const reals = Math.floor(n / 2) + (n % 2 === 1 && coin(seed, n) ? 1 : 0);
  return shuffled(
    Array.from({ length: n }, (_, k) => k < reals),
    deriveSeed(seed, 0x5369),
  );
}
