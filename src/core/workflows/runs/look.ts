import { FoilError, isAbort } from '../../errors.ts';
import type { JobReport, JobState } from '../../stage/launcher.ts';
import type { RunPorts } from '../../stage/ports.ts';
import { NO_PROGRESS, type Progress, progressOf } from '../../stage/progress.ts';
import type { RunAction, RunRecord, RunSummary } from '../../stage/run.ts';
import { EventReader, readerOf } from './read.ts';

const NOTHING: JobReport = {
  state: 'queued',
  code: null,
  signal: null,
  reason: null,
  host: null,
  started: null,
  ended: null,
  heartbeat: null,
};

const FINAL: ReadonlySet<JobState> = new Set(['done', 'failed', 'cancelled']);

export function isFinal(state: JobState): boolean {
  return FINAL.has(state);
}

/** What its launcher says of a run; an end is kept in its record, so that nobody is asked twice. Never throws for that. */
export async function reportOf(ports: RunPorts, record: RunRecord, signal: AbortSignal): Promise<JobReport> {
  if (record.ended) return record.ended;
  const { handle } = record;
  if (handle === null) {
    if (record.cancelled !== null) return { ...NOTHING, state: 'cancelled', ended: record.cancelled };
    if (record.refused !== null) return { ...NOTHING, state: 'failed', reason: record.refused };
    const reason = `nobody noted that ${record.launcher} took it: resume hands it in, or takes it up if it runs there`;
    return { ...NOTHING, reason };
  }
  const asked = await ask(ports, record, signal);
  // A job that traps TERM ends with a code of its own; it was cancelled all the same.
  const cancelled = record.cancelled !== null && asked.state === 'failed';
  const report: JobReport = cancelled ? { ...asked, state: 'cancelled' } : asked;
  if (isFinal(report.state)) {
    await ports.runs.update(record.id, (now) =>
      now.handle?.attempt === handle.attempt ? { ...now, ended: report } : now,
    );
  }
  return report;
}

async function ask(ports: RunPorts, record: RunRecord, signal: AbortSignal): Promise<JobReport> {
  const handle = record.handle!;
  try {
    return await (await ports.launchers.open(handle.launcher)).report(handle, signal);
  } catch (error) {
    // Its launcher is not in foil.yaml any more, say: no statement about the job.
    if (!(error instanceof FoilError)) throw error;
    return { ...NOTHING, state: 'unknown', reason: error.message };
  }
}

/** Bytes of events that a list reads of each run: some hundred steps. */
const GLANCE = 64 * 1024;

/** Summaries of runs, one look after another: only what is new is read. */
export class Looker {
  private readonly ports: RunPorts;
  private readonly seen = new Map<string, { reader: EventReader; progress: Progress }>();

  constructor(ports: RunPorts) {
    this.ports = ports;
  }

  async look(record: RunRecord, signal: AbortSignal): Promise<RunSummary> {
    const report = await reportOf(this.ports, record, signal);
    return summaryOf(record, report, await this.progress(record, signal));
  }

  private async progress(record: RunRecord, signal: AbortSignal): Promise<Progress> {
    // Where its files lie changes with the attempt and when they are collected.
    const key = `${record.id} ${record.handle?.attempt} ${record.collected}`;
    let entry = this.seen.get(key);
    if (!entry) {
      entry = { reader: new EventReader(readerOf(this.ports, record), GLANCE), progress: NO_PROGRESS };
      this.seen.set(key, entry);
    }
    try {
      const { points, ...progress } = progressOf(await entry.reader.next(signal), entry.progress);
      entry.progress = { ...progress, points: points.slice(-1) };
    } catch (error) {
      if (isAbort(error) || !(error instanceof FoilError)) throw error;
      // Out of reach for now; what was seen before still stands.
    }
    return entry.progress;
  }
}

export function summaryOf(record: RunRecord, report: JobReport, progress: Progress): RunSummary {
  const { step, steps, loss, eta } = progress;
  return {
    record,
    report,
    step,
    steps,
    loss,
    eta: report.state === 'running' ? eta : null,
    failure: failureOf(record, report, progress),
    actions: actionsOf(record, report),
  };
}

function failureOf(record: RunRecord, report: JobReport, { failed }: Progress): string | null {
  const { state, code, signal, reason } = report;
  if (state === 'lost') {
    const seen = report.heartbeat === null ? '' : ` (last sign of life ${report.heartbeat})`;
    return `${reason ?? 'nothing is heard of it any more'}${seen}. Resume goes on from its last checkpoint; cancel ends what may be left of it; its log says how far it came.`;
  }
  if (state !== 'failed') return null;
  if (failed) return [failed.message, failed.remedy].filter(Boolean).join(' ');
  if (record.handle === null) return `${reason} Mend that, then resume it.`;
  if (signal === 'KILL' || signal === 'SIGKILL' || code === 137) {
    return 'It was killed, most likely because memory ran out: take a smaller batch or max_length, or a bigger machine, and clone it; or resume it as it is.';
  }
  const how = reason ?? (code === null ? 'it failed' : `it ended with code ${code}`);
  return `${how}. The end of its log says why.`;
}

function actionsOf(record: RunRecord, { state }: JobReport): RunAction[] {
  switch (state) {
    case 'done':
      return record.adopted ? ['clone', 'adopt'] : ['adopt', 'clone'];
    case 'failed':
    case 'cancelled':
      return ['resume', 'clone'];
    case 'lost':
      return ['resume', 'cancel', 'clone'];
    case 'queued':
      return record.handle === null ? ['resume', 'cancel', 'clone'] : ['cancel', 'clone'];
    case 'running':
    case 'unknown':
      return ['cancel', 'clone'];
  }
}
