import type { Taxonomy } from '../../evaluate/behaviour/taxonomy.ts';
import type { Clock, SessionStore } from '../../ports.ts';
import type { Turn } from '../../session/schema.ts';
import { type LabelState, labelStep, openLabels, shownItem } from './label.ts';
import type { LabelCommand, LabelEvent, LabelOptions, LabelRecord, Sample } from './label-types.ts';
import { sit } from './sit.ts';

/** A file of labels. Writes are durable against kill -9 when their promise resolves. */
export interface LabelStore {
  readonly sample: Sample;
  /** All records, in the order of the file. */
  readonly records: readonly LabelRecord[];
  append(record: LabelRecord): Promise<void>;
  close(): Promise<void>;
}

export interface LabelPorts {
  readonly labels: LabelStore;
  readonly sessions: Pick<SessionStore, 'read'>;
  readonly clock: Clock;
}

/** A sitting of labelling: see `sit`. A label is on the disk before any event of its command is sent. */
export async function* label(
  ports: LabelPorts,
  taxonomy: Taxonomy,
  options: LabelOptions,
  commands: AsyncIterable<LabelCommand>,
  signal: AbortSignal,
): AsyncGenerator<LabelEvent, void, undefined> {
  const { labels, clock } = ports;
  const sitting = {
    open: (now: number) => openLabels(labels.sample, labels.records, taxonomy, options, now),
    step: labelStep,
    append: (record: LabelRecord) => labels.append(record),
    written: (record: LabelRecord): LabelEvent => ({ type: 'labelled', record }),
    show: (state: LabelState) => show(ports, state),
  };
  yield* sit(sitting, clock, commands, signal);
}

/**
 * What of a session a labeller sees: for an action the turns up to the message, since the annotator sees no more; for an
 * issue the whole session.
 */
export function turnsFor(task: Sample['task'], turns: readonly Turn[], turn: number) {
  const seen = task === 'actions' ? turns.slice(0, turn + 1) : turns;
  return seen.map(({ role, content }, at) => ({ role, content, asked: at === turn }));
}

async function show({ sessions }: LabelPorts, state: LabelState): Promise<LabelEvent> {
  const shown = shownItem(state);
  if (!shown) return { type: 'item', shown: null, turns: [] };
  const { corpus, session, turn } = shown.item;
  const { turns } = await sessions.read(corpus, session);
  return { type: 'item', shown, turns: turnsFor(state.sample.task, turns, turn) };
}
