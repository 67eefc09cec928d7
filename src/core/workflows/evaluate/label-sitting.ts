import { asFoilError } from '../../errors.ts';
import type { Taxonomy } from '../../evaluate/behaviour/taxonomy.ts';
import type { Clock, SessionStore } from '../../ports.ts';
import type { Turn } from '../../session/schema.ts';
import { type LabelState, labelStep, openLabels, shownItem } from './label.ts';
import type { LabelCommand, LabelEvent, LabelOptions, LabelRecord, Sample } from './label-types.ts';

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

/**
 * A sitting of labelling: commands in, typed events out, one command at a time. A label is on the disk before any event of
 * its command is sent; so kill -9 loses none that was seen to be taken. What cannot be written or read becomes an `error`
 * event and leaves the sitting where it was. Ends when `commands` ends, or `signal` aborts.
 */
export async function* label(
  ports: LabelPorts,
  taxonomy: Taxonomy,
  options: LabelOptions,
  commands: AsyncIterable<LabelCommand>,
  signal: AbortSignal,
): AsyncGenerator<LabelEvent, void, undefined> {
  const now = () => ports.clock.now().getTime();
  let state = openLabels(ports.labels.sample, ports.labels.records, taxonomy, options, now());
  yield await show(ports, state);
  for await (const command of commands) {
    if (signal.aborted) return;
    const step = labelStep(state, command, now());
    if (step.refused !== null) {
      yield { type: 'refused', reason: step.refused };
      continue;
    }
    try {
      if (step.write) await ports.labels.append(step.write);
      state = step.state;
      if (step.write) yield { type: 'labelled', record: step.write };
      yield await show(ports, state);
    } catch (error) {
      const known = asFoilError(error);
      if (known) yield { type: 'error', error: known };
    }
  }
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
