/** The part `kills` of bench/simulate.ts: kill -9 at random moments, on several corpora at once. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { corpusOf, faultsIn, journalOf, openMock, startFoil, workspace } from './simulate-programs.ts';

const AT_ONCE = 32;
const SESSIONS = 96;
/** After `kill -9` a lock is taken over in 3 s: corpora beside each other wait together. */
const CORPORA_AT_ONCE = 4;
/** Longer than a session, so that kills fall into beginnings, middles and ends. */
const LATEST_MS = 3000;
/** Every so many kills, one comes at any moment since the start of the process: while it opens, waits for the lock, and goes on. */
const FROM_THE_START = 5;
const LATEST_FROM_THE_START_MS = 5000;

export interface Tally {
  kills: number;
  corpora: number;
  /** Turns that stood on the disk before a run and not after it. */
  lost: number;
  /** Turns that stood on the disk and were asked for again. */
  again: number;
  kept: number;
  /** Requests that were made more than once, and those that were out at the kills. */
  repeated: number;
  inFlight: number;
  mostInFlight: number;
  /** What is wrong with the corpora at their end. */
  wrong: number;
}

/** Kills until `wanted` are done, and lets every corpus come to its end. */
export async function killAtRandom(folder: string, wanted: number): Promise<{ tally: Tally; ok: boolean }> {
  const tally: Tally = {
    ...{ kills: 0, corpora: 0, lost: 0, again: 0, kept: 0, repeated: 0, inFlight: 0, mostInFlight: 0, wrong: 0 },
  };
  const lane = async () => {
    while (tally.kills < wanted) await oneCorpus(folder, wanted, tally);
  };
  await Promise.all(Array.from({ length: Math.min(CORPORA_AT_ONCE, wanted) }, lane));
  const ok =
    tally.lost === 0 &&
    tally.again === 0 &&
    tally.wrong === 0 &&
    tally.repeated <= tally.inFlight &&
    tally.mostInFlight <= AT_ONCE;
  return { tally, ok };
}

async function oneCorpus(folder: string, wanted: number, tally: Tally): Promise<void> {
  const mock = await openMock(false);
  const place = join(folder, `kills-${tally.corpora}`);
  tally.corpora += 1;
  await mkdir(place);
  await workspace(place, mock.base, SESSIONS, AT_ONCE);
  let before = new Set<number>();
  let askedBefore = new Map<number, number>();
  for (let whole = false; !whole; ) {
    await mock.begun();
    const asked = mock.next();
    const child = startFoil(place, AT_ONCE);
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const killed = killLater(child, asked, () => {
      if (tally.kills >= wanted) return false;
      tally.kills += 1;
      return true;
    });
    const [code] = await ended;
    killed.abort();
    whole = code === 0;
    if (code !== 0 && code !== null) throw new Error(`foil simulate ended with ${code}`);
    const [now, all] = [await kept(place), await mock.asked()];
    const askedNow = [...all].filter(([seed, times]) => times > (askedBefore.get(seed) ?? 0)).map(([seed]) => seed);
    tally.lost += [...before].filter((seed) => !now.has(seed)).length;
    tally.again += askedNow.filter((seed) => before.has(seed)).length;
    if (!whole) {
      const inFlight = askedNow.filter((seed) => !now.has(seed)).length;
      tally.inFlight += inFlight;
      tally.mostInFlight = Math.max(tally.mostInFlight, inFlight);
    }
    [before, askedBefore] = [now, all];
  }
  tally.kept += before.size;
  tally.repeated += [...askedBefore.values()].reduce((sum, times) => sum + times - 1, 0);
  tally.wrong += faultsIn(await corpusOf(place), SESSIONS).length;
  mock.end();
}

let turns = 0;

/** Kills a process at a random moment, if `may` then still allows it. @returns what calls it off. */
function killLater(child: ChildProcess, asked: Promise<unknown>, may: () => boolean): AbortController {
  const off = new AbortController();
  turns += 1;
  const early = turns % FROM_THE_START === 0;
  const wait = async () => {
    if (!early) await asked;
    await sleep(Math.random() * (early ? LATEST_FROM_THE_START_MS : LATEST_MS), undefined, { signal: off.signal });
    if (child.exitCode === null && may()) child.kill('SIGKILL');
  };
  wait().catch(() => undefined);
  return off;
}

/** Seeds of the turns that the journal and the corpus of a folder have. */
async function kept(place: string): Promise<Set<number>> {
  const seeds = (await journalOf(place)).map(({ seed }) => seed);
  for (const { turns: said } of await corpusOf(place)) {
    for (const { by } of said) if (by?.kind === 'model' && by.seed !== undefined) seeds.push(by.seed);
  }
  return new Set(seeds);
}
