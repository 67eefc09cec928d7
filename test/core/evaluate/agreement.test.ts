import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  agreementFor,
  binaryKappa,
  type Judged,
  type Measurement,
  measureAgreement,
} from '../../../src/core/evaluate/behaviour/agreement.ts';
import { ANY } from '../../../src/core/evaluate/behaviour/annotations.ts';
import { SOURCE_LABELS, sourceLabelsOf } from '../../../src/core/evaluate/behaviour/source-labels.ts';
import { cohenKappa } from '../../../src/core/preference/agreement.ts';
import { sessionOf } from './annotated.ts';

const draws = { draws: 200, seed: 3 };
const judged = (session: string, labelled: string[], found: string[], weight = 1): Judged => ({
  ...{ session, turn: 0, labelled, found, weight },
});

it('is the kappa of two raters over nominal labels, where there are two labels', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 60 }), (pairs) => {
      const count = (a: boolean, b: boolean) => pairs.filter(([x, y]) => x === a && y === b).length;
      const ours = binaryKappa(count(true, true), count(true, false), count(false, true), count(false, false));
      const theirs = cohenKappa(pairs.map(([a, b]) => [String(a), String(b)] as const))?.kappa ?? null;
      if (theirs === null) expect(ours).toBeNaN();
      else expect(ours).toBeCloseTo(theirs, 9);
    }),
  );
});

it('counts a message as often as it stands for others', () => {
  // by hand: yes/yes 9, yes/no 1, no/yes 2, no/no 8 of 20: po 0.85, pe 0.5 * 0.55 + 0.5 * 0.45 = 0.5
  const once = [
    judged('s1', ['a'], ['a'], 9),
    judged('s2', ['a'], [], 1),
    judged('s3', [], ['a'], 2),
    judged('s4', [], [], 8),
  ];
  const { categories, pooled } = measureAgreement(once, ['a'], 'labels', draws);
  expect(categories.get('a')).toMatchObject({ n: 4, positives: 2, found: 2, against: 'labels' });
  expect(categories.get('a')?.kappa).toBeCloseTo(0.7, 9);
  expect(pooled.kappa).toBeCloseTo(0.7, 9);
});

it('has no kappa where no label says yes, and leaves labels out that the annotator cannot see', () => {
  const list = [judged('s1', ['a', 'z'], ['a']), judged('s2', ['z'], ['b']), judged('s3', [], [])];
  const { categories, pooled } = measureAgreement(list, ['a', 'b'], 'labels', draws);
  expect(categories.get('b')).toMatchObject({ kappa: null, low: null, positives: 0, found: 1 });
  expect(categories.has('z')).toBe(false);
  expect(pooled).toMatchObject({ positives: 1, found: 2 });
});

it('measures whether there is any category beside the categories, and not in the pooled figure', () => {
  const list = [judged('s1', ['a'], ['b']), judged('s2', [], []), judged('s3', ['b'], ['b']), judged('s4', [], [])];
  const { categories, pooled } = measureAgreement(list, ['a', 'b', ANY], 'labels', draws);
  expect(categories.get(ANY)).toMatchObject({ kappa: 1, positives: 2, found: 2 });
  expect(pooled).toMatchObject({ positives: 2, found: 2 });
  expect(pooled.kappa).toBeLessThan(1);
});

it('has an interval that holds it, the same for the same seed', () => {
  const list = Array.from({ length: 80 }, (_, at) =>
    judged(`s${at % 20}`, at % 3 === 0 ? ['a'] : [], at % 4 === 0 ? ['a'] : []),
  );
  const one = measureAgreement(list, ['a'], 'labels', draws).categories.get('a');
  const { kappa, low, high } = one ?? {};
  expect(low).toBeLessThan(kappa ?? 0);
  expect(high).toBeGreaterThan(kappa ?? 0);
  expect(measureAgreement(list, ['a'], 'labels', draws).categories.get('a')).toEqual(one);
});

it('belongs to one version of an annotator and one taxonomy; labels by hand count before others, then most positives', () => {
  const entry = { kappa: 0.5, low: 0.4, high: 0.6, n: 10, positives: 5, found: 3, against: 'hand' };
  const base: Measurement = {
    ...{ annotator: 'rules', version: '1', task: 'actions', taxonomy: 't 1', against: 'hand', draws: 1, seed: 1 },
    ...{ pooled: entry, categories: { a: entry, b: { ...entry, positives: 4 } }, labels: null },
  };
  const more: Measurement = { ...base, against: 'acts', categories: { a: { ...entry, kappa: 0.9, positives: 300 } } };
  const of = { annotator: 'rules', version: '1', task: 'actions', taxonomy: 't 1' } as const;
  expect(agreementFor([base, more], of).get('a')?.kappa).toBe(0.9);
  expect(agreementFor([base, more], of).has('b')).toBe(false);
  const hand = { ...base, labels: [], categories: { a: { ...entry, kappa: 0.2 }, any: { ...entry, kappa: 0.4 } } };
  const scores = { ...more, categories: { ...more.categories, any: { ...entry, kappa: 0, positives: 300 } } };
  for (const list of [
    [hand, scores],
    [scores, hand],
  ]) {
    expect(agreementFor(list, of).get('a')?.kappa).toBe(0.2);
    expect(agreementFor(list, of).get(ANY)?.kappa).toBe(0);
  }
  expect(agreementFor([base, more], { ...of, version: '2' }).size).toBe(0);
  expect(agreementFor([base, more], { ...of, taxonomy: 't 2' }).size).toBe(0);
});

it('reads labels that corpora bring along, and takes messages without any for unlabelled', () => {
  const [multiwoz, esconv, failed] = SOURCE_LABELS;
  const annotate = (source: string, annotations: (Record<string, unknown> | null)[]) => {
    const session = sessionOf('s', ['one', 'two', 'three', 'four', 'five'], { source });
    return { ...session, turns: session.turns.map((turn, at) => ({ ...turn, annotations: annotations[at] ?? null })) };
  };
  const acts = annotate('multiwoz', [
    { actions: ['general-thank', 'general-bye'] },
    null,
    { actions: ['Hotel-Inform'] },
  ]);
  expect(sourceLabelsOf(acts, multiwoz as never)).toEqual([
    { turn: 0, categories: ['gratitude', 'social-talk'] },
    { turn: 2, categories: [] },
  ]);
  const strategies = annotate('esconv', [
    null,
    { strategies: ['Question', 'Self-disclosure'] },
    null,
    { strategies: ['Question'] },
  ]);
  expect(sourceLabelsOf(strategies, esconv as never)).toEqual([
    { turn: 1, categories: ['self-disclosure'] },
    { turn: 3, categories: [] },
  ]);
  const scores = annotate('esconv-failed', [null, null, { feedback_scores: [2] }, null, { feedback_scores: [5, 4] }]);
  expect(sourceLabelsOf(scores, failed as never)).toEqual([
    { turn: 1, categories: [ANY] },
    { turn: 3, categories: [] },
  ]);
  expect(sourceLabelsOf(scores, esconv as never)).toEqual([]);
});
