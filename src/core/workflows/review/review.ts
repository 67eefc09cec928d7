import { asFoilError } from '../../errors.ts';
import type { Clock, Discriminator, ModelRegistry, PairStore } from '../../ports.ts';
import { zAfter, zBefore } from '../alternatives.ts';
import { currentItem, openState, type ReviewState, rescored, type SetRecords, type Step, step } from './machine.ts';
import { stateOf } from './queue.ts';
import { reviewStats } from './stats.ts';
import type { ReviewCommand, ReviewEvent, ReviewOptions } from './types.ts';
import { shownPair } from './view.ts';

export interface ReviewPorts {
  readonly pairs: PairStore;
  readonly models: Pick<ModelRegistry, 'discriminator'>;
  readonly clock: Clock;
}

/** The sets of a sitting as the machine takes them: those of the filter, or all. */
export async function readSets(store: PairStore, sets: readonly string[] | undefined): Promise<SetRecords[]> {
  const names = sets ?? (await store.sets()).map(({ name }) => name);
  const records: SetRecords[] = [];
  for (const set of names)
    records.push({ set, pairs: await store.list(set, []), decisions: await store.decisions(set) });
  return records;
}

/**
 * A sitting of review: commands in, typed events out, one command at a time. A record is on the disk before any event of
 * its command, and before the next pair, is sent; so kill -9 loses no decision that was seen to be taken. What cannot be
 * written becomes an `error` event and leaves the sitting where it was. Ends when `commands` ends, or `signal` aborts.
 *
 * An edited side is shown at once, without its reward, and scored by the pair's discriminator before the next command.
 */
export async function* review(
  ports: ReviewPorts,
  options: ReviewOptions,
  commands: AsyncIterable<ReviewCommand>,
  signal: AbortSignal,
): AsyncGenerator<ReviewEvent, void, undefined> {
  const now = () => ports.clock.now().getTime();
  let state = openState(await readSets(ports.pairs, options.filter.sets), options, now());
  yield* show(state, now());
  for await (const command of commands) {
    if (signal.aborted) return;
    try {
      if (command.type === 'reload' || (command.type === 'options' && command.change.filter)) {
        const next = command.type === 'options' ? { ...state.options, ...command.change } : state.options;
        const at = currentItem(state);
        state = openState(await readSets(ports.pairs, next.filter.sets), next, now());
        if (at) state = keepPlace(state, at.set, at.pair.id);
        yield* show(state, now());
        continue;
      }
      const done = step(state, command, now());
      await write(ports.pairs, done);
      state = done.state;
      yield* done.events;
      if (done.events.some(({ type }) => type === 'refused')) continue;
      yield* show(state, now());
      if (command.type === 'edit') {
        const scored = yield* rescore(ports, state, signal);
        if (scored) {
          await write(ports.pairs, scored);
          state = scored.state;
          yield* scored.events;
          yield* show(state, now());
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const known = asFoilError(error);
      if (known) yield { type: 'error', error: known };
    }
  }
}

async function write(store: PairStore, { write: records }: Step): Promise<void> {
  for (const { set, decision } of records) await store.decide(set, decision);
}

function* show(state: ReviewState, now: number): Generator<ReviewEvent> {
  yield { type: 'pair', pair: shownPair(state), options: state.options };
  yield { type: 'stats', stats: reviewStats(state, now) };
}

function keepPlace(state: ReviewState, set: string, pair: string): ReviewState {
  const cursor = state.queue.findIndex((index) => {
    const item = state.items[index];
    return item?.set === set && item.pair.id === pair;
  });
  return cursor === -1 ? state : { ...state, cursor };
}

/** r_t of the sides of the current pair that have none because a person wrote them. */
async function* rescore(
  ports: ReviewPorts,
  state: ReviewState,
  signal: AbortSignal,
): AsyncGenerator<ReviewEvent, Step | null, undefined> {
  const item = currentItem(state);
  const name = item?.pair.discriminator;
  if (!item || !name) return null;
  const mine = stateOf(item, state.options.reviewer);
  const role = (['chosen', 'rejected'] as const).find(
    (side) => mine[side].r === null && mine[side].by.kind === 'human',
  );
  if (!role) return null;
  const { context, history, id } = item.pair;
  const text = mine[role].content;
  yield { type: 'scoring', discriminator: name };
  let r: number | null = null;
  let failure: unknown = null;
  try {
    const discriminator: Discriminator = await ports.models.discriminator(name, signal);
    const before = await zBefore(discriminator, context, history, signal);
    const after = await zAfter(discriminator, context, history, text, signal);
    r = after === null ? null : after - before;
  } catch (error) {
    failure = error;
  }
  yield { type: 'scoring', discriminator: null };
  if (failure !== null) throw failure;
  if (r === null) return null;
  return rescored(state, { set: item.set, pair: id, role, text }, r, ports.clock.now().getTime());
}
