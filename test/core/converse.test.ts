import { describe, expect, test } from 'vitest';
import { pathTo } from '../../src/core/session/tree.ts';
import { Channel } from '../../src/core/workflows/channel.ts';
import { converse } from '../../src/core/workflows/converse/converse.ts';
import type { ConverseCommand, ConverseOptions } from '../../src/core/workflows/converse/types.ts';
import { blank, MODEL_SEATS, play, setUp, texts } from './conversing.ts';

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
});
