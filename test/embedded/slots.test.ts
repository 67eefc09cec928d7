import { describe, expect, test } from 'vitest';
import { FairQueue } from '../../src/backends/embedded/server/fair-queue.ts';
import { type GenerationEvent, type GenerationRequest, generate } from '../../src/backends/embedded/server/generate.ts';
import { type Segmented, segment } from '../../src/backends/embedded/server/segments.ts';
import { type Lane, SlotPool } from '../../src/backends/embedded/server/slots.ts';
import { FakeModel } from './fake-model.ts';

const never = new AbortController().signal;

function setUp(most = 3): { model: FakeModel; lane: Lane; queue: FairQueue; pool: SlotPool } {
  const model = new FakeModel('yes<|im_end|>');
  const queue = new FairQueue();
  return { model, queue, lane: { model, lora: null, limit: 8192 }, pool: new SlotPool(most, queue) };
}

/** A session of `turns` turns of 80 tokens; `name` is its first letter. */
function session(model: FakeModel, name: string, turns: number): number[] {
  return model.tokenize(`${name}${'x'.repeat(78)}<|im_end|>`.repeat(turns));
}

const cut = (tokens: readonly number[]): Segmented => segment(tokens, (token) => token === 2);

async function run(
  { lane, pool, queue }: ReturnType<typeof setUp>,
  prompt: readonly number[],
  more: Partial<GenerationRequest> = {},
): Promise<GenerationEvent[]> {
  const request: GenerationRequest = {
    lane,
    prompt,
    maxTokens: 10,
    n: 1,
    seed: 1,
    sampling: { temperature: 1, topP: 1, topK: 200, minP: 0 },
    stops: [],
    stopTokens: [],
    logprobs: null,
    opening: null,
    ...more,
  };
  const events: GenerationEvent[] = [];
  for await (const event of generate(request, pool, queue, never)) events.push(event);
  return events;
}

test('the slot with the longest common prefix is taken; another session gets its own', async () => {
  const it = setUp();
  await run(it, session(it.model, 'a', 5));
  await run(it, session(it.model, 'b', 5));
  const [prompt] = await run(it, session(it.model, 'a', 6));
  expect(prompt).toEqual({ type: 'prompt', tokens: 480, cached: 400 });
  expect(it.pool.slots.map((slot) => slot.prompt.tokens[0])).toEqual(
    ['b', 'a'].map((name) => name.codePointAt(0)).reverse(),
  );
});

test('above the cap the least recently used slot goes, whichever model it served', async () => {
  const it = setUp(2);
  const other: Lane = { model: it.model, lora: 'adapter.gguf', limit: 8192 };
  const slot = await it.pool.acquire(other, cut([]), 10, never);
  it.pool.release(slot);
  await run(it, session(it.model, 'a', 3));
  await run(it, session(it.model, 'b', 3));
  expect(it.pool.slots).toHaveLength(2);
  expect(it.pool.slots.some((each) => each.lane === other)).toBe(false);
  expect(it.model.disposed).toBe(1);
  await run(it, session(it.model, 'c', 3));
  // same lane and size: written over, not made anew
  expect(it.model.disposed).toBe(1);
});

test('a session that outgrows its slot moves to a larger one', async () => {
  const it = setUp();
  await run(it, session(it.model, 'a', 10));
  await run(it, session(it.model, 'a', 40));
  expect(it.model.opened.map(({ size }) => size)).toEqual([2048, 4096]);
});

test('only new tokens are evaluated, and the last reply as a segment of its own', async () => {
  const it = setUp();
  const prompt = session(it.model, 'a', 4);
  await run(it, prompt);
  it.model.batches.length = 0;
  const next = [...prompt, ...it.model.tokenize(`yes<|im_end|>${'y'.repeat(40)}`)];
  await run(it, next);
  expect(it.model.batches[0]).toEqual(next.slice(320));
});

test('the same request again is read from its last segment on, and says the same', async () => {
  const it = setUp();
  const first = await run(it, session(it.model, 'a', 4), { n: 3 });
  it.model.batches.length = 0;
  const second = await run(it, session(it.model, 'a', 4), { n: 3 });
  expect(second.slice(1)).toEqual(first.slice(1));
  expect(it.model.batches[0]).toHaveLength(80);
});

describe('replies that stay in the cache', () => {
  const OPENING = '<|im_start|>me:';
  const asked = (model: FakeModel, ...said: string[]): number[] =>
    model.tokenize(`${said.map((text) => `them: ${text}<|im_end|>${OPENING}`).join('yes<|im_end|>')}`);
  const going = (model: FakeModel) => ({ opening: model.tokenize(OPENING) });

  test('the next prompt is read from where the reply ended', async () => {
    const it = setUp();
    await run(it, asked(it.model, 'hello'), going(it.model));
    it.model.batches.length = 0;
    await run(it, asked(it.model, 'hello', 'and now'), going(it.model));
    expect(it.model.piece(it.model.batches[0]?.[0] ?? 0)).toBe('<|im_end|>');
    expect(it.model.text(it.model.batches[0] ?? [])).toBe('them: and nowme:');
  });

  test('one that was lost is computed as it was written, token by token', async () => {
    const it = setUp();
    const steps: string[] = [];
    for (const said of [['hello'], ['hello', 'and now']]) await run(it, asked(it.model, ...said), going(it.model));
    const asItCame = it.model.batches.splice(0).map((batch) => it.model.text(batch));
    const other = setUp();
    await run(other, asked(other.model, 'hello', 'and now'), going(other.model));
    for (const batch of other.model.batches) steps.push(other.model.text(batch));
    expect(steps).toEqual(asItCame);
    expect(steps).toEqual(['them: hello', 'me:', 'y', 'e', 's', 'them: and nowme:', 'y', 'e', 's']);
  });

  test('alternatives leave nothing, since none of them is known to be gone on with', async () => {
    const it = setUp();
    await run(it, asked(it.model, 'hello'), { ...going(it.model), n: 2 });
    expect(it.pool.slots[0]?.prompt.tokens).toEqual(asked(it.model, 'hello'));
  });

  test('a request that does not keep replies shares none of them', async () => {
    const it = setUp();
    await run(it, asked(it.model, 'hello', 'and now'), going(it.model));
    const [prompt] = await run(it, asked(it.model, 'hello', 'and now'));
    expect(prompt).toMatchObject({ cached: 0 });
  });
});

test('a text judged in the place of another costs its own turn only, short as the turns before may be', async () => {
  const it = setUp();
  const history = it.model.tokenize(`c${'x'.repeat(20)}<|im_end|>ask<|im_end|>`.repeat(3));
  const judge = (text: string) => run(it, [...history, ...it.model.tokenize(`${text}<|im_end|>`)], { maxTokens: 1 });
  await judge('first');
  it.model.batches.length = 0;
  const answers = [await judge('second'), await judge('third'), await judge('first')];
  expect(answers.map(([prompt]) => prompt)).toMatchObject(Array(3).fill({ cached: history.length }));
  expect(it.model.batches.map((batch) => it.model.text(batch))).toEqual(['second', 'third', 'first']);
});

test('all slots busy: a request waits, and can be cancelled while it waits', async () => {
  const it = setUp(1);
  const held = await it.pool.acquire(it.lane, cut([]), 10, never);
  const cancel = new AbortController();
  const cancelled = it.pool.acquire(it.lane, cut([]), 10, cancel.signal);
  const waiting = it.pool.acquire(it.lane, cut([]), 10, never);
  cancel.abort();
  await expect(cancelled).rejects.toThrow();
  it.pool.release(held);
  expect(await waiting).toBe(held);
});

test('concurrent requests never share a slot, never exceed the cap, never evaluate at once', async () => {
  const it = setUp(2);
  it.model.stepMs = 1;
  await Promise.all('abcdef'.split('').map((name) => run(it, session(it.model, name, 3))));
  expect(it.model.most).toBe(1);
  expect(it.pool.slots).toHaveLength(2);
});

test('a retired lane gives its slots back, busy ones at their end', async () => {
  const it = setUp();
  const busy = await it.pool.acquire(it.lane, cut([]), 10, never);
  await it.pool.retire(it.lane);
  expect(it.pool.slots).toHaveLength(1);
  it.pool.release(busy);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(it.pool.slots).toHaveLength(0);
});
