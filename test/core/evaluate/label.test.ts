import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  currentItem,
  foldLabels,
  labelKeys,
  labelStep,
  labelsBy,
  openLabels,
  shownItem,
} from '../../../src/core/workflows/evaluate/label.ts';
import { allocate, drawSample } from '../../../src/core/workflows/evaluate/label-sample.ts';
import { label } from '../../../src/core/workflows/evaluate/label-sitting.ts';
import type {
  LabelCommand,
  LabelEvent,
  LabelRecord,
  Sample,
} from '../../../src/core/workflows/evaluate/label-types.ts';
import { marked, sessionOf, smallTaxonomy } from './annotated.ts';

const taxonomy = smallTaxonomy('actions');
const sample: Sample = {
  ...{ schema: 1, type: 'sample', task: 'actions', taxonomy: 'small-actions 1', seed: 1, at: '' },
  items: ['s1', 's2', 's3'].map((session) => ({
    ...{ id: `real/${session}/0`, corpus: 'real', session, turn: 0, stratum: 'real', weight: 1 },
  })),
};
const ann = { labeller: 'ann', timed: true };
const open = (records: LabelRecord[] = [], options = ann) => openLabels(sample, records, taxonomy, options, 1000);

/** Runs commands, and returns the state with what was written. */
function play(commands: readonly LabelCommand[], records: LabelRecord[] = [], options = ann) {
  let state = open(records, options);
  const written: LabelRecord[] = [];
  const refused: string[] = [];
  for (const [at, command] of commands.entries()) {
    const step = labelStep(state, command, 1500 + at);
    state = step.state;
    if (step.write) written.push(step.write);
    if (step.refused !== null) refused.push(step.refused);
  }
  return { state, written, refused };
}

it('takes one key a label, several a message, and goes on to the next', () => {
  expect(labelKeys(taxonomy)).toEqual([
    { key: 'a', category: 'a' },
    { key: 'b', category: 'b' },
    { key: 'c', category: 'c' },
  ]);
  const { state, written } = play([
    { type: 'toggle', category: 'a' },
    { type: 'toggle', category: 'c' },
    { type: 'toggle', category: 'a' },
    { type: 'toggle', category: 'b' },
    { type: 'confirm' },
  ]);
  expect(written).toMatchObject([
    { type: 'label', item: 'real/s1/0', labeller: 'ann', categories: ['c', 'b'], ms: 504 },
  ]);
  expect(shownItem(state)).toMatchObject({ position: '2 / 3', labelled: 1, of: 3, draft: [], state: null });
});

it('an empty draft is the label "none", which is not the same as nothing said', () => {
  const { state, written } = play([{ type: 'confirm' }, { type: 'skip' }]);
  expect(written.map(({ type }) => type)).toEqual(['label', 'skip']);
  expect(labelsBy(state.records, 'ann')).toEqual(new Map([['real/s1/0', []]]));
});

it('undo takes back the last of this labeller, shows its item, and lets it be said anew', () => {
  const { state, written } = play([
    { type: 'set', categories: ['a'] },
    { type: 'set', categories: ['b'] },
    { type: 'undo' },
  ]);
  expect(written.at(-1)).toMatchObject({ type: 'undo', item: 'real/s2/0' });
  expect(currentItem(state)?.session).toBe('s2');
  expect([...labelsBy(state.records, 'ann').keys()]).toEqual(['real/s1/0']);
  expect(play([{ type: 'undo' }]).refused).toHaveLength(1);
});

it('a label that is given again takes the place of the earlier one, and undo brings that back', () => {
  const { state } = play([
    { type: 'set', categories: ['a'] },
    { type: 'goto', item: 'real/s1/0' },
    { type: 'set', categories: ['b'] },
    { type: 'undo' },
  ]);
  expect(labelsBy(state.records, 'ann').get('real/s1/0')).toEqual(['a']);
});

it('labellers do not see or undo each other', () => {
  const first = play([{ type: 'set', categories: ['a'] }]);
  const second = play([{ type: 'undo' }], first.written, { labeller: 'bob', timed: false });
  expect(second.refused).toHaveLength(1);
  expect(currentItem(second.state)?.session).toBe('s1');
  expect(play([{ type: 'confirm' }], [], { labeller: 'bob', timed: false }).written).toMatchObject([{ ms: null }]);
});

it('refuses what the taxonomy or the sample does not have', () => {
  expect(
    play([{ type: 'toggle', category: 'z' }, { type: 'goto', item: 'x' }, { type: 'previous' }]).refused,
  ).toHaveLength(3);
  expect(play([{ type: 'skip' }, { type: 'skip' }, { type: 'skip' }, { type: 'confirm' }]).refused).toEqual([
    'the sample is at its end',
  ]);
});

it('a state from the file is the state that was left', () => {
  const command = fc.oneof(
    fc.constantFrom<LabelCommand>(
      { type: 'confirm' },
      { type: 'skip' },
      { type: 'undo' },
      { type: 'next' },
      { type: 'previous' },
    ),
    fc.constantFrom('a', 'b', 'c').map((category): LabelCommand => ({ type: 'toggle', category })),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      const { state, written } = play(commands);
      expect(foldLabels(written)).toEqual(state.records);
      expect(labelsBy(open(written).records, 'ann')).toEqual(labelsBy(state.records, 'ann'));
    }),
  );
});

it('a sitting writes before it tells, and stays where it was when it cannot write', async () => {
  let full = false;
  const records: LabelRecord[] = [];
  const ports = {
    labels: {
      ...{ sample, records, close: () => Promise.resolve() },
      append: (record: LabelRecord) =>
        full ? Promise.reject(new Error('no space')) : Promise.resolve(void records.push(record)),
    },
    sessions: { read: (_: string, id: string) => Promise.resolve(sessionOf(id, [`${id} says`, 'reply', 'more'])) },
    clock: { now: () => new Date(0), sleep: () => Promise.resolve() },
  };
  const events: LabelEvent[] = [];
  async function* commands(): AsyncGenerator<LabelCommand> {
    yield { type: 'set', categories: ['a'] };
    full = true;
    yield { type: 'set', categories: ['b'] };
  }
  for await (const event of label(ports, taxonomy, ann, commands(), new AbortController().signal)) events.push(event);
  expect(events.map(({ type }) => type)).toEqual(['item', 'labelled', 'item', 'error']);
  // an action is judged by what stands before it, as the annotator does
  expect(events[0]).toMatchObject({ turns: [{ role: 'user', content: 's1 says', asked: true }] });
  expect(records).toHaveLength(1);
});

it('draws the same messages for the same seed, as many real as simulated, rare categories too, with what they stand for', () => {
  const real = Array.from({ length: 200 }, (_, at) => sessionOf(`r${at}`, ['one', 'reply']));
  const origin = { simulator: 'sim', chatbot: 'bot' };
  const simulated = Array.from({ length: 40 }, (_, at) => sessionOf(`s${at}`, ['one', 'reply'], { origin }));
  const annotated = real.map(({ id }, at) => marked(id, [at < 2 ? ['c'] : at < 60 ? ['a'] : []]));
  const from = [
    { corpus: 'real', sessions: real, annotated },
    { corpus: 'sim', sessions: simulated, annotated: simulated.map(({ id }) => marked(id, [[]])) },
  ];
  const options = { n: 30, seed: 5, at: '' };
  const drawn = drawSample(from, taxonomy, options);
  expect(drawSample(from, taxonomy, options)).toEqual(drawn);
  expect(drawSample(from, taxonomy, { ...options, seed: 6 }).items).not.toEqual(drawn.items);
  const of = (stratum: string) => drawn.items.filter((item) => item.stratum === stratum);
  expect(drawn.items.filter(({ corpus }) => corpus === 'sim')).toHaveLength(15);
  expect(of('real c').length).toBeGreaterThanOrEqual(1);
  expect(of('real none').length).toBeGreaterThan(of('real a').length);
  const sum = (stratum: string) => of(stratum).reduce((total, { weight }) => total + weight, 0);
  expect([sum('real c'), sum('real a'), sum('real none'), sum('simulated none')].map(Math.round)).toEqual([
    2, 58, 140, 40,
  ]);
  expect(new Set(drawn.items.map(({ id }) => id)).size).toBe(30);
});

it('gives every stratum one before any has two, and never more than it has', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 200 }),
      (sizes, n) => {
        const given = allocate(sizes, n);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(given.reduce((sum, count) => sum + count, 0)).toBe(Math.min(n, total));
        given.forEach((count, at) => {
          expect(count).toBeLessThanOrEqual(sizes[at] ?? 0);
          if (n >= sizes.length) expect(count).toBeGreaterThanOrEqual(1);
        });
      },
    ),
  );
});
