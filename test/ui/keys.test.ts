import { describe, expect, test } from 'vitest';
import { decode } from '../../src/ui/keys/decode.ts';
import { type KeyFacts, NO_FACTS } from '../../src/ui/keys/facts.ts';
import { isTextPlace, PLACES, type Place } from '../../src/ui/keys/places.ts';
import { footerItems, helpSections, keysMarkdown, paletteItems, resolveKey } from '../../src/ui/keys/resolve.ts';
import { bindingsIn, KEYS } from '../../src/ui/keys/table.ts';
import { type KeyHandlers, makeDispatcher } from '../../src/ui/keys/useKeys.ts';

const places = Object.keys(PLACES) as Place[];
const chords = (input: string) => decode(input).map((key) => key.chord);

describe('the key table', () => {
  test.each(places)('%s binds no key twice', (place) => {
    const seen = new Map<string, string>();
    for (const binding of bindingsIn(place)) {
      for (const chord of binding.keys) {
        expect(seen.get(chord), `${chord} is ${seen.get(chord)} and ${binding.command}`).toBeUndefined();
        seen.set(chord, binding.command);
      }
    }
  });

  test('writes each key as the decoder gives it', () => {
    const NAMED =
      /^(?:(?:ctrl\+)?(?:alt\+)?(?:shift\+)?)(?:enter|tab|esc|space|backspace|delete|up|down|left|right|home|end|pageup|pagedown|f\d+|[a-z])$/;
    for (const { keys, command } of KEYS) {
      for (const chord of keys) expect(chord.length === 1 || NAMED.test(chord), `${command}: ${chord}`).toBe(true);
    }
  });

  test('every scope has keys, and every place can be left and helped', () => {
    for (const place of places) {
      for (const scope of PLACES[place])
        expect(
          KEYS.some((key) => key.where === scope),
          scope,
        ).toBe(true);
      for (const chord of ['esc', 'ctrl+c', 'f1', 'ctrl+p'])
        expect(resolveKey(place, NO_FACTS, chord).kind).toBe('command');
    }
  });

  test('says why a key does nothing', () => {
    expect(resolveKey('chat.transcript', NO_FACTS, 'a')).toMatchObject({
      kind: 'refused',
      reason: /user turn/ as never,
    });
    expect(resolveKey('chat.transcript', { ...NO_FACTS, selected: 'user' }, 'a')).toEqual({
      kind: 'command',
      command: 'turn.alternatives',
    });
    expect(resolveKey('choose', NO_FACTS, 'tab')).toMatchObject({ reason: expect.stringContaining('only one') });
    expect(resolveKey('choose', { ...NO_FACTS, many: true }, 'tab').kind).toBe('command');
    const waiting: KeyFacts = { ...NO_FACTS, selected: 'user', noModel: 'the base model is still being fetched' };
    expect(resolveKey('chat.transcript', waiting, 'a')).toMatchObject({
      reason: 'the base model is still being fetched',
    });
  });

  test('a text field takes letters as text', () => {
    for (const place of places.filter(isTextPlace)) {
      for (const chord of ['a', '?', ':', 'space', 'é'])
        expect(resolveKey(place, NO_FACTS, chord)).toEqual({ kind: 'none' });
    }
    expect(resolveKey('chat.transcript', NO_FACTS, '?')).toEqual({ kind: 'command', command: 'app.help' });
  });

  test('docs/keys.md is up to date', async () => {
    await expect(keysMarkdown()).toMatchFileSnapshot('../../docs/keys.md');
  });
});

describe('footer, help and palette', () => {
  test('the footer leaves out what does not work now and keeps the order of importance', () => {
    const none = footerItems('chat.transcript', NO_FACTS).map((item) => item.command);
    expect(none).not.toContain('turn.alternatives');
    const some = footerItems('chat.transcript', { ...NO_FACTS, selected: 'user', turns: 2 });
    expect(some[0]).toMatchObject({ command: 'turn.alternatives', sign: 'a' });
    expect(some.at(-1)?.command).toBe('app.cancel');
  });

  test('the footer names keys that work here', () => {
    const help = footerItems('chat.composer', NO_FACTS).find((item) => item.command === 'app.help');
    expect(help?.sign).toBe('F1');
    expect(footerItems('chat.transcript', NO_FACTS).find((item) => item.command === 'app.help')?.sign).toBe('?');
    expect(footerItems('palette', NO_FACTS).find((item) => item.command === 'list.up')?.sign).toBe('↑↓');
  });

  test('help lists every key that works, with the reason where one does not', () => {
    for (const place of places) {
      const listed = helpSections(place, NO_FACTS).flatMap((section) => section.rows.map((row) => row.command));
      for (const binding of bindingsIn(place)) {
        const works = binding.keys.some((chord) => resolveKey(place, NO_FACTS, chord).kind !== 'none');
        expect(listed.includes(binding.command), `${place} ${binding.command}`).toBe(works);
      }
    }
    const rows = helpSections('chat.transcript', NO_FACTS).flatMap((section) => section.rows);
    expect(rows.find((row) => row.command === 'turn.alternatives')?.reason).toMatch(/user turn/);
  });

  test('the palette finds by any words and puts what works first', () => {
    expect(paletteItems('switch simulator', 'chat.composer', NO_FACTS)[0]?.command).toBe('chat.models');
    const reasons = paletteItems('', 'chat.composer', NO_FACTS).map((item) => item.reason !== null);
    expect(reasons).toEqual(reasons.toSorted((a, b) => Number(a) - Number(b)));
    expect(paletteItems('zzz', 'chat.composer', NO_FACTS)).toEqual([]);
  });
});

describe('decode', () => {
  test.each([
    ['jj', ['j', 'j']],
    ['y\r', ['y', 'enter']],
    ['N ?', ['N', 'space', '?']],
    ['\x1b', ['esc']],
    ['\x1b\x1b', ['esc', 'esc']],
    ['\x1bOP\x1b[11~\x1b[[A', ['f1', 'f1', 'f1']],
    ['\x1bOQ\x1b[13~', ['f2', 'f3']],
    ['\x1b[15~\x1b[24~', ['f5', 'f12']],
    ['\x1b[A\x1bOB\x1b[C\x1b[D', ['up', 'down', 'right', 'left']],
    ['\x1b[1;5C\x1b[1;3D\x1b[1;6A', ['ctrl+right', 'alt+left', 'ctrl+shift+up']],
    ['\x1b[5~\x1b[6~\x1b[H\x1b[4~', ['pageup', 'pagedown', 'home', 'end']],
    ['\x1b[3~\x1b[3;5~\x1b[3;3~', ['delete', 'ctrl+delete', 'alt+delete']],
    ['\x1bb\x1bF\x1b\x7f\x1b\r', ['alt+b', 'alt+F', 'alt+backspace', 'alt+enter']],
    ['\x1b\x1b[D', ['alt+left']],
    ['\t\x1b[Z', ['tab', 'shift+tab']],
    ['\x01\x05\x0a\x10\x03', ['ctrl+a', 'ctrl+e', 'ctrl+j', 'ctrl+p', 'ctrl+c']],
    ['\x7f\x08', ['backspace', 'backspace']],
    ['\x1b[13;2u\x1b[27;2;13~', ['shift+enter', 'shift+enter']],
    ['\x1b[99;5u\x1b[27u\x1b[97;3u', ['ctrl+c', 'esc', 'alt+a']],
    ['\x1b[110;2u\x1b[32u', ['N', 'space']],
    ['\x1b[97;1:3u', []],
    ['\x1b[99;9u\x1b[1;9C', []],
    ['\x1b[12;40R\x1b[I', []],
    ['👩‍👩‍👧é', ['👩‍👩‍👧', 'é']],
  ])('%j', (input, keys) => {
    expect(chords(input)).toEqual(keys);
  });
});

describe('dispatch', () => {
  function harness(place: Place, facts: KeyFacts = NO_FACTS) {
    const log: string[] = [];
    const state = { place };
    const handlers: KeyHandlers = {
      read: () => ({ place: state.place, facts }),
      onCommand: (command) => {
        log.push(command);
        if (command === 'chat.focusNext') state.place = 'chat.transcript';
      },
      onEdit: (action) => log.push('text' in action ? `${action.type}(${JSON.stringify(action.text)})` : action.type),
      onRefused: (reason, command) => log.push(`refused ${command}: ${reason}`),
    };
    return { log, dispatcher: makeDispatcher(() => handlers) };
  }

  test('each key of a chunk goes where the keyboard then is', () => {
    const { log, dispatcher } = harness('chat.composer');
    dispatcher.input('hi\tj', 0);
    expect(log).toEqual(['insert("h")', 'insert("i")', 'chat.focusNext', 'transcript.next']);
  });

  test('Enter typed after text sends; Enter in what was pasted does not', () => {
    const { log, dispatcher } = harness('chat.composer');
    dispatcher.input('ok\r', 0);
    expect(log.at(-1)).toBe('composer.send');
    log.length = 0;
    dispatcher.paste('one\rtwo\r');
    expect(log).toEqual(['paste("one\\rtwo\\r")']);
  });

  test('without bracketed paste, Enter in a burst and shortly after it is text', () => {
    const { log, dispatcher } = harness('chat.composer');
    dispatcher.input('first line\rsecond line\r', 1_000);
    dispatcher.input('\r', 1_010);
    dispatcher.input(`${'a long line that nobody types at once'}`, 1_020);
    dispatcher.input('\r', 1_049);
    expect(log).not.toContain('composer.send');
    dispatcher.input('\r', 1_100);
    expect(log.at(-1)).toBe('composer.send');
  });

  test('a burst where there is no field runs no commands; a held key does', () => {
    const { log, dispatcher } = harness('chat.transcript');
    dispatcher.input('some text about N and x that is pasted blindly', 0);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^refused null/);
    log.length = 0;
    dispatcher.input('j'.repeat(40), 1_000);
    expect(log).toEqual(Array(40).fill('transcript.next'));
  });

  test('a key that is refused says why and acts not', () => {
    const { log, dispatcher } = harness('chat.composer', { ...NO_FACTS, ended: true });
    dispatcher.input('\r', 0);
    expect(log).toEqual([expect.stringMatching(/^refused composer.send: the session has ended/)]);
  });
});

test('a run is offered to be adopted until it is; then the key does it again', () => {
  const run = { state: 'done', actions: ['adopt', 'clone'], marked: false } as const;
  const facts = (adopted: boolean): KeyFacts => ({ ...NO_FACTS, run: { ...run, adopted } });
  const offered = (adopted: boolean) => footerItems('runs', facts(adopted)).map(({ command }) => command);
  expect(offered(false)).toContain('run.adopt');
  expect(offered(true)).not.toContain('run.adopt');
  expect(offered(true)).toContain('run.chat');
  expect(resolveKey('runs', facts(true), 'a').kind).toBe('command');
});
