import { expect, test } from 'vitest';
import { serveFake } from './fake-server.ts';

const { q4, client, call, leave } = await serveFake();

test('one unit vector for each input, in order, as the openai package asks for them', async () => {
  const answer = await client.embeddings.create({ model: 'base', input: ['aab', 'c', 'abc'] });
  const third = 1 / Math.sqrt(3);
  const wanted = [
    [2 / Math.sqrt(5), 1 / Math.sqrt(5), 0],
    [0, 0, 1],
    [third, third, third],
  ];
  expect(answer.data.map(({ index }) => index)).toEqual([0, 1, 2]);
  for (const [index, { embedding }] of answer.data.entries()) {
    expect(embedding).toHaveLength(3);
    for (const [at, value] of embedding.entries()) expect(value).toBeCloseTo(wanted[index]?.[at] ?? Number.NaN, 6);
  }
  expect(answer).toMatchObject({ object: 'list', model: 'base', usage: { prompt_tokens: 7, total_tokens: 7 } });
});

test.each([['aab'], [[97, 97, 98]], [['aab']], [[[97, 97, 98]]]])('takes %j', async (input) => {
  const { status, json } = await call('/v1/embeddings', { model: 'base', input, encoding_format: 'float' });
  expect(status).toBe(200);
  expect(json.data).toEqual([{ object: 'embedding', index: 0, embedding: [2 / Math.sqrt(5), 1 / Math.sqrt(5), 0] }]);
  expect(json.usage.prompt_tokens).toBe(3);
});

test('base64 holds the same numbers as 32-bit floats', async () => {
  const { json } = await call('/v1/embeddings', { model: 'base', input: 'ab', encoding_format: 'base64' });
  const bytes = new Uint8Array(Buffer.from(json.data[0].embedding, 'base64'));
  expect([...new Float32Array(bytes.buffer)]).toEqual([Math.fround(Math.SQRT1_2), Math.fround(Math.SQRT1_2), 0]);
});

test('shares the queue with replies: both go on, never two steps at once', async () => {
  q4.stepMs = 2;
  const reply = call('/v1/chat/completions', { model: 'base', messages: [{ role: 'user', content: 'Hi' }] });
  const vectors = call('/v1/embeddings', { model: 'base', input: Array(20).fill('ab') });
  expect((await Promise.all([reply, vectors])).map(({ status }) => status)).toEqual([200, 200]);
  expect(q4.most).toBe(1);
});

test('a client that leaves stops it', async () => {
  q4.stepMs = 5;
  await leave((signal) => client.embeddings.create({ model: 'base', input: Array(1000).fill('ab') }, { signal }));
  const steps = q4.batches.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(q4.batches.length).toBe(steps);
});
