/** 256 sessions at once in the process of a screen, as a loop that runs behind it has them: the workflow, its journal and corpus. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAIChatModel } from '../src/backends/openai/chat.ts';
import { openSessionStore } from '../src/backends/store/session-store.ts';
import { openTurnJournal } from '../src/backends/store/turn-journal.ts';
import { systemClock } from '../src/backends/system.ts';
import { isAbort } from '../src/core/errors.ts';
import type { Session } from '../src/core/session/schema.ts';
import { simulate } from '../src/core/workflows/simulate/simulate.ts';
import type { Progress } from '../src/core/workflows/simulate/types.ts';
import { contextsOf, SEED, USER_TURNS } from './simulate-plan.ts';

const AT_ONCE = 256;
/** More than any block has time for. */
const SESSIONS = 20_000;

export interface Crowd {
  /** Turns that were made so far. */
  readonly turns: number;
  /** Resolves when as many sessions run as may. */
  readonly full: Promise<void>;
  end(): Promise<void>;
}

/** Starts them against an endpoint; `show` gets the progress, a few times a second. */
export async function startCrowd(base: string, show: (progress: Progress) => void): Promise<Crowd> {
  const folder = await mkdtemp(join(tmpdir(), 'foil-crowd-'));
  const model = (name: string, system: string | null) =>
    new OpenAIChatModel({
      ...{ name, model: name, system, sampling: { temperature: 1 }, flip: true, window: null },
      endpoint: {
        ...{ server: 'mock', baseURL: base, key: null, keyName: null, timeoutMs: 60_000 },
        ...{ dialect: 'openai' as const, own: false, atOnce: AT_ONCE },
      },
      end: { tokenId: null, marker: null },
    });
  const store = await openSessionStore(folder);
  const journal = await openTurnJournal(folder, 'made');
  const request = {
    ...{ simulator: model('sim', null), chatbots: [model('bot', 'Listen, ask, and help.')] },
    ...{ contexts: contextsOf(SESSIONS), contextCount: SESSIONS, perContext: 1, seed: SEED, maxUserTurns: USER_TURNS },
    ...{ atOnce: AT_ONCE, done: new Set<string>() },
  };
  const append = (made: readonly Session[]) => store.append('made', made);
  const abort = new AbortController();
  const full = Promise.withResolvers<void>();
  let turns = 0;
  const consume = async () => {
    for await (const event of simulate(request, { clock: systemClock, journal, append }, abort.signal)) {
      if (event.type === 'turn') turns += 1;
      // Ten turns of each: the endpoint gets all at once by then.
      if (turns === 10 * AT_ONCE) full.resolve();
      if (event.type === 'progress') show(event.progress);
    }
  };
  const done = consume().catch((error: unknown) => {
    full.reject(error);
    if (!isAbort(error)) throw error;
  });
  return {
    get turns() {
      return turns;
    },
    full: full.promise,
    async end() {
      abort.abort();
      await done;
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
