import { expect, test } from 'vitest';
import { FakeDiscriminator } from '../../../src/backends/fake/models.ts';
import { giveawayExhibit } from '../../../src/core/evaluate/judges/giveaways.ts';
import type { Estimate } from '../../../src/core/evaluate/table.ts';
import { clauseSpans, sentenceSpans, without, wordSpans } from '../../../src/core/text/spans.ts';
import {
  type Why,
  type WhyEvent,
  whysOfCorpus,
  whysOfSession,
  whysOfTurn,
} from '../../../src/core/workflows/evaluate/whys.ts';
import { makeSession } from '../../fixtures/make.ts';

const NEVER = new AbortController().signal;
/** Each "appreciate" of the user costs 2, each "lol" earns 1, and a turn of the user 0.5. */
const asked: string[] = [];
const judge = new FakeDiscriminator('d0', (messages) => {
  asked.push(JSON.stringify(messages.map(({ role, content }) => [role, content])));
  const user = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const count = (word: string) => user.join(' ').split(word).length - 1;
  return count('lol') - 2 * count('appreciate') + 0.5 * user.length;
});

async function all(run: AsyncGenerator<WhyEvent, Why[], undefined>): Promise<{ events: WhyEvent[]; whys: Why[] }> {
  const events: WhyEvent[] = [];
  for (;;) {
    const step = await run.next();
    if (step.done) return { events, whys: step.value };
    events.push(step.value);
  }
}
const slices = (text: string, spans: readonly { start: number; end: number }[]) =>
  spans.map(({ start, end }) => text.slice(start, end));

test('sentences, clauses and words of a text', () => {
  const text = 'I appreciate it, but no.  my boss\nhe yells because he can!! 3 times :(';
  expect(slices(text, sentenceSpans(text))).toEqual([
    'I appreciate it, but no.',
    'my boss',
    'he yells because he can!!',
    '3 times :(',
  ]);
  expect(slices(text, clauseSpans(text)).slice(0, 5)).toEqual([
    'I appreciate it,',
    'but no.',
    'my boss',
    'he yells',
    'because he can!!',
  ]);
  expect(slices("don't go", wordSpans("don't go"))).toEqual(["don't", 'go']);
  expect(sentenceSpans('... !')).toEqual([]);
});

test('what is left without a span reads as if it had never been there', () => {
  const cut = (text: string, part: string) => {
    const start = text.indexOf(part);
    return without(text, { start, end: start + part.length });
  };
  expect(cut('so lol, that is it.', 'lol')).toBe('so, that is it.');
  expect(cut('one two three', 'two')).toBe('one three');
  expect(cut('one two.', 'two')).toBe('one.');
  expect(cut('yes lol\nno', 'lol')).toBe('yes\nno');
  expect(cut('lol', 'lol')).toBe('');
});

test('the span whose removal moves z most comes first, and its grain is as fine as it goes', async () => {
  const session = makeSession('s', ['hi', 'Hello.', 'I appreciate your help. my boss lol, he yells', 'Oh.', 'later']);
  const { events, whys } = await all(whysOfTurn(judge, session, 2, NEVER));
  expect(events[0]).toEqual({ type: 'begin', z: 2 * 0.5 + 1 - 2, of: 13 });
  expect(whys.slice(0, 2).map(({ grain, text, effect }) => [grain, text, effect])).toEqual([
    ['sentence', 'I appreciate your help.', -2],
    ['word', 'appreciate', -2],
  ]);
  expect(whys.find(({ text }) => text === 'lol')?.effect).toBe(1);
  expect(whys.find(({ text }) => text === 'he yells')?.effect).toBe(0);
  expect(whys.every(({ t }) => t === 2)).toBe(true);
  // nothing after the turn is read
  expect(asked.some((messages) => messages.includes('later'))).toBe(false);
  await expect(all(whysOfTurn(judge, session, 4, NEVER))).rejects.toThrow('no user turn 4');
});

test('with few removals, words of the clause that matters most are asked about first', async () => {
  const session = makeSession('s', ['it was a long day at work, I appreciate that']);
  const { whys, events } = await all(whysOfTurn(judge, session, 1, NEVER, 6));
  expect(events.filter(({ type }) => type === 'why')).toHaveLength(5);
  // the one sentence is all of the turn; without it there would be none
  expect(whys.map(({ grain }) => grain).sort()).toEqual(['clause', 'clause', 'word', 'word', 'word']);
  expect(whys.some(({ text }) => text === 'appreciate')).toBe(true);
});

test('whole turns: the chatbot turns around a removed one become one, and the last has r_T', async () => {
  const session = makeSession('s', ['I appreciate it', 'Hm.', 'lol', 'Go on.', 'that is all', 'Bye.']);
  asked.length = 0;
  const { whys } = await all(whysOfSession(judge, session, NEVER));
  expect(whys.map(({ t, effect }) => [t, effect])).toEqual([
    [1, -1.5],
    [2, 1.5],
    [3, 0.5],
  ]);
  expect(asked.some((messages) => messages.includes('Hm.\\\\nGo on.') || messages.includes('Hm. Go on.'))).toBe(true);
  const single = await all(whysOfSession(judge, makeSession('s', ['lol']), NEVER));
  expect(single.whys).toMatchObject([{ t: 1, effect: 1.5 }]);
  const mute = makeSession('s', ['x'], { turns: [{ role: 'assistant', content: 'Hi' }] });
  expect((await all(whysOfSession(judge, mute, NEVER))).whys).toEqual([]);
});

test('an abort stops it', async () => {
  const controller = new AbortController();
  const run = whysOfTurn(judge, makeSession('s', ['one two three']), 1, controller.signal);
  await run.next();
  controller.abort();
  await expect(run.next()).rejects.toMatchObject({ name: 'AbortError' });
});

test('over a corpus: the turn of lowest r of each session, by stored scores where they are; spans are grouped', async () => {
  const texts = (opening: string) => [opening, 'Hm.', 'I really appreciate that', 'Hm.', 'lol ok'];
  const sessions = [
    makeSession('a', texts('so'), {
      // by these scores its first turn is the lowest
      scores: { d0: { z: [-3, 0, 1], logit_p0: 0, template: 'fake', engine: 'fake' } },
    }),
    makeSession('b', texts('well then')),
    makeSession('c', texts('hm ok')),
  ];
  const findings = [];
  const seen: number[] = [];
  for await (const { session, whys, done } of whysOfCorpus(judge, sessions, { perSession: 1, most: 20 }, NEVER)) {
    seen.push(done);
    for (const { grain, text, effect, t } of whys) {
      expect(t).toBe(2);
      findings.push({ session: session.id, context: session.id, grain, text, effect });
    }
  }
  expect(seen).toEqual([1, 2, 3]);
  const exhibit = giveawayExhibit('d0', 'it0', 'c', findings, { draws: 50, seed: 1, leastSessions: 2, most: 5 });
  if (exhibit.type !== 'table') throw new Error('no table');
  expect(exhibit.rows[0]).toMatchObject({
    key: 'appreciate',
    group: 'looks simulated',
    cells: { sessions: 2, total: -4 },
  });
  expect((exhibit.rows[0]?.cells['effect'] as Estimate | undefined)?.value).toBe(-2);
  expect(exhibit.rows[0]?.behind).toEqual([{ corpus: 'c', sessions: ['b', 'c'] }]);
});
