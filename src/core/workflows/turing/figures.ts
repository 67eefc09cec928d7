import { FoilError } from '../../errors.ts';
import { turingExhibits } from '../../evaluate/judges/turing.ts';
import type { Guesser } from '../../evaluate/judges/turing-judges.ts';
import type { Exhibit } from '../../evaluate/table.ts';
import type { Draws } from '../../metrics/bootstrap.ts';
import type { SessionStore } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { guessersIn } from './judged.ts';
import type { TuringStores } from './sitting.ts';
import type { TuringItem } from './types.ts';

export interface FiguresPorts {
  readonly sessions: Pick<SessionStore, 'stream'>;
  readonly stores: Pick<TuringStores, 'open'>;
}

/**
 * How often people and discriminators were right on the same turns, over all sessions of the sittings that are judged to their end.
 * @param by only this person: the truth about a session that others have judged is not for who judges it still. Null for all.
 * @returns the tables, and the simulated corpora that they are about.
 * @throws FoilError `no-guesses` where no session is judged to its end.
 */
export async function sittingExhibits(
  { sessions, stores }: FiguresPorts,
  names: readonly string[],
  by: string | null,
  draws: Draws,
): Promise<{ readonly exhibits: Exhibit[]; readonly simulated: ReadonlySet<string> }> {
  const guessers: Guesser[] = [];
  const simulated = new Set<string>();
  for (const name of names) {
    const { head, records, close } = await stores.open(name);
    await close();
    for (const corpus of head.settings.simulated) simulated.add(corpus);
    const found = new Map<string, Session>();
    for (const corpus of [head.settings.real, ...head.settings.simulated])
      for await (const session of sessions.stream(corpus)) found.set(`${corpus}/${session.id}`, session);
    const find = ({ corpus, session }: TuringItem) => found.get(`${corpus}/${session}`) ?? null;
    guessers.push(...guessersIn({ name, head, records }, find).filter((one) => by === null || one.name === by));
  }
  if (guessers.every((one) => one.sessions.length === 0)) {
    throw new FoilError('no-guesses', `no session of ${names.join(', ')} is judged to its end`, {
      remedy: [
        `judge one to its end: F6 and t on the screen, or foil eval turing next ${names[0]}`,
        'without feedback figures come when a person is through, since they would be feedback',
      ],
    });
  }
  return { exhibits: turingExhibits(guessers, draws), simulated };
}
