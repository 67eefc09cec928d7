import { expect, it } from 'vitest';
import { serverEncoder } from '../../src/backends/openai/embeddings.ts';
import type { EncodeEvent } from '../../src/core/evaluate/language/encoder.ts';
import { type Answer, type Asked, endpointOf, json, openServer } from './server.ts';

const never = new AbortController().signal;
const inputOf = ({ body }: Asked) => body['input'] as string[];
/** As the API does, with its data in reverse, which `index` says. */
const embeds =
  (vectorOf: (text: string) => readonly unknown[]): Answer =>
  (asked, response) => {
    const data = inputOf(asked).map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));
    json(response, { object: 'list', data: data.reverse(), model: 'm' });
  };
const texts = (count: number) => Array.from({ length: count }, (_, at) => String(at));

async function embed(answer: Answer, given: readonly string[], signal = never) {
  const { base, asked } = await openServer(answer);
  const encoder = await serverEncoder('my-server:org/m', endpointOf(base), 'org/m', signal);
  const found = new Map<number, Float32Array>();
  const work = async () => {
    for await (const event of encoder.embed(given, signal) as AsyncIterable<EncodeEvent>) {
      if (event.type === 'vectors') for (const [k, at] of event.at.entries()) found.set(at, event.vectors[k]!);
    }
  };
  const error = await work().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { encoder, found, asked, error, base };
}

it('asks in batches, for floats, and gives each text its vector', async () => {
  const { found, asked, error, encoder, base } = await embed(
    embeds((text) => [Number(text), 0.5]),
    texts(150),
  );
  expect(error).toBeNull();
  expect([...found.keys()].toSorted((a, b) => a - b)).toEqual([...Array(150).keys()]);
  for (const [at, vector] of found) expect(vector).toEqual(Float32Array.of(at, 0.5));
  expect(asked.map((one) => inputOf(one).length).toSorted()).toEqual([22, 64, 64]);
  expect(asked[0]).toMatchObject({ path: '/v1/embeddings', body: { model: 'org/m', encoding_format: 'float' } });
  expect([encoder.name, encoder.about, encoder.sha256]).toEqual([
    'my-server:org/m',
    'org/m on the server my-server',
    null,
  ]);
  // what another server calls by the same name is another encoder
  expect(encoder.version).toContain(base);
  expect(encoder.version).toContain('org/m');
});

it('asks again for what is refused for a time', async () => {
  let refused = 0;
  const { found, error, asked } = await embed((one, response) => {
    if (refused++ < 2) json(response, { error: { message: 'busy' } }, 503, { 'retry-after-ms': '1' });
    else embeds(() => [1])(one, response);
  }, texts(3));
  expect(error).toBeNull();
  expect([found.size, asked.length]).toEqual([3, 3]);
});

const count =
  (length: number): Answer =>
  (_, response) =>
    json(response, { data: texts(length).map((_, index) => ({ index, embedding: [1] })) });

it.each<[string, Answer, RegExp]>([
  ['too few vectors', count(2), /my-server answers for org\/m with 2 vectors for 3 texts/u],
  ['too many', count(4), /4 vectors for 3 texts/u],
  [
    'one text twice',
    (_, response) => json(response, { data: [0, 1, 1].map((index) => ({ index, embedding: [1] })) }),
    /no vector for text 3/u,
  ],
  ['two sizes', embeds((text) => (text === '2' ? [1, 2] : [1])), /my-server.*vectors of 1 and of 2 numbers/u],
  ['zeros', embeds((text) => (text === '1' ? [0, 0] : [1, 0])), /nothing but zeros/u],
  ['an empty vector', embeds(() => []), /my-server does not answer as the OpenAI API does/u],
  ['text for numbers', embeds(() => ['a']), /my-server does not answer as the OpenAI API does/u],
])('takes no answer with %s', async (_, answer, message) => {
  const { error } = await embed(answer, texts(3));
  expect(error).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(message) });
});

it('takes no vector of another size in a later batch', async () => {
  const { error } = await embed(
    embeds((text) => (Number(text) < 64 ? [1] : [1, 2])),
    texts(70),
  );
  expect(error).toMatchObject({ code: 'bad-answer', message: expect.stringContaining('numbers') });
});

it('says what the server says of a text that is too long', async () => {
  const { error } = await embed(
    (_, response) => json(response, { error: { message: 'maximum context length is 512 tokens' } }, 400),
    texts(1),
  );
  expect(error).toMatchObject({ code: 'prompt-too-long', message: expect.stringContaining('my-server') });
});

it('stops with its signal', async () => {
  const stop = new AbortController();
  const { error, asked } = await embed(() => stop.abort(), texts(200), stop.signal);
  expect(error).toMatchObject({ name: 'AbortError' });
  await Promise.all(asked.map(({ dropped }) => dropped));
});

it('takes the only model of a server, and asks which of several', async () => {
  const models =
    (...ids: string[]): Answer =>
    (_, response) =>
      json(response, { data: ids.map((id) => ({ id })) });
  const one = await openServer(models('bge'));
  expect(await serverEncoder('s', endpointOf(one.base), null, never)).toMatchObject({
    name: 's',
    about: 'bge on the server my-server',
  });
  const two = await openServer(models('bge', 'gte'));
  await expect(serverEncoder('s', endpointOf(two.base), null, never)).rejects.toMatchObject({
    code: 'which-model',
    remedy: ['--encoder my-server:MODEL', 'it has bge, gte'],
  });
});
