/** 256 sessions at once behind a screen, as the Loop screen has them: `foil loop run` in a process of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoopApart } from '../src/backends/loop/child.ts';
import { isAbort } from '../src/core/errors.ts';
import { loopSchema } from '../src/core/workflows/loop/settings.ts';
import { contextsOf, USER_TURNS } from './simulate-plan.ts';
import { PROGRAM, workspace } from './simulate-programs.ts';

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
export async function startCrowd(base: string, show: (text: string) => void): Promise<Crowd> {
  const folder = await mkdtemp(join(tmpdir(), 'foil-crowd-'));
  await workspace(folder, base, SESSIONS, AT_ONCE);
  const [held] = contextsOf(SESSIONS + 1).slice(-1);
  await writeFile(join(folder, 'sessions', 'held.jsonl'), `${JSON.stringify(held)}\n`);
  await mkdir(join(folder, 'loops', 'crowd'), { recursive: true });
  const settings = loopSchema.parse({
    ...{ schema: 1, name: 'crowd', created: new Date(0).toISOString(), simulator: 'sim', chatbots: ['bot'] },
    ...{ contexts: { train: 'topics', valid: 'held' }, limits: { train: null }, per_context: 1 },
    ...{ max_user_turns: USER_TURNS, at_once: AT_ONCE },
  });
  await writeFile(join(folder, 'loops', 'crowd', 'loop.json'), JSON.stringify(settings));
  const abort = new AbortController();
  const full = Promise.withResolvers<void>();
  let turns = 0;
  const consume = async () => {
    for await (const event of runLoopApart(PROGRAM, folder, 'crowd', 'stage', abort.signal)) {
      if (event.type !== 'progress') continue;
      turns = Number(/(\d+) turns/u.exec(event.text)?.[1] ?? turns);
      // Ten turns of each: the endpoint gets all at once by then.
      if (turns >= 10 * AT_ONCE) full.resolve();
      show(event.text);
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
      await rm(folder, { recursive: true, force: true });
    },
  };
}
