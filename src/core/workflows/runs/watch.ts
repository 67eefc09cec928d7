import { FoilError, isAbort } from '../../errors.ts';
import type { RunPorts } from '../../stage/ports.ts';
import { type Progress, progressOf } from '../../stage/progress.ts';
import type { RunRecord, RunSummary } from '../../stage/run.ts';
import { pageOf } from './log.ts';
import { isFinal, Looker, reportOf, summaryOf } from './look.ts';
import { EventReader, type RunReader, readerOf } from './read.ts';
import type { LogPage, RunEvent, RunList } from './types.ts';

/** All runs, newest first, looked at once. */
export async function listRuns(ports: RunPorts, signal: AbortSignal, looker = new Looker(ports)): Promise<RunList> {
  const { runs, skipped } = await ports.runs.list();
  return { runs: await Promise.all(runs.map((record) => looker.look(record, signal))), skipped };
}

/** All runs, looked at every `everyMs`; ends with the signal's AbortError. */
export async function* watchRuns(
  ports: RunPorts,
  { everyMs }: { readonly everyMs: number },
  signal: AbortSignal,
): AsyncGenerator<RunList> {
  const looker = new Looker(ports);
  for (;;) {
    yield await listRuns(ports, signal, looker);
    await ports.clock.sleep(everyMs, signal);
  }
}

/** One run, looked at once. */
export async function lookAt(ports: RunPorts, id: string, signal: AbortSignal): Promise<RunSummary> {
  return await new Looker(ports).look(await ports.runs.load(id), signal);
}

/** All that the events of a run say so far, for a comparison. */
export async function readProgress(ports: RunPorts, id: string, signal: AbortSignal): Promise<Progress> {
  const reader = new EventReader(readerOf(ports, await ports.runs.load(id)));
  return progressOf(await reader.next(signal));
}

export interface FollowOptions {
  readonly everyMs?: number;
  /** Lines of the log to begin with, and at most at a time. */
  readonly logLines?: number;
  /** How often GPUs are asked; 0 never. */
  readonly gpusEveryMs?: number;
}

/** More than this behind, a log is shown from its end again. */
const LEAP_BYTES = 1 << 20;

/**
 * One run from its first event on, until it ended and all of it was told. What cannot be reached is told later: meanwhile
 * its state is `unknown`. The caller may stop at any time; the run goes on.
 */
export async function* followRun(
  ports: RunPorts,
  id: string,
  signal: AbortSignal,
  { everyMs = 1000, logLines = 500, gpusEveryMs = 5000 }: FollowOptions = {},
): AsyncGenerator<RunEvent> {
  let progress = progressOf([]);
  let shown = '';
  let page: LogPage | null = null;
  let key = '';
  let read: RunReader = async () => ({ bytes: new Uint8Array(), next: 0, size: 0 });
  let events = new EventReader(read);
  let askGpusAt = 0;
  for (;;) {
    const record = await ports.runs.load(id);
    const nextKey = `${record.handle?.folder} ${record.collected}`;
    if (nextKey !== key) {
      key = nextKey;
      read = readerOf(ports, record);
      events = new EventReader(read);
      progress = progressOf([]);
    }
    // Asked first: an end that is seen now is followed by a last read.
    const report = await reportOf(ports, record, signal);
    const fresh = (await quietly(() => events.next(signal))) ?? [];
    progress = progressOf(fresh, progress);
    const summary = summaryOf(await ports.runs.load(id), report, progress);
    const state = JSON.stringify(summary);
    if (state !== shown) yield { type: 'state', summary };
    shown = state;
    if (fresh.length > 0) yield { type: 'events', events: fresh };
    const next = await quietly(() => nextPage(read, page, logLines, signal));
    if (next && !samePage(next, page)) yield { type: 'log', page: next };
    page = next ?? page;
    const now = ports.clock.now().getTime();
    if (gpusEveryMs > 0 && report.state === 'running' && now >= askGpusAt) {
      askGpusAt = now + gpusEveryMs;
      const readings = await readGpus(ports, record, signal);
      if (readings) yield { type: 'gpus', readings };
    }
    const all = next === null || next.end >= next.size || unfinished(next);
    if (isFinal(report.state) && all) return;
    // While there is more of the log, it is fetched at once.
    if (all) await ports.clock.sleep(everyMs, signal);
  }
}

function unfinished(page: LogPage): boolean {
  return page.lines.at(-1)?.at === page.end;
}

async function nextPage(read: RunReader, page: LogPage | null, lines: number, signal: AbortSignal): Promise<LogPage> {
  if (page === null) return await pageOf(read, 'end', lines, signal);
  const next = await pageOf(read, { after: page.end }, lines, signal);
  return next.size - next.end > LEAP_BYTES || next.size < page.end ? await pageOf(read, 'end', lines, signal) : next;
}

function samePage(next: LogPage, page: LogPage | null): boolean {
  if (next.lines.length === 0) return true;
  const [a, b] = [next.lines.at(-1), page?.lines.at(-1)];
  return next.lines.length === 1 && a?.at === b?.at && a?.text === b?.text;
}

async function readGpus(ports: RunPorts, { handle }: RunRecord, signal: AbortSignal) {
  if (handle === null) return null;
  return await quietly(async () => (await ports.launchers.open(handle.launcher)).gpus(handle, signal));
}

/** Null where the machine cannot be reached now. */
async function quietly<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (isAbort(error) || !(error instanceof FoilError)) throw error;
    return null;
  }
}
