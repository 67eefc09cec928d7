import { expect, it } from 'vitest';
import { type AnnotationScript, FakeAnnotations, FakeAnnotator } from '../../../src/backends/fake/annotator.ts';
import { FoilError } from '../../../src/core/errors.ts';
import { type AnnotateEvent, type AnnotateRequest, annotate } from '../../../src/core/workflows/evaluate/annotate.ts';
import { estimateAnnotation } from '../../../src/core/workflows/evaluate/annotate-estimate.ts';
import { keptAnnotations } from '../../../src/core/workflows/evaluate/kept.ts';
import { sessionOf, smallTaxonomy } from './annotated.ts';

const clock = { now: () => new Date(0), sleep: () => Promise.resolve() };
const hash = (text: string) => text;
const actions = smallTaxonomy('actions');
const sessions = [sessionOf('s1', ['one', 'x', 'two', 'y']), sessionOf('s2', ['three', 'z'])];
const all: AnnotationScript = ({ turn }) => [{ turn: turn ?? 0, categories: ['a'] }];

async function run(
  annotator: FakeAnnotator,
  store: FakeAnnotations,
  more: Partial<AnnotateRequest> = {},
  signal = new AbortController().signal,
) {
  const events: AnnotateEvent[] = [];
  let thrown: unknown = null;
  try {
    for await (const event of annotate({ annotator, sessions, ...more }, { clock, store, hash }, signal))
      events.push(event);
  } catch (error) {
    thrown = error;
  }
  const done = events.at(-1);
  if (done?.type !== 'done') throw new Error('the last event is done');
  const found = events.flatMap((event) => (event.type === 'session' ? [event.session] : []));
  return { events, found, summary: done.summary, thrown };
}

it('asks about each user message once, and never again about the same content', async () => {
  const store = new FakeAnnotations();
  const first = new FakeAnnotator(actions, all);
  const { found, summary } = await run(first, store);
  expect(first.asked.map(({ session, turn }) => [session.id, turn])).toEqual([
    ['s1', 0],
    ['s1', 2],
    ['s2', 0],
  ]);
  expect(found.map(({ id, messages, missing }) => [id, messages.length, missing])).toEqual([
    ['s1', 2, 0],
    ['s2', 1, 0],
  ]);
  expect(summary).toMatchObject({ annotated: 3, cached: 0, failed: 0, requests: 3, stopped: null });
  const second = new FakeAnnotator(actions, all);
  expect((await run(second, store)).summary).toMatchObject({ annotated: 3, cached: 3, requests: 0 });
  expect(second.asked).toEqual([]);
});

it('judges issues once a session, and gives every chatbot message its marks', async () => {
  const annotator = new FakeAnnotator(smallTaxonomy('issues'), () => [{ turn: 3, categories: ['c'] }]);
  const { found } = await run(annotator, new FakeAnnotations(), { sessions: sessions.slice(0, 1) });
  expect(annotator.asked).toMatchObject([{ turn: null }]);
  expect(found[0]?.messages).toEqual([
    { turn: 1, categories: [] },
    { turn: 3, categories: ['c'] },
  ]);
});

it('counts a unit that fails as missing, never as without a category, and asks about it the next time', async () => {
  const store = new FakeAnnotations();
  const bad = new FoilError('bad-annotation', 'no valid answer');
  const annotator = new FakeAnnotator(actions, (unit, tells) => {
    if (unit.turn !== 2) return all(unit, tells);
    tells.onInvalid(1, 'no JSON');
    tells.onInvalid(2, 'no JSON');
    return bad;
  });
  const { found, summary, events } = await run(annotator, store);
  expect(found[0]).toMatchObject({ messages: [{ turn: 0 }], missing: 1 });
  expect(summary).toMatchObject({
    sessions: 1,
    partial: 1,
    annotated: 2,
    failed: 1,
    invalid: 2,
    failures: { 'bad-annotation': 1 },
    requests: 4,
  });
  expect(events.filter(({ type }) => type === 'invalid')).toHaveLength(2);
  const again = new FakeAnnotator(actions, all);
  expect((await run(again, store)).summary).toMatchObject({ annotated: 3, cached: 2 });
  expect(again.asked).toMatchObject([{ turn: 2 }]);
});

it('stops for an endpoint that cannot be used, and after twenty failures of it in a row', async () => {
  const refused = new FakeAnnotator(actions, () => new FoilError('not-authorised', 'the key is refused'));
  const { thrown, summary } = await run(refused, new FakeAnnotations());
  expect(thrown).toMatchObject({ code: 'not-authorised' });
  expect(summary.stopped).toBe('failed');
  expect(refused.asked).toHaveLength(1);
  const broken = new FakeAnnotator(actions, () => new FoilError('endpoint-failed', 'HTTP 500'));
  const many = Array.from({ length: 50 }, (_, at) => sessionOf(`m${at}`, ['hello', 'hi']));
  expect((await run(broken, new FakeAnnotations(), { sessions: many })).thrown).toMatchObject({
    code: 'endpoint-failed',
  });
  expect(broken.asked).toHaveLength(20);
});

it('asks nothing once a budget is used up, and says what is left', async () => {
  const annotator = new FakeAnnotator(
    actions,
    (unit, tells) => {
      tells.onUsage({ prompt: 1000, completion: 0 });
      return all(unit, tells);
    },
    { price: { input: 1, output: 1 } },
  );
  const { summary, found } = await run(annotator, new FakeAnnotations(), { budget: { money: 0.0015 } });
  expect(summary).toMatchObject({ annotated: 2, unasked: 1, stopped: 'money', money: 0.002 });
  expect(found.map(({ missing }) => missing)).toEqual([0, 1]);
});

it('ends with done and the reason when it is cancelled', async () => {
  const control = new AbortController();
  const annotator = new FakeAnnotator(actions, (unit, tells) => {
    control.abort();
    return all(unit, tells);
  });
  const { summary, thrown } = await run(annotator, new FakeAnnotations(), {}, control.signal);
  expect(summary.stopped).toBe('cancelled');
  expect(thrown).toBe(control.signal.reason);
});

it('gives only kept answers where it is asked for these', async () => {
  const store = new FakeAnnotations();
  await run(new FakeAnnotator(actions, all), store, { sessions: sessions.slice(0, 1) });
  const annotator = new FakeAnnotator(actions, all);
  const found = await keptAnnotations(annotator, sessions, { clock, store, hash }, new AbortController().signal);
  expect(annotator.asked).toEqual([]);
  expect(found.map(({ missing }) => missing)).toEqual([0, 1]);
});

it('estimates requests, tokens and money without asking, kept answers left out', async () => {
  const store = new FakeAnnotations();
  await run(new FakeAnnotator(actions, all), store, { sessions: sessions.slice(0, 1) });
  const annotator = new FakeAnnotator(actions, all, { price: { input: 2, output: 10 } });
  const estimate = await estimateAnnotation(annotator, sessions, { store, hash }, new AbortController().signal);
  const prompt = Math.ceil(annotator.content({ session: sessions[1] as never, turn: 0 }).length / 4);
  expect(estimate).toEqual({
    ...{ sessions: 2, units: 3, cached: 2, requests: 1, tokens: { prompt, completion: 10, estimated: true } },
    money: (prompt * 2 + 10 * 10) / 1e6,
  });
  expect(annotator.asked).toEqual([]);
});
