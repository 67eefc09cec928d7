import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkSchema, isPlainChunk } from '../../src/backends/openai/wire.ts';

const rarely = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 });
const text = fc.option(fc.string({ maxLength: 5 }));
const choice = fc.record(
  {
    index: rarely(fc.oneof(fc.nat(3), fc.double({ noNaN: true }), fc.integer())),
    delta: rarely(fc.record({ content: rarely(text), role: fc.constant('assistant') }, { requiredKeys: [] })),
    finish_reason: rarely(text),
    stop_reason: rarely(fc.oneof(text, fc.integer(), fc.double({ noNaN: true }))),
  },
  { requiredKeys: [] },
);
const usage = fc.record({ prompt_tokens: rarely(fc.integer()), completion_tokens: rarely(fc.nat()) });
const answer = rarely(
  fc.record(
    { id: fc.string(), choices: rarely(fc.array(rarely(choice), { maxLength: 2 })), usage: rarely(fc.option(usage)) },
    { requiredKeys: [] },
  ),
);

test('the schema takes every chunk that is plain, and reads the same of it', () => {
  let plain = 0;
  fc.assert(
    fc.property(answer, (made) => {
      const sent: unknown = JSON.parse(JSON.stringify(made));
      if (!isPlainChunk(sent)) return;
      plain += 1;
      expect(sent).toMatchObject(chunkSchema.parse(sent));
    }),
    { numRuns: 3000 },
  );
  expect(plain).toBeGreaterThan(100);
});

test('chunks as servers send them are plain', () => {
  const chunks = [
    { id: 'x', model: 'm', choices: [{ index: 0, delta: { content: 'a' }, finish_reason: null }] },
    {
      choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
      usage: null,
    },
    { choices: [{ index: 1, delta: {}, finish_reason: 'stop', stop_reason: 2 }] },
    { choices: [] },
  ];
  for (const chunk of chunks) expect(isPlainChunk(chunk)).toBe(true);
});
