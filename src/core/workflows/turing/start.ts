import type { Clock, SessionStore } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { drawSitting } from './draw.ts';
import type { TuringStores } from './sitting.ts';
import type { TuringSettings } from './types.ts';

export interface StartPorts {
  readonly sessions: Pick<SessionStore, 'stream'>;
  readonly stores: Pick<TuringStores, 'create'>;
  readonly clock: Clock;
}

/** What was drawn; which sessions, only the file says. */
export interface StartedSitting {
  readonly sessions: number;
  /** User turns to judge. */
  readonly guesses: number;
  /** What a person is told beside: fewer sessions than were asked for. */
  readonly notices: readonly string[];
}

/**
 * Draws a sitting from the corpora of its settings (see `drawSitting`) and begins its file.
 * @throws FoilError `no-sessions`, `name-taken`, or what reading a corpus throws; then nothing is written.
 */
export async function startSitting(ports: StartPorts, name: string, settings: TuringSettings): Promise<StartedSitting> {
  const read = async (corpus: string): Promise<Session[]> => await Array.fromAsync(ports.sessions.stream(corpus));
  const real = await read(settings.real);
  const simulated: { corpus: string; sessions: Session[] }[] = [];
  for (const corpus of settings.simulated) simulated.push({ corpus, sessions: await read(corpus) });
  const sitting = drawSitting({ real, simulated }, settings, ports.clock.now().toISOString());
  await ports.stores.create(name, sitting);
  const sessions = sitting.items.length;
  return {
    sessions,
    guesses: sitting.items.reduce((sum, { turns }) => sum + turns, 0),
    notices: sessions < settings.n ? [`the corpora share no more than ${sessions} contexts`] : [],
  };
}
