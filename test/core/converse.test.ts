import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FakeChatModel, FakeDiscriminator, FakeRegistry, type Script } from '../../src/backends/fake/models.ts';
import { FakePairStore, FakeSessionStore } from '../../src/backends/fake/stores.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { ChatMessage } from '../../src/core/prompt/messages.ts';
import { contextSchema, type LiveSession } from '../../src/core/session/schema.ts';
import { pathTo, toTurns } from '../../src/core/session/tree.ts';
import { Channel } from '../../src/core/workflows/channel.ts';
import { converse } from '../../src/core/workflows/converse/converse.ts';
import type { ConverseCommand, ConverseEvent, ConverseOptions } from '../../src/core/workflows/converse/types.ts';

const MODEL_SEATS = { user: 'model', assistant: 'model' } as const;

function setUp(scripts: { simulator: Script; chatbot?: Script; delayMs?: number }) {
  const simulator = new FakeChatModel('sim', scripts.simulator, { delayMs: scripts.delayMs ?? 0 });
  const chatbot = new FakeChatModel('bot', scripts.chatbot ?? (() => 'And then?'), { system: 'Help.' });
  // Words of the last user turn make z, so that every reward in a test can be computed by hand.
  const judge = new FakeDiscriminator('disc', (messages) => messages.filter((m) => m.role === 'user').join().length);
  const wordy = new FakeDiscriminator('words', (messages) => (messages.at(-1)?.content ?? '').split(' ').length - 3);
  const slow = new SlowDiscriminator();
  const sessions = new FakeSessionStore();
  const pairs = new FakePairStore();
  let ids = 0;
  const ports: Ports = {
    models: new FakeRegistry({ simulators: [simulator], chatbots: [chatbot], discriminators: [judge, wordy, slow] }),
    sessions,
    pairs,
    clock: { now: () => new Date(0), sleep: async () => {} },
    newId: (prefix) => `${prefix}-${++ids}`,
  };
  return { ports, sessions, pairs, simulator, chatbot, slow };
}

/** A discriminator that takes its time, and stops at once when it is told to. */
class SlowDiscriminator extends FakeDiscriminator {
  delayMs = 0;
  calls = 0;

  constructor() {
    super('slow', () => 0);
  }

  override async score(messages: readonly ChatMessage[], signal: AbortSignal): Promise<number> {
    this.calls += 1;
    await sleep(this.delayMs, undefined, { signal });
    return await super.score(messages, signal);
  }
}

function blank(): LiveSession {
  return {
    schema: 1,
    id: 's1',
    created: '',
    updated: '',
    context: contextSchema.parse({ current_summary: 'Lost a job.' }),
    nodes: [],
    head: null,
    roles: { simulator: 'sim', chatbot: 'bot', discriminator: 'words' },
    seed: 7,
  };
}

/** Plays commands one after the other, each when the workflow is idle again, and returns all events. */
async function play(
  ports: Ports,
  commands: readonly (ConverseCommand | ((session: LiveSession) => ConverseCommand))[],
  options: Partial<ConverseOptions> = {},
  session = blank(),
): Promise<{ events: ConverseEvent[]; session: LiveSession }> {
  const channel = new Channel<ConverseCommand>();
  const events: ConverseEvent[] = [];
  let last = session;
  const all = { seats: MODEL_SEATS, first: 'user', alternatives: 8, maxUserTurns: 4, ...options } as ConverseOptions;
  const workflow = converse(ports, session, all, channel, new AbortController().signal);
  const reading = (async () => {
    for await (const event of workflow) {
      events.push(event);
      if (event.type === 'session') last = event.session;
    }
  })();
  for (const command of commands) {
    channel.push(typeof command === 'function' ? command(last) : command);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  channel.close();
  await reading;
  return { events, session: last };
}

const texts = (session: LiveSession) => pathTo(session).map((node) => node.content);

describe('converse', () => {
  test('watching: models alternate until the simulator ends the session, every user turn judged and saved', async () => {
    const lines = ['hi', 'my boss shouted at me again', 'ok thanks<end>'];
    let said = 0;
    const { ports, sessions } = setUp({ simulator: () => lines[said++] ?? 'more' });
    const { events, session } = await play(ports, [{ type: 'run' }]);
    expect(texts(session)).toEqual(['hi', 'And then?', 'my boss shouted at me again', 'And then?', 'ok thanks']);
    const rewards = events.filter((event) => event.type === 'scored').map((event) => event.r);
    // z = words - 3: -2, 3, -1, so r = -2, 5, -4 with z_0 = 0 (Eq. 4).
    expect(rewards).toEqual([-2, 5, -4]);
    expect(events.some((event) => event.type === 'ended' && event.by === 'simulator')).toBe(true);
    expect(sessions.live.get('s1')).toEqual(session);
  });

  test('running stops at the cap on user turns', async () => {
    const { ports } = setUp({ simulator: () => 'more words' });
    const { events, session } = await play(ports, [{ type: 'run' }], { maxUserTurns: 2 });
    expect(texts(session)).toHaveLength(4);
    expect(events.some((event) => event.type === 'ended' && event.by === 'cap')).toBe(true);
  });

  test('a person in the chatbot seat is answered; taking over the user seat makes p_t judge the person', async () => {
    const { ports } = setUp({ simulator: () => 'the simulator says five words' });
    const { events, session } = await play(
      ports,
      [
        { type: 'step' },
        { type: 'say', text: 'Hello.' },
        { type: 'seat', role: 'user', seat: 'human' },
        { type: 'seat', role: 'assistant', seat: 'model' },
        { type: 'step' },
        { type: 'say', text: 'I am a person now' },
      ],
      { seats: { user: 'model', assistant: 'human' } },
    );
    const path = pathTo(session);
    expect(path.map((node) => node.by.kind)).toEqual(['model', 'human', 'model', 'model', 'human', 'model']);
    expect(path[4]?.scores['words']?.z).toBe(2);
    expect(events.filter((event) => event.type === 'scored')).toHaveLength(3);
  });

  test('the simulator sees flipped roles and the context; the chatbot sees neither', async () => {
    const { ports, simulator, chatbot } = setUp({ simulator: () => 'hello there you' });
    await play(ports, [{ type: 'run' }], { maxUserTurns: 2 });
    expect(simulator.requests[1]?.messages.map((m) => m.role)).toEqual(['system', 'assistant', 'user']);
    expect(simulator.requests[1]?.messages[0]?.content).toContain('Lost a job.');
    expect(chatbot.requests[0]?.messages).toEqual([
      { role: 'system', content: 'Help.' },
      { role: 'user', content: 'hello there you' },
    ]);
  });

  test('a reply cut off in mid-stream is kept, marked, and replaced by a retry', async () => {
    let calls = 0;
    const { ports, sessions } = setUp({
      simulator: () => (calls++ === 0 ? new Error('half a sen') : 'whole sentence now'),
    });
    const first = await play(ports, [{ type: 'step' }]);
    expect(pathTo(first.session)).toMatchObject([{ content: 'half a sen', partial: true }]);
    expect(first.events.find((event) => event.type === 'error')).toMatchObject({ retry: true });
    expect(sessions.live.get('s1')?.nodes).toHaveLength(1);
    // What streamed is the turn before it stops being what is under way: a screen never shows neither.
    const kinds = first.events.map((event) => event.type);
    const spoken = first.events.findIndex((event) => event.type === 'activity' && event.activity?.kind === 'speaking');
    expect(kinds.indexOf('turn', spoken)).toBeLessThan(kinds.indexOf('activity', spoken + 1));
    const second = await play(ports, [{ type: 'retry' }], {}, first.session);
    expect(texts(second.session)).toEqual(['whole sentence now']);
    expect(pathTo(second.session)[0]?.by).not.toEqual(pathTo(first.session)[0]?.by);
  });

  test('stop cancels a reply at once and keeps what had arrived', async () => {
    const { ports } = setUp({ simulator: () => 'one two three four five six seven', delayMs: 12 });
    const { session, events } = await play(ports, [{ type: 'run' }, { type: 'stop' }]);
    const [node] = pathTo(session);
    expect(node?.partial).toBe(true);
    expect(node?.content.split(' ').length).toBeLessThan(7);
    expect(events.filter((event) => event.type === 'error')).toEqual([]);
  });

  test('stop while D is judging stops the command too: the turn stays, and no reply begins', async () => {
    const { ports, chatbot, slow } = setUp({ simulator: () => 'hi' });
    slow.delayMs = 1000;
    const session = { ...blank(), roles: { ...blank().roles, discriminator: 'slow' } };
    const seats = { user: 'human', assistant: 'model' } as const;
    const { session: after, events } = await play(
      ports,
      [{ type: 'say', text: 'my own words' }, { type: 'stop' }],
      { seats },
      session,
    );
    expect(texts(after)).toEqual(['my own words']);
    expect(chatbot.requests).toEqual([]);
    expect(events.filter((event) => event.type === 'error')).toEqual([]);
  });

  test('a whole turn whose score is cancelled is kept once, and its end is told', async () => {
    const { ports, slow } = setUp({ simulator: () => 'bye now<end>' });
    slow.delayMs = 1000;
    const session = { ...blank(), roles: { ...blank().roles, discriminator: 'slow' } };
    const { session: after, events } = await play(ports, [{ type: 'run' }, { type: 'stop' }], {}, session);
    expect(after.nodes).toMatchObject([{ content: 'bye now', end: true }]);
    expect(after.nodes[0]?.partial).toBeUndefined();
    expect(events.filter((event) => event.type === 'ended')).toEqual([{ type: 'ended', by: 'simulator' }]);
  });

  test('whoever leaves, by a signal or by reading no further, stops what runs; nothing that is queued begins', async () => {
    for (const bySignal of [true, false]) {
      const { ports, simulator, chatbot } = setUp({ simulator: () => 'one two three', delayMs: 20 });
      const channel = new Channel<ConverseCommand>();
      for (let i = 0; i < 5; i += 1) channel.push({ type: 'step' });
      const controller = new AbortController();
      const options: ConverseOptions = { seats: MODEL_SEATS, first: 'user', alternatives: 8, maxUserTurns: 4 };
      for await (const event of converse(ports, blank(), options, channel, controller.signal)) {
        if (event.type !== 'delta') continue;
        if (bySignal) controller.abort();
        else break;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect([simulator.requests.length, chatbot.requests.length]).toEqual([1, 0]);
    }
  });

  test('a session that is left while it is being saved is not judged any more', async () => {
    const { ports, sessions, slow } = setUp({ simulator: () => 'hi' });
    const controller = new AbortController();
    const save = sessions.saveLive.bind(sessions);
    sessions.saveLive = async (session) => {
      await save(session);
      controller.abort();
    };
    const session = { ...blank(), roles: { ...blank().roles, discriminator: 'slow' } };
    const channel = new Channel<ConverseCommand>();
    channel.push({ type: 'step' });
    const options: ConverseOptions = { seats: MODEL_SEATS, first: 'user', alternatives: 8, maxUserTurns: 4 };
    for await (const _ of converse(ports, session, options, channel, controller.signal));
    expect(sessions.live.get('s1')?.nodes).toHaveLength(1);
    expect(slow.calls).toBe(0);
  });

  test('a turn that was cut off is in no pair, no corpus and no alternatives', async () => {
    const { ports } = setUp({ simulator: () => new Error('half a sen') });
    const { session, events } = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    expect(events.findLast((event) => event.type === 'error')).toMatchObject({ error: { code: 'partial-turn' } });
    expect(toTurns(pathTo(session))).toEqual([]);
  });

  test('an edited text is compared with the turn before it, also where that has no score yet', async () => {
    const { ports } = setUp({ simulator: () => 'five words are in here' });
    const first = await play(ports, [{ type: 'run' }], { maxUserTurns: 2 });
    const bare = { ...first.session, nodes: first.session.nodes.map((node) => ({ ...node, scores: {} })) };
    const { events } = await play(ports, [{ type: 'rescore', node: 2, text: 'a b c d' }], {}, bare);
    const scored = events.findLast((event) => event.type === 'candidates');
    // z = words - 3: 1 for the edit, 2 for the turn before (Eq. 4), not z_0 = 0.
    expect(scored).toMatchObject({ previousZ: 2, candidates: [{ z: 1, r: -1 }] });
  });

  test('alternatives: one request of n from the same prefix, ranked by r with the original among them; branch; pair', async () => {
    const { ports, simulator, pairs } = setUp({
      simulator: (request, index) =>
        request.n === 1 ? 'the original has five words' : 'word '.repeat(index + 1).trim(),
    });
    const first = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    const done = first.events.findLast((event) => event.type === 'candidates' && event.done);
    if (done?.type !== 'candidates') throw new Error('no candidates');
    expect(simulator.requests.map((request) => request.n)).toEqual([1, 8]);
    expect(done.candidates).toHaveLength(9);
    expect(done.candidates.map((candidate) => candidate.r)).toEqual([5, 4, 3, 2, 2, 1, 0, -1, -2]);
    expect(done.candidates.find((candidate) => candidate.index === 0)?.text).toBe('the original has five words');

    const [best] = done.candidates;
    const worst = done.candidates.at(-1);
    if (!best || !worst) throw new Error('no candidates');
    const second = await play(
      ports,
      [
        { type: 'pair', node: 0, chosen: best, rejected: worst },
        { type: 'continue', node: 0, candidate: best },
      ],
      {},
      first.session,
    );
    expect(pairs.pairs).toMatchObject([
      { t: 1, history: [], chosen: { content: best.text, r: 5 }, rejected: { r: -2 } },
    ]);
    expect(second.session.nodes.map((node) => node.parent)).toEqual([null, null]);
    expect(texts(second.session)).toEqual([best.text]);
    const back = await play(ports, [{ type: 'goto', node: 0 }], {}, second.session);
    expect(texts(back.session)).toEqual(['the original has five words']);
  });

  test('each alternative names the seed that gives it again, also where an empty one between was asked for anew', async () => {
    const { ports, simulator } = setUp({
      simulator: (request, index) => (request.n === 8 && index === 3 ? '' : `said by ${request.seed + index}`),
    });
    const { events } = await play(ports, [{ type: 'step' }, { type: 'alternatives', node: 0 }]);
    const done = events.findLast((event) => event.type === 'candidates' && event.done);
    if (done?.type !== 'candidates') throw new Error('no candidates');
    const sampled = done.candidates.filter((candidate) => candidate.index > 0);
    expect(sampled).toHaveLength(8);
    for (const { text, by } of sampled)
      expect(by.kind === 'model' && text).toBe(`said by ${by.kind === 'model' && by.seed}`);
    expect(simulator.requests.map((request) => request.n)).toEqual([1, 8, 1]);
  });

  test('the session of a pair is kept, also where it was only opened', async () => {
    const { ports, sessions, pairs } = setUp({ simulator: () => 'same' });
    const { session } = await play(ports, [{ type: 'step' }]);
    sessions.live.clear();
    const side = (index: number, text: string) => ({
      index,
      text,
      end: false,
      by: { kind: 'human' as const },
      z: 1,
      r: 1,
    });
    await play(ports, [{ type: 'pair', node: 0, chosen: side(1, 'a'), rejected: side(2, 'b') }], {}, session);
    expect(pairs.pairs).toMatchObject([{ session: 's1' }]);
    expect(sessions.live.get('s1')).toEqual(session);
  });

  test('a pair of equal sides is refused and nothing is saved', async () => {
    const { ports, pairs } = setUp({ simulator: () => 'same' });
    const side = { index: 1, text: 'a', end: false, by: { kind: 'human' as const }, z: 1, r: 1 };
    const { events } = await play(ports, [{ type: 'step' }, { type: 'pair', node: 0, chosen: side, rejected: side }]);
    expect(events.find((event) => event.type === 'error')).toMatchObject({ error: { code: 'same-sides' } });
    expect(pairs.pairs).toEqual([]);
  });

  test('another discriminator judges the whole branch anew and keeps the scores of the first', async () => {
    const { ports } = setUp({ simulator: () => 'five words are in here' });
    const { session } = await play(ports, [{ type: 'run' }, { type: 'switch', discriminator: 'disc' }], {
      maxUserTurns: 2,
    });
    const users = pathTo(session).filter((node) => node.role === 'user');
    expect(users.every((node) => node.scores['words'] && node.scores['disc'])).toBe(true);
  });

  test('an empty reply is asked for again and never becomes a turn', async () => {
    let calls = 0;
    const { ports } = setUp({ simulator: () => (calls++ < 2 ? '  ' : 'at last') });
    expect(texts((await play(ports, [{ type: 'step' }])).session)).toEqual(['at last']);
    const silent = setUp({ simulator: () => '' });
    const { events, session } = await play(silent.ports, [{ type: 'step' }]);
    expect(events.find((event) => event.type === 'error')).toMatchObject({ error: { code: 'empty-reply' } });
    expect(session.nodes).toEqual([]);
  });

  test('the first words of risk mark the session, whoever says them, and later ones say no more', async () => {
    const { ports } = setUp({ simulator: () => 'i want to die' });
    const { events } = await play(ports, [{ type: 'run' }], { maxUserTurns: 3 });
    expect(events.filter((event) => event.type === 'notice')).toMatchObject([
      { text: expect.stringContaining('risk') },
    ]);
    const calm = await play(setUp({ simulator: () => 'i am fine' }).ports, [{ type: 'run' }], { maxUserTurns: 2 });
    expect(calm.events.some((event) => event.type === 'notice')).toBe(false);
  });

  test('an edit is a judged sibling; an empty one is refused', async () => {
    const { ports } = setUp({ simulator: () => 'a b c d' });
    const { session, events } = await play(ports, [
      { type: 'step' },
      { type: 'edit', node: 0, text: 'a b c d e f' },
      { type: 'edit', node: 0, text: ' ' },
    ]);
    expect(session.nodes.map((node) => node.scores['words']?.z)).toEqual([1, 3]);
    expect(events.find((event) => event.type === 'error')).toMatchObject({ error: { code: 'empty-turn' } });
  });
});
