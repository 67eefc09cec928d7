import { expect, test } from 'vitest';
import { lexicalFeatures, summarise, words } from '../../src/core/metrics/lexical.ts';

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
