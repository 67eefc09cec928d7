import type { LoopRecord, LoopRecordOf, LoopStage, Ref } from './journal.ts';
import { hashOf, type Made, needsOf, rowsOf } from './needs.ts';
import type { LoopSettings } from './settings.ts';

/**
 * `todo`: an earlier stage comes first. `ready`: it can be run, or gone on with. `waiting`: at the gate. `stale`: it
 * is done,
 * but what it reads or its settings have changed since, or an earlier stage is not done any more.
 */
export const STAGE_STATES = ['todo', 'ready', 'running', 'waiting', 'done', 'failed', 'stale'] as const;
export type StageState = (typeof STAGE_STATES)[number];

export interface Cell {
  readonly iteration: number;
  readonly stage: LoopStage;
  readonly state: StageState;
  /** Null while its inputs are not all there. */
  readonly hash: string | null;
  readonly revision: number;
  /** Begun with these inputs, and not at its end. */
  readonly begun: boolean;
  /** Training run of these inputs. */
  readonly run: string | null;
  readonly counts: Readonly<Record<string, number>>;
  /** Null before the stage has ended once. */
  readonly seconds: number | null;
  /** Whether it was begun more than once, so that `seconds` are those since the last time: what it took before is not known. */
  readonly resumed: boolean;
  readonly outputs: readonly Ref[];
  readonly figures: unknown;
  readonly failure: Pick<LoopRecordOf<'failed'>, 'code' | 'message' | 'remedy'> | null;
  /** Why it cannot be run, or is stale: what is missing or has changed; null if there is nothing to say. */
  readonly why: string | null;
}

export interface Row {
  readonly iteration: number;
  readonly cells: readonly Cell[];
}

export interface Grid {
  readonly name: string;
  readonly rows: readonly Row[];
  /** What comes next; null when all is done. */
  readonly next: Cell | null;
}

export const refKey = ({ kind, name }: Ref): string => `${kind} ${name}`;

/**
 * The state of every stage: a pure fold of settings, journal and what the inputs are now.
 * @param hashes of every input and output by `refKey`; what is not in it is not there.
 * @param live whether somebody is running the loop.
 */
export function planLoop(
  settings: LoopSettings,
  records: readonly LoopRecord[],
  hashes: ReadonlyMap<string, string | null>,
  live: boolean,
): Grid {
  const done = new Map<string, readonly Ref[]>();
  const made: Made = (stage, iteration) => done.get(`${iteration} ${stage}`) ?? null;
  const rows = rowsOf(settings).map(({ iteration, stages }): Row => {
    const cells = stages.map((stage) => {
      const own = records.filter((record) => record.iteration === iteration && record.stage === stage);
      const cell = cellOf(settings, iteration, stage, own, made, hashes, live);
      if (cell.state === 'done') done.set(`${iteration} ${stage}`, cell.outputs);
      return cell;
    });
    return { iteration, cells };
  });
  const open = rows.flatMap(({ cells }) => cells).filter(({ state }) => state !== 'done');
  return { name: settings.name, rows, next: open.find(({ hash }) => hash !== null) ?? open[0] ?? null };
}

/** What earlier stages made, by a grid. */
export function madeBy({ rows }: Grid): Made {
  return (stage, iteration) => {
    const cell = rows[iteration]?.cells.find((one) => one.stage === stage);
    return cell?.state === 'done' ? cell.outputs : null;
  };
}

export function cellAt({ rows }: Grid, iteration: number, stage: LoopStage): Cell | null {
  return rows.find((row) => row.iteration === iteration)?.cells.find((cell) => cell.stage === stage) ?? null;
}

function cellOf(
  settings: LoopSettings,
  iteration: number,
  stage: LoopStage,
  own: readonly LoopRecord[],
  made: Made,
  hashes: ReadonlyMap<string, string | null>,
  live: boolean,
): Cell {
  const ends = own.filter((record) => record.type === 'end');
  const needs = needsOf(settings, iteration, stage, made);
  const blank = { iteration, stage, revision: 1, begun: false, run: null, figures: null, failure: null };
  const past = {
    counts: ends.at(-1)?.counts ?? {},
    seconds: ends.at(-1)?.seconds ?? null,
    outputs: ends.at(-1)?.outputs ?? [],
    resumed: wasResumed(own, ends.at(-1)),
  };
  const before = ends.length > 0 ? 'stale' : 'todo';
  if (!needs) return { ...blank, ...past, state: before, hash: null, why: 'an earlier stage comes first' };
  const now = needs.reads.map((ref) => hashes.get(refKey(ref)) ?? null);
  const gone = needs.reads.find((_, at) => now[at] === null);
  if (gone) return { ...blank, ...past, state: before, hash: null, why: `there is no ${wordOf(gone)}` };
  const hash = hashOf(needs, now as string[]);
  const same = own.filter((record) => record.hash === hash);
  const revision = revisionOf(same) ?? nextRevision(own);
  const run = same.findLast((record) => record.type === 'run')?.run ?? null;
  const common = { ...blank, hash, revision, run };
  const end = same.findLast((record) => record.type === 'end');
  const lost = end?.outputs.find((ref) => (hashes.get(refKey(ref)) ?? null) === null);
  if (end && !lost) {
    const { counts, seconds, outputs, figures } = end;
    const resumed = wasResumed(own, end);
    return { ...common, state: 'done', counts, seconds, resumed, outputs, figures: figures ?? null, why: null };
  }
  const last = same.at(-1);
  const begun = same.some((record) => record.type === 'begin');
  const opened = same.some((record) => record.type === 'open');
  const why = lost ? `its ${wordOf(lost)} is gone` : ends.length > 0 ? 'its inputs or settings have changed' : null;
  const rest = { ...common, ...past, begun, why };
  if (stage === 'review' && settings.review.by === 'person' && !opened) return { ...rest, state: 'waiting' };
  if (last?.type === 'failed') {
    const { code, message, remedy } = last;
    return { ...rest, state: 'failed', failure: { code, message, remedy } };
  }
  if (begun && live) return { ...rest, state: 'running' };
  if (begun && !lost) return { ...rest, state: 'ready' };
  return { ...rest, state: ends.length > 0 ? 'stale' : 'ready' };
}

/** Whether this end is not of what was begun first. Training tells its own time, whoever waited for it. */
function wasResumed(own: readonly LoopRecord[], end: LoopRecord | undefined): boolean {
  if (!end || TRAINS.has(end.stage)) return false;
  const same = own.slice(0, own.indexOf(end)).filter(({ hash }) => hash === end.hash);
  const since = same.slice(same.findLastIndex(({ type }) => type === 'end') + 1);
  return since.filter(({ type }) => type === 'begin').length > 1;
}

/** Of what was made with these inputs: a later beginning may have another one, if the first made nothing. */
function revisionOf(same: readonly LoopRecord[]): number | null {
  return same.findLast((record) => record.type === 'begin')?.revision ?? null;
}

/** Inputs with which a stage made nothing need no name of their own: training that refused to begin, say. */
function nextRevision(own: readonly LoopRecord[]): number {
  const made = own.filter(
    (record): record is LoopRecordOf<'begin'> =>
      record.type === 'begin' &&
      (!TRAINS.has(record.stage) ||
        own.some(({ type, hash }) => hash === record.hash && (type === 'run' || type === 'end'))),
  );
  return 1 + Math.max(0, ...made.map(({ revision }) => revision));
}

const TRAINS: ReadonlySet<LoopStage> = new Set(['discriminator', 'dpo']);

function wordOf({ kind, name }: Ref): string {
  const words = {
    corpus: 'corpus',
    model: 'model',
    chatbot: 'chatbot',
    pairs: 'set of pairs',
    approved: 'set of pairs',
  };
  return `${words[kind]} ${name}`;
}
