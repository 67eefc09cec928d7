import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyDecision, type Decision, foldPair, foldReviewer } from '../../src/core/preference/decisions.ts';
import { makeDecision, makePair } from '../fixtures/pairs.ts';

const pair = makePair('p');
const say = (decision: Decision['decision'], more: Partial<Decision> = {}) => makeDecision('p', decision, more);
const effective = (...decisions: Decision[]) =>
  decisions.reduce<readonly Decision[]>((entries, decision) => applyDecision(entries, decision) ?? entries, []);
const fold = (...decisions: Decision[]) => foldPair('a', pair, effective(...decisions));
const side = (content: string, r: number | null = null) => ({ content, end: false, r, by: { kind: 'human' as const } });

describe('the fold of a journal', () => {
  test('the newest verdict of a pass holds; a skip takes it back; undo goes back to the start', () => {
    const journal = [say('approve'), say('reject'), say('skip')];
    const seen = [fold(...journal)];
    for (let undos = 1; undos <= 4; undos += 1) {
      journal.push(say('undo'));
      seen.push(fold(...journal));
    }
    expect(seen.map(({ decision, review }) => [decision, review.skipped])).toEqual([
      ['pending', true],
      ['rejected', false],
      ['approved', false],
      ['pending', false],
      ['pending', false],
    ]);
    expect(seen[4]).toMatchObject({ ...pair, review: { reviewers: [] } });
  });

  test('edits, then a swap: both sides as they stand, with the pair as it was made untouched', () => {
    const edit = say('amend', { edit: { rejected: side('no thanks', -0.2) }, note: 'shorter' });
    const found = fold(edit, say('amend', { swap: true }), say('approve'));
    expect(found).toMatchObject({
      decision: 'approved',
      chosen: { content: 'no thanks', r: -0.2 },
      rejected: pair.chosen,
      review: { swapped: true, edited: true, notes: ['shorter'] },
    });
    expect(foldReviewer(pair, effective(edit, say('amend', { swap: true }), say('approve')), 'anna').labels).toEqual({
      1: 'rejected',
    });
    expect(fold(edit, say('amend', { swap: true }), say('undo'), say('approve'))).toMatchObject({
      chosen: pair.chosen,
      rejected: { content: 'no thanks' },
    });
  });

  test('a later pass holds over an earlier one, whichever was written last; each keeps its label', () => {
    const found = [say('approve'), say('reject', { pass: 2 }), say('approve')];
    expect(fold(...found).decision).toBe('rejected');
    expect(foldReviewer(pair, effective(...found), 'anna')).toMatchObject({ labels: { 1: 'chosen', 2: 'none' } });
    // An undo of the second pass leaves the first.
    expect(fold(...found, say('undo', { pass: 2 })).decision).toBe('approved');
    expect(fold(say('approve'), say('skip', { pass: 2 })).decision).toBe('approved');
  });

  test('reviewers must agree; rules count only without a person', () => {
    const ben = { reviewer: 'ben' };
    const rule = { reviewer: 'rule:sign' };
    expect(fold(say('approve'), say('approve', ben))).toMatchObject({
      decision: 'approved',
      review: { conflict: false },
    });
    expect(fold(say('approve'), say('reject', ben))).toMatchObject({ decision: 'pending', review: { conflict: true } });
    expect(fold(say('approve'), say('approve', { ...ben, swap: true })).decision).toBe('pending');
    expect(fold(say('reject'), say('reject', { ...ben, swap: true })).decision).toBe('rejected');
    expect(fold(say('approve'), say('skip', ben)).decision).toBe('approved');
    expect(fold(say('approve', rule)).decision).toBe('approved');
    expect(fold(say('reject'), say('approve', rule))).toMatchObject({
      decision: 'rejected',
      review: { reviewers: ['anna'] },
    });
    const entries = effective(say('approve'), say('reject', ben));
    expect(foldPair('a', pair, entries, ['ben']).decision).toBe('rejected');
    expect(foldPair('a', pair, entries, []).decision).toBe('pending');
  });

  test('a pair made by hand is approved until somebody says otherwise', () => {
    const manual = makePair('p', { origin: 'manual', decision: 'approved' });
    expect(foldPair('manual', manual, []).decision).toBe('approved');
    expect(foldPair('manual', manual, effective(say('amend', { note: 'hm' }))).decision).toBe('approved');
    expect(foldPair('manual', manual, effective(say('reject'))).decision).toBe('rejected');
  });

  test('any number of records and as many undos give the pair as it was made', () => {
    const record = fc.record({
      decision: fc.constantFrom('approve', 'reject', 'skip', 'amend'),
      reviewer: fc.constantFrom('anna', 'ben'),
      pass: fc.constantFrom(1, 2),
      swap: fc.constantFrom(true, false),
    });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const said = records.map(({ decision, reviewer, pass, swap }) =>
          say(decision as Decision['decision'], { reviewer, pass, ...(swap ? { swap: true as const } : {}) }),
        );
        const undos = said.map(({ reviewer, pass }) => say('undo', { reviewer, pass }));
        expect(effective(...said, ...undos)).toEqual([]);
        // The sides are the two that there were, whatever was said.
        const { chosen, rejected } = fold(...said);
        expect(new Set([chosen, rejected])).toEqual(new Set([pair.chosen, pair.rejected]));
      }),
    );
  });
});
