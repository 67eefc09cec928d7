import { describe, expect, it, test } from 'vitest';
import { FoilError } from '../../../src/core/errors.ts';
import { SimulationControl } from '../../../src/core/workflows/simulate/control.ts';
import { bySeed, context, run, texts } from './world.ts';

test('the simulator ends a session, or the cap does; either side opens as in the real one', async () => {
  let said = 0;
  const sim = () => (++said === 2 ? 'bye<end>' : `words ${said}`);
  const { corpus, simulator } = await run({ sim, bot: () => 'go on' });
  expect(
    corpus.map(({ turns, origin }) => [turns.map((turn) => turn.role[0]).join(''), origin !== 'real' && origin.ended]),
  ).toEqual([
    ['uau', 'simulator'],
    ['auauau', 'cap'],
  ]);
  expect(JSON.stringify(simulator.requests)).not.toContain('not to be seen');
  expect(JSON.stringify(simulator.requests)).not.toContain('outcome');
  expect(corpus[0]?.meta).toMatchObject({
    context_of: 'a',
    user_kind: 'llm',
    license: 'CC BY-NC 4.0',
    split: 'train',
    diagnostics: { too_early: true, run_on: false },
  });
});

test('what stands in the prompt of a context is the same at every turn, and the context is read once a session', async () => {
  const [a, b] = [context('a'), context('b', 'assistant')];
  let reads = 0;
  for (const { context: of } of [a, b]) {
    const { current_summary: summary } = of;
    Object.defineProperty(of, 'current_summary', {
      get: () => {
        reads += 1;
        return summary;
      },
    });
  }
  const readsOf = async (turns: number) => {
    reads = 0;
    const { simulator } = await run({ contexts: [a, b], sim: () => 'go on', bot: () => 'go on', maxUserTurns: turns });
    const systems = simulator.requests.map(({ messages }) => messages[0]?.content);
    expect(systems).toHaveLength(2 * turns);
    expect(new Set(systems).size).toBe(2);
    return reads;
  };
  expect(await readsOf(6)).toBe(await readsOf(2));
});

/** As the first version gave them: the corpora behind the shipped models can be made again. */
const FIRST = [
  [
    'sim.bot.a.0',
    'user 1010501891',
    'bot 2121008251 after 2',
    'user 2108988849',
    'bot 1440363837 after 4',
    'bye 657781469',
  ],
  [
    'sim.bot.a.1',
    'user 577378336',
    'bot 2123211749 after 2',
    'user 442040872',
    'bot 1481853599 after 4',
    'bye 1180317151',
  ],
  [
    'sim.bot.b.0',
    'bot 969881770 after 1',
    'user 1462086204',
    'bot 479682303 after 3',
    'user 257168249',
    'bot 1465448332 after 5',
    'bye 181606997',
  ],
  [
    'sim.bot.b.1',
    'bot 2034429725 after 1',
    'user 1319640717',
    'bot 1525532593 after 3',
    'user 1325558067',
    'bot 1409894105 after 5',
    'bye 1021449481',
  ],
];

describe('ids, seeds and texts of a plain chatbot', () => {
  it('are those of the first version', async () => {
    const { corpus } = await run({ perContext: 2 });
    expect(texts(corpus)).toEqual(FIRST);
    expect(corpus.map(({ origin }) => origin !== 'real' && origin.seed)).toEqual([
      1652505515, 1267007594, 712611653, 678350820,
    ]);
  });

  it.each([2, 3, 8])('are the same with %i sessions at once, and in the same order in the corpus', async (atOnce) => {
    // The first session ends last.
    const delays = new Map<number, number>();
    const { corpus } = await run({
      perContext: 2,
      atOnce,
      delayMs: 1,
      sim: (request, index) => {
        delays.set(request.seed, index);
        return bySeed(request, index);
      },
    });
    expect(texts(corpus)).toEqual(FIRST);
  });

  it('belong to the context: a part of the corpus gives the same, and what is there is skipped', async () => {
    const { corpus, events } = await run({ perContext: 2, done: ['sim.bot.a.0', 'sim.bot.b.1'] });
    expect(texts(corpus)).toEqual([FIRST[1], FIRST[2]]);
    expect(events.filter(({ type }) => type === 'skipped')).toHaveLength(2);
    expect(texts((await run({ perContext: 2, contexts: [context('b', 'assistant')] })).corpus)).toEqual(FIRST.slice(2));
  });

  it('are made with every chatbot, the simulator drawing the same', async () => {
    const { corpus } = await run({ bots: ['bot', 'other'], contexts: [context('a')] });
    expect(corpus.map(({ id }) => id)).toEqual(['sim.bot.a.0', 'sim.other.a.0']);
    expect(corpus[1]?.turns[0]?.content).toBe(corpus[0]?.turns[0]?.content);
    expect(corpus[1]?.origin).toMatchObject({ chatbot: 'other' });
    expect(corpus[1]?.turns[1]?.by).toMatchObject({ name: 'other' });
  });
});

describe('a run that is cut off', () => {
  it.each(Array.from({ length: 10 }, (_, turns) => turns))(
    'after %i turns goes on there, asks for nothing twice, and gives the same sessions',
    async (turns) => {
      const whole = await run({ perContext: 2, atOnce: 2 });
      const controller = new AbortController();
      let seen = 0;
      const first = await run({
        ...{ perContext: 2, atOnce: 2, signal: controller.signal },
        onEvent: ({ type }) => {
          if (type === 'turn' && ++seen > turns) controller.abort();
        },
      });
      expect(first.error).toMatchObject({ name: 'AbortError' });
      expect(first.summary).toMatchObject({ stopped: 'cancelled' });
      const second = await run({
        ...{ perContext: 2, atOnce: 2, left: first.journal.kept },
        done: first.corpus.map(({ id }) => id),
      });
      expect(texts([...first.corpus, ...second.corpus]).toSorted()).toEqual(texts(whole.corpus).toSorted());
      expect(second.journal.kept).toEqual([]);
      const asked = [first, second].flatMap(({ simulator, chatbots }) =>
        [simulator, ...chatbots].flatMap(({ requests }) => requests.map(({ seed }) => seed)),
      );
      // Two sessions at once have two requests out at most when they are stopped.
      expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(2);
      const requests = [whole.simulator, ...whole.chatbots].flatMap((model) => model.requests);
      expect(requests.every(({ keepReply }) => keepReply)).toBe(true);
    },
  );

  it('between the last turn and the corpus gives the session once', async () => {
    const broken = await run({ append: async () => Promise.reject(new FoilError('disk-full', 'no space')) });
    expect(broken.error).toMatchObject({ code: 'disk-full' });
    expect(broken.summary).toMatchObject({ stopped: 'failed', sessions: 0 });
    const again = await run({ left: broken.journal.kept });
    expect(texts(again.corpus)).toEqual([FIRST[0], FIRST[2]]);
    // Whichever of the two was ended before: nothing of it was asked for again.
    expect(again.simulator.requests.length + broken.simulator.requests.length).toBe(6);
  });

  it('and was begun in another way is begun anew, and says so', async () => {
    const controller = new AbortController();
    const first = await run({
      signal: controller.signal,
      onEvent: ({ type }) => type === 'turn' && controller.abort(),
    });
    const { corpus, events } = await run({ left: first.journal.kept, seed: 4 });
    expect(events).toContainEqual({ type: 'restarted', id: 'sim.bot.a.0' });
    expect(texts(corpus)).toEqual(texts((await run({ seed: 4 })).corpus));
  });
});

describe('a budget', () => {
  it('of tokens stops before the next request, keeps what is done and says what ran out', async () => {
    const { summary, corpus, journal, error } = await run({ budget: { tokens: 60 } });
    expect(error).toBeNull();
    expect(summary).toMatchObject({ stopped: 'tokens', unfinished: 1 });
    expect(summary?.tokens.prompt).toBeGreaterThan(0);
    expect(corpus.length).toBeLessThan(2);
    const again = await run({ left: journal.kept, done: corpus.map(({ id }) => id) });
    expect(texts([...corpus, ...again.corpus])).toEqual([FIRST[0], FIRST[2]]);
  });

  it('of time does too', async () => {
    const { summary, events } = await run({ budget: { seconds: 0.02 }, delayMs: 10 });
    expect(summary).toMatchObject({ stopped: 'seconds' });
    expect(events.filter(({ type }) => type === 'turn').length).toBeLessThan(11);
  });
});

test('a pause lets what is out end, starts nothing, and goes on to the same sessions', async () => {
  const control = new SimulationControl();
  let during = 0;
  const { corpus, events } = await run({
    ...{ control, atOnce: 2, delayMs: 1 },
    onEvent: ({ type }) => {
      if (type === 'turn' && control.paused) during += 1;
      if (type !== 'turn' || events0++ !== 2) return;
      control.pause();
      setTimeout(() => control.resume(), 60);
    },
  });
  expect(during).toBeLessThanOrEqual(2);
  expect(events.filter(({ type }) => /paused$/u.test(type)).map(({ type }) => type)).toEqual(['paused', 'unpaused']);
  expect(texts(corpus)).toEqual([FIRST[0], FIRST[2]]);
});
let events0 = 0;

test('one that is asked to end, also in a pause, keeps what is out and starts nothing', async () => {
  const control = new SimulationControl();
  let turns = 0;
  const { summary, error, events } = await run({
    ...{ control, atOnce: 2, delayMs: 1 },
    onEvent: ({ type }) => {
      if (type !== 'turn' || turns++ !== 2) return;
      control.pause();
      setTimeout(() => control.finish(), 30);
    },
  });
  expect(error).toBeNull();
  expect(summary).toMatchObject({ stopped: 'cancelled' });
  expect(events.filter(({ type }) => type === 'turn').length).toBeLessThanOrEqual(5);
});

describe('what fails', () => {
  it('in one session is counted, and the others go on', async () => {
    const bot = ({ messages }: { messages: readonly { content: string }[] }) =>
      messages.some(({ content }) => content.includes('1462086204')) ? '' : 'fine';
    const { summary, corpus, error, events } = await run({ bot, contexts: [context('b', 'assistant'), context('a')] });
    expect(error).toBeNull();
    expect(corpus.map(({ id }) => id)).toEqual(['sim.bot.a.0']);
    expect(summary).toMatchObject({ failed: { 'empty-reply': 1 }, stopped: null });
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed', id: 'sim.bot.b.0' }));
  });

  it('for all stops the run with the reason, and keeps every turn', async () => {
    let asked = 0;
    const bot = () => (++asked > 2 ? new Error('half a word') : 'fine');
    const { error, summary, journal } = await run({ bot });
    expect(error).toMatchObject({ code: 'stream-cut' });
    expect(summary).toMatchObject({ stopped: 'failed' });
    expect(JSON.stringify(journal.kept)).not.toContain('half a word');
    const again = await run({ left: journal.kept, bot: () => 'fine' });
    expect(again.error).toBeNull();
    expect(again.corpus).toHaveLength(2);
  });

  it('to say a word is asked for again, and counted', async () => {
    let asked = 0;
    const { corpus, summary } = await run({ bot: () => (++asked % 2 === 1 ? ' ' : 'fine'), contexts: [context('a')] });
    expect(corpus[0]?.meta['diagnostics']).toMatchObject({ empty: { user: 0, assistant: 2 } });
    expect(summary?.diagnostics.empty).toBe(1);
    expect(corpus[0]?.turns.every(({ content }) => content.trim() !== '')).toBe(true);
  });

  it('is said where a session ends before its first word', async () => {
    const { corpus, summary } = await run({ sim: () => '<end>', contexts: [context('a')] });
    expect([corpus, summary?.failed]).toEqual([[], { 'said-nothing': 1 }]);
  });
});
