import { expect, test } from 'vitest';
import { lexicalFeatures, summarise, words } from '../../src/core/metrics/lexical.ts';
import { accuracyTable } from '../../src/core/model/accuracy.ts';

const user = (content: string) => ({ role: 'user' as const, content, annotations: null });

test('words keep inner apostrophes and drop punctuation', () => {
  expect(words("I don't KNOW — it’s 3 o'clock, ok?")).toEqual(['i', "don't", 'know', 'it’s', '3', "o'clock", 'ok']);
});

test('entropy, TTR and bigram diversity by hand', () => {
  const features = lexicalFeatures({ turns: [user('a b a b'), { ...user('x y z'), role: 'assistant' }, user('a b')] });
  // a and b three times each: one bit; 2 types of 6 tokens; bigrams ab ba ab | ab: 2 of 4.
  expect(features).toEqual({ entropy: 1, ttr: 2 / 6, bigramDiversity: 0.5, words: 6, userTurns: 2, wordsPerTurn: 3 });
  expect(lexicalFeatures({ turns: [user('...')] })).toBeNull();
});

test('summary of an even and an odd number of values', () => {
  expect(summarise([1, 2, 3, 10])).toEqual({ n: 4, mean: 4, median: 2.5, sd: Math.sqrt(50 / 3) });
  expect(summarise([5])).toEqual({ n: 1, mean: 5, median: 5, sd: 0 });
  expect(() => summarise([])).toThrow(RangeError);
});

test('the accuracy table of a card: this discriminator first, its shortcuts below, unknown cards give none', () => {
  const cell = (accuracy: number | null) => ({ accuracy, n: 4 });
  const rows = accuracyTable({
    per_turn: { '1': cell(0.5), '10': cell(0.756), 'all turns': cell(0.7) },
    beside: { length: { per_turn: { '1': cell(0.61), '10': cell(null) } } },
  });
  expect(rows).toEqual([
    {
      accuracy: 'this one',
      't 1': '0.50',
      't 3': '-',
      't 5': '-',
      't 10': '0.76',
      'all turns': '0.70',
      'last turn': '-',
    },
    { accuracy: 'length', 't 1': '0.61', 't 3': '-', 't 5': '-', 't 10': '-', 'all turns': '-', 'last turn': '-' },
  ]);
  expect(accuracyTable({ loss_after: 3 })).toEqual([]);
});
