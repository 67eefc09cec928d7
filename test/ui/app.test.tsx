import { describe, expect, test } from 'vitest';
import type { Workbench } from '../../src/ui/control/workbench.ts';
import { ESC, enter, F3, openApp, pressEsc, say, TAB } from './app-screen.tsx';
import { fakeBench } from './bench.ts';
import type { Screen } from './terminal.ts';

async function start(bench: Workbench): Promise<Screen> {
  return (await openApp(bench, { columns: 110, rows: 30 })).screen;
}

describe('Chat', () => {
  test('as the chatbot: the simulator answers, its turn is judged, and everything is saved', async () => {
    const bench = fakeBench();
    const screen = await start(bench);
    expect(screen.text()).toContain('you are the chatbot');
    expect(screen.text()).toContain('Lost a job in spring.');
    await say(screen, 'Hello, what brings you here?');
    await screen.waitFor('p .88  r +2.00');
    expect(screen.text()).toContain('my week was rather bad');
    expect(screen.text()).toContain('looks real');
    expect(screen.text()).toMatch(/p_0 \.50\s+disc-a/);
    expect(bench.sessionStore.live.get('live-0')?.nodes).toHaveLength(2);
  });

  test('as the user: p_t and r_t judge the person', async () => {
    const screen = await start(fakeBench({ seats: { user: 'human', assistant: 'model' } }));
    await say(screen, 'ok');
    await screen.waitFor('r -2.00');
    await screen.waitFor('What happened then?');
    expect(screen.text()).toContain('looks simulated');
  });

  test('watching: run goes on to the end that the simulator makes, lowest and highest r are marked', async () => {
    const lines = ['hi', 'well it has been a long bad week', 'bye now<end>'];
    let said = 0;
    const bench = fakeBench({ seats: { user: 'model', assistant: 'model' }, simulator: () => lines[said++] ?? 'more' });
    const screen = await start(bench);
    await screen.send('r');
    await screen.waitFor('the simulated user ended the session');
    const text = screen.text();
    expect(text).toMatch(/r -6\.00 ▼/);
    expect(text).toMatch(/r \+7\.00 ▲/);
    expect(text).toContain('lowest');
    expect(text).toContain('ends the session');
  });

  test('seats change in mid-session', async () => {
    const screen = await start(fakeBench());
    await say(screen, 'Hello.');
    await screen.waitFor('r +2.00');
    await pressEsc(screen);
    await screen.send('s');
    await screen.waitFor('Who sits where');
    await screen.send('j');
    await enter(screen);
    await screen.waitFor('you are the user');
    // It is the chatbot's turn now, and a model has its seat: what a person sends too early is not said, and not lost.
    await say(screen, 'wait for me');
    await screen.waitFor("it is the chatbot's turn");
    expect(screen.text()).toContain('> wait for me');
    await screen.send(TAB);
    await screen.send('n');
    await screen.waitFor('What happened then?');
  });

  test('alternatives: ranked with the original, a pair of two marked ones, a branch, and the tree to walk', async () => {
    const bench = fakeBench({
      simulator: (request, index) => (request.n === 1 ? 'one two three four' : 'word '.repeat(index + 1).trim()),
    });
    const screen = await start(bench);
    await say(screen, 'Hello.');
    await screen.waitFor('r +1.00');
    await screen.send(TAB);
    await screen.send('a');
    await screen.waitFor('ranked by r');
    await screen.waitFor((text) => text.includes('+5.00') && text.includes('★'));
    await screen.send(' ');
    await screen.send('G');
    await screen.send(' ');
    await screen.send('m');
    await screen.waitFor('preference pair saved');
    expect(bench.pairStore.pairs).toMatchObject([{ t: 1, chosen: { r: 5 }, rejected: { r: -2 } }]);
    await screen.send('g');
    await enter(screen);
    await screen.waitFor('branch 2/2');
    expect(screen.text()).toContain('word word word word word word word word');
    await screen.send('t');
    await screen.waitFor('Tree');
    await screen.send('k');
    await enter(screen);
    await screen.waitFor('one two three four');
    await screen.waitFor('branch 1/2');
  });

  test('a text written over an alternative is scored and the tree stays as it is', async () => {
    const bench = fakeBench();
    const screen = await start(bench);
    await say(screen, 'Hello.');
    await screen.waitFor('r +2.00');
    await screen.send(TAB);
    await screen.send('a');
    await screen.waitFor('★');
    await screen.waitFor(/ 9 ╗/);
    await screen.send('e');
    await screen.waitFor('Edit and rescore');
    await screen.type(' and it goes on');
    await enter(screen);
    await screen.waitFor('+6.00');
    await screen.waitFor('written by you');
    expect(bench.sessionStore.live.get('live-0')?.nodes).toHaveLength(2);
  });

  test('a reply that breaks off is kept, marked, and asked for again by one key', async () => {
    let calls = 0;
    const bench = fakeBench({ simulator: () => (calls++ === 0 ? new Error('half a sen') : 'a whole sentence now') });
    const screen = await start(bench);
    await say(screen, 'Hello.');
    await screen.waitFor('cut off');
    expect(screen.text()).toContain('half a sen');
    await screen.send(TAB);
    await screen.send('R');
    await screen.waitFor('a whole sentence now');
    expect(screen.text()).not.toContain('half a sen');
  });

  test('Ctrl+C stops the reply that is being written; what had come is kept', async () => {
    const screen = await start(fakeBench({ simulator: () => 'one two three four five six seven eight', delayMs: 80 }));
    await say(screen, 'Hello.');
    await screen.waitFor('one two');
    await screen.send('\u0003');
    await screen.waitFor('cut off');
    expect(screen.text()).not.toContain('eight');
  });

  test('escapes and bidi marks of a model reach no terminal', async () => {
    const evil = `${ESC}]52;c;aGk=\u0007 fine ${ESC}[2J\u202Eevil\u009b31m`;
    const screen = await start(fakeBench({ simulator: () => evil }));
    const cleared = screen.raw().split(`${ESC}[2J`).length;
    await say(screen, 'Hello.');
    await screen.waitFor('fine');
    await screen.waitFor(/r [+-]\d/);
    expect(screen.raw()).not.toContain(`${ESC}]52`);
    expect(screen.raw().split(`${ESC}[2J`).length).toBe(cleared);
    expect(screen.raw()).not.toContain('\u202E');
    expect(screen.raw()).not.toContain('\u009b');
    expect(screen.text()).toContain('you are the chatbot');
  });

  test('models switch in mid-session, and the next turn is by the new one', async () => {
    const screen = await start(fakeBench());
    await say(screen, 'Hello.');
    await screen.waitFor('r +2.00');
    await screen.send(TAB);
    await screen.send('M');
    await screen.waitFor('Switch the simulator');
    await screen.send('j');
    await enter(screen);
    await screen.waitFor('sim sim-b');
    await screen.send(TAB);
    await say(screen, 'And now?');
    await screen.waitFor('the other one speaks now');
  });

  test('the context shows its six components, and what is written there reaches the simulator', async () => {
    const asked: string[] = [];
    const bench = fakeBench({
      simulator: (request) => {
        asked.push(request.messages[0]?.content ?? '');
        return 'yes it is so';
      },
    });
    const screen = await start(bench);
    await pressEsc(screen);
    await screen.send('c');
    await screen.waitFor('Appendix A');
    for (const part of ['instruction', 'profile', 'long term', 'previous summaries', 'history', 'current summary']) {
      expect(screen.text()).toContain(part);
    }
    await screen.send('G');
    await screen.send('e');
    await screen.waitFor('Edit current summary');
    await screen.type(' And moved.');
    await enter(screen);
    await screen.waitFor('And moved.');
    await pressEsc(screen);
    await screen.waitFor('you are the chatbot');
    await screen.send('n');
    await screen.waitFor('yes it is so');
    expect(asked[0]).toContain('Lost a job in spring. And moved.');
  });

  test('a terminal too small says what is needed; a resize in mid-reply loses nothing', async () => {
    const screen = await start(fakeBench({ simulator: () => 'one two three four five six', delayMs: 60 }));
    await say(screen, 'Hello.');
    await screen.waitFor('one');
    await screen.resize(40, 10);
    await screen.waitFor('60x16');
    await screen.resize(80, 24);
    await screen.waitFor('one two three four five six');
    await screen.waitFor('r +3.00');
  });
});

describe('Sessions', () => {
  test('lists what the corpora hold, opens one, and goes on with it', async () => {
    const bench = fakeBench();
    await bench.sessionStore.append('corpus-a', [
      {
        schema: 1,
        id: 's-1',
        source: 'test',
        domain: 'test',
        context: {
          instruction: null,
          profile: {},
          long_term: null,
          previous_summaries: [],
          current_summary: 'x',
          history: [],
        },
        turns: [
          { role: 'user', content: 'an old opening line here' },
          { role: 'assistant', content: 'Tell me more.' },
        ],
        origin: 'real',
        meta: {},
      },
    ]);
    const screen = await start(bench);
    await screen.send(F3);
    await screen.waitFor('an old opening line here');
    await enter(screen);
    await screen.waitFor('Tell me more.');
    await screen.waitFor('r +2.00');
    await screen.send(TAB);
    await screen.send('n');
    await screen.waitFor('my week was rather bad');
  });
});

describe('keys', () => {
  test('help shows the keys of the place and why one does not work; the palette runs a command by name', async () => {
    const screen = await start(fakeBench());
    await pressEsc(screen);
    await screen.send('?');
    await screen.waitFor('Keys that work here');
    expect(screen.text()).toContain('now:');
    await pressEsc(screen);
    await screen.waitFor('you are the chatbot');
    await screen.send('\u0010');
    await screen.waitFor('Commands');
    await screen.type('seats');
    await screen.waitFor('Choose who sits where');
    await enter(screen);
    await screen.waitFor('You are the chatbot');
  });

  test('a key that cannot work says why', async () => {
    const screen = await start(fakeBench());
    await pressEsc(screen);
    await screen.send('R');
    await screen.waitFor('no turn was cut off');
  });
});
