import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closedItems, openTuring, standingOf, turingStep } from '../../../src/core/workflows/turing/machine.ts';
import { turing } from '../../../src/core/workflows/turing/sitting.ts';
import type { TuringCommand, TuringEvent, TuringRecord } from '../../../src/core/workflows/turing/types.ts';
import { sessionOf } from '../evaluate/annotated.ts';
import { simulatedOf, smallSitting } from './sittings.ts';

const guess = (level: number): TuringCommand => ({ type: 'guess', level });
const NEXT: TuringCommand = { type: 'next' };
const UNDO: TuringCommand = { type: 'undo' };
const SKIP: TuringCommand = { type: 'skip' };

/** Runs commands a second apart, and returns the state with what was written. */
function play(commands: readonly TuringCommand[], settings = {}, records: TuringRecord[] = [], by = 'ann') {
  let state = openTuring(smallSitting(settings), records, { by, timed: true }, 1000);
  const written: TuringRecord[] = [];
  const refused: string[] = [];
  for (const [at, command] of commands.entries()) {
    const step = turingStep(state, command, 2000 + 1000 * at);
    state = step.state;
    if (step.write) written.push(step.write);
    if (step.refused !== null) refused.push(step.refused);
  }
  return { state, written, refused, standing: standingOf(state) };
}

it('takes a key a turn with its probability and the time since the turn was shown', () => {
  const { written, standing } = play([guess(6), guess(2)]);
  expect(written).toMatchObject([
    { type: 'guess', item: 1, t: 1, level: 6, p: 0.95, ms: 1000, by: 'ann' },
    { type: 'guess', item: 1, t: 2, level: 2, p: 0.2, ms: 1000 },
  ]);
  expect(standing).toMatchObject({ phase: 'judged', session: 1, t: 2, guesses: [0.95, 0.2] });
  expect(JSON.stringify(written)).not.toMatch(/people|made|p1|m2|sim/u);
  expect(play([guess(7)]).refused).toEqual(['the keys of the scale are 1 to 6']);
});

it('tells the truth only after the last guess, writes that first, and then lets the guesses stand', () => {
  expect(play([guess(6), NEXT]).refused).toEqual(['turn 2 of 2 is not guessed yet']);
  const { written, standing, refused } = play([guess(6), guess(6), guess(1), NEXT, UNDO, SKIP]);
  expect(written.map(({ type }) => type)).toEqual(['guess', 'guess', 'truth']);
  expect(standing?.phase).toBe('truth');
  expect(refused).toHaveLength(3);
  expect(play([guess(6), guess(6), NEXT, NEXT]).standing).toMatchObject({ phase: 'guess', session: 2, t: 1 });
  // the last guess may still be taken back before the truth is asked for
  expect(play([guess(6), guess(6), UNDO]).standing).toMatchObject({ phase: 'guess', t: 2, guesses: [0.95] });
});

it('without feedback undo goes back to the start, and figures come only at the end', () => {
  const through = [guess(6), guess(6), guess(1), guess(1)];
  const all = play(through, { feedback: false });
  expect(all.standing).toBeNull();
  expect(closedItems(all.state).map(({ item }) => item)).toEqual([1, 2]);
  expect(closedItems(play(through.slice(0, 3), { feedback: false }).state)).toEqual([]);
  const back = play([...through, UNDO, UNDO, UNDO, UNDO, UNDO], { feedback: false });
  expect(back.standing).toMatchObject({ session: 1, t: 1, guesses: [] });
  expect(back.refused).toEqual(['ann has nothing to undo']);
});

it('a session that is skipped counts nowhere, and undo takes it up where it was', () => {
  const skipped = play([guess(6), SKIP]);
  expect(skipped.standing).toMatchObject({ session: 2, t: 1, skipped: 1 });
  expect(closedItems(skipped.state)).toEqual([]);
  expect(play([guess(6), SKIP, UNDO]).standing).toMatchObject({ session: 1, t: 2, guesses: [0.95] });
  // a look at the first session closes nothing of the second
  expect(play([guess(6), guess(6), NEXT, NEXT, SKIP, UNDO, UNDO]).refused).toEqual([
    'the truth about session 1 was shown: its guesses stand',
  ]);
});

it('persons do not see or undo each other', () => {
  const first = play([guess(6), guess(6), NEXT]).written;
  const second = play([UNDO], {}, first, 'bob');
  expect(second.refused).toEqual(['bob has nothing to undo']);
  expect(second.standing).toMatchObject({ session: 1, guesses: [] });
});

it('a state from the file is the state that was left, at whatever command it was left', () => {
  const command = fc.oneof(
    fc.constantFrom(NEXT, UNDO, SKIP, { type: 'note', text: 'odd' } as const),
    fc.integer({ min: 1, max: 6 }).map(guess),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), fc.boolean(), (commands, feedback) => {
      const { state, written } = play(commands, { feedback });
      const again = openTuring(smallSitting({ feedback }), written, { by: 'ann', timed: true }, 0);
      expect(again.records).toEqual(state.records);
      // the truth that was on the screen is not shown again: the next session is
      if (state.looking === null) expect(standingOf(again)).toEqual(standingOf(state));
      expect(closedItems(again)).toEqual(closedItems(state));
    }),
  );
});

it('a sitting writes before it tells, stays where it was when it cannot write, and names no source before the end', async () => {
  let full = false;
  const records: TuringRecord[] = [];
  const real = sessionOf('p1', ['one', 'reply', 'two', 'bye']);
  const scores = { d: { z: [2, -2], logit_p0: 0, template: 't', engine: 'e' } };
  const sessions = new Map([
    ['people/p1', { ...real, scores }],
    ['people/p2', sessionOf('p2', ['x', 'y', 'z'])],
    ['made/m2', simulatedOf('m2', 'p2', ['uno', 'r', 'due'])],
  ]);
  const ports = {
    store: {
      ...{ head: smallSitting(), records, close: () => Promise.resolve() },
      append: (record: TuringRecord) =>
        full ? Promise.reject(new Error('no space')) : Promise.resolve(void records.push(record)),
    },
    sessions: { read: async (corpus: string, id: string) => sessions.get(`${corpus}/${id}`)! },
    clock: { now: () => new Date(0), sleep: () => Promise.resolve() },
  };
  const events: TuringEvent[] = [];
  async function* commands(): AsyncGenerator<TuringCommand> {
    yield guess(5);
    full = true;
    yield guess(5);
    full = false;
    yield guess(5);
    yield NEXT;
  }
  const signal = new AbortController().signal;
  for await (const event of turing(ports, { by: 'ann', timed: true }, commands(), signal)) events.push(event);
  expect(events.map((event) => (event.type === 'view' ? event.view.phase : event.type))).toEqual([
    ...['guess', 'written', 'guess', 'error', 'written', 'judged', 'written', 'truth'],
  ]);
  expect(records.map(({ type }) => type)).toEqual(['guess', 'guess', 'truth']);
  expect(JSON.stringify(events.slice(0, -1))).not.toMatch(/people|made|p1|"z"|real/u);
  const last = events.at(-1);
  expect(last).toMatchObject({ view: { truth: { real: true, corpus: 'people', judges: [{ name: 'd' }] } } });
  const judged = last?.type === 'view' && last.view.phase === 'truth' ? last.view.truth.judges[0]?.p : [];
  expect(judged?.map((p) => p.toFixed(3))).toEqual(['0.881', '0.119']);
});
