import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphemes, wrapRows } from '../../src/core/text/wrap.ts';
import {
  type ComposerAction,
  type ComposerState,
  composerReducer,
  cursorPlace,
  MAX_TEXT,
  newComposer,
} from '../../src/ui/components/composer.ts';

/** `|` marks the cursor. */
function at(marked: string, width = 20): ComposerState {
  const cursor = marked.indexOf('|');
  return { ...newComposer({ width, text: marked.replace('|', '') }), cursor };
}
const shown = (state: ComposerState) => `${state.text.slice(0, state.cursor)}|${state.text.slice(state.cursor)}`;
const run = (state: ComposerState, ...actions: (ComposerAction | ComposerAction['type'])[]): ComposerState =>
  actions.reduce<ComposerState>(
    (before, action) =>
      composerReducer(before, typeof action === 'string' ? ({ type: action } as ComposerAction) : action),
    state,
  );

describe('one key', () => {
  test.each<[ComposerAction['type'], string, string]>([
    ['text.left', 'ab|', 'a|b'],
    ['text.left', '👩‍👩‍👧|', '|👩‍👩‍👧'],
    ['text.left', 'xe\u0301|', 'x|e\u0301'],
    ['text.left', '|a', '|a'],
    ['text.right', '|👍🏽b', '👍🏽|b'],
    ['text.right', '🇫🇷|🇩🇪', '🇫🇷🇩🇪|'],
    ['text.right', 'a|', 'a|'],
    ['text.wordLeft', 'one two|', 'one |two'],
    ['text.wordLeft', 'one,  |two', '|one,  two'],
    ['text.wordRight', 'one| two three', 'one two| three'],
    ['text.wordRight', '|日本語のテキスト', '日本語|のテキスト'],
    ['text.home', 'a\nbcd|e', 'a\n|bcde'],
    ['text.end', 'a\n|bcd\ne', 'a\nbcd|\ne'],
    ['text.backspace', 'a👩‍👩‍👧|b', 'a|b'],
    ['text.backspace', '|b', '|b'],
    ['text.backspace', 'a\n|b', 'a|b'],
    ['text.delete', 'a|👩‍👩‍👧b', 'a|b'],
    ['text.delete', 'a|', 'a|'],
    ['text.wordBackspace', 'one two |three', 'one |three'],
    ['text.wordDelete', 'one| two three', 'one| three'],
    ['text.killStart', 'a\nbc|d', 'a\n|d'],
    ['text.killEnd', 'a|bc\nd', 'a|\nd'],
    ['text.killEnd', 'a|\nd', 'a|d'],
    ['text.newline', 'a|b', 'a\n|b'],
  ])('%s: %j becomes %j', (type, before, after) => {
    expect(shown(run(at(before), type))).toBe(after);
  });

  test('inserts at the cursor', () => {
    expect(shown(run(at('a|d'), { type: 'insert', text: 'bc' }))).toBe('abc|d');
    expect(shown(run(at('e|x'), { type: 'insert', text: '\u0301' }))).toBe('e\u0301|x');
  });

  test('typed joiners count as what they continue, and controls are left out', () => {
    expect(run(at('می|'), { type: 'insert', text: '\u200c' }).text).toBe('می\u200c');
    expect(run(at('ab|'), { type: 'insert', text: '\u200c' }).text).toBe('ab');
    expect(run(at('|'), { type: 'paste', text: 'a\x1b[31mb\u202ec\x07' }).text).toBe('a[31mbc');
  });
});

describe('rows', () => {
  test('up and down keep the column through shorter rows, by cells', () => {
    const start = at('abcdef\nx\n日本語文|', 20);
    const up = run(start, 'text.up');
    expect(shown(up)).toBe('abcdef\nx|\n日本語文');
    expect(shown(run(up, 'text.up'))).toBe('abcdef|\nx\n日本語文');
    expect(shown(run(up, 'text.up', 'text.down', 'text.down'))).toBe('abcdef\nx\n日本語文|');
    expect(shown(run(at('abcdef|\n日本語文'), 'text.down'))).toBe('abcdef\n日本語|文');
  });

  test('up and down follow wrapped rows', () => {
    expect(shown(run(at('the quick brown| fox', 10), 'text.up'))).toBe(
      'the q|uick brown fox'.replace('the q|uick', 'the q|uick'),
    );
    expect(cursorPlace(at('the quick brown| fox', 10))).toEqual({ row: 1, column: 5 });
  });

  test('the cursor after a full row stands at the start of the next, and spaces at a break keep it in the last column', () => {
    expect(cursorPlace(at('abcdefghij|k', 10))).toEqual({ row: 1, column: 0 });
    expect(cursorPlace(at('abcdefghij   |', 10))).toEqual({ row: 0, column: 9 });
    expect(cursorPlace(at('日本|語', 10))).toEqual({ row: 0, column: 4 });
  });

  test('a resize wraps anew and keeps the cursor', () => {
    const state = run(at('the quick |brown fox', 20), { type: 'resize', width: 10 });
    expect(state.rows).toHaveLength(2);
    expect(shown(state)).toBe('the quick |brown fox');
  });
});

describe('history', () => {
  const sent = (text: string) => [{ type: 'set', text } as const, { type: 'sent' } as const];
  test('up in the first row walks back, down returns to the draft', () => {
    const state = run(newComposer({ width: 20 }), ...sent('first'), ...sent('second'), {
      type: 'insert',
      text: 'draft',
    });
    expect(run(state, 'text.up').text).toBe('second');
    expect(run(state, 'text.up', 'text.up', 'text.up').text).toBe('first');
    expect(run(state, 'text.up', 'text.up', 'text.down', 'text.down').text).toBe('draft');
    expect(run(state, 'text.up', 'text.up', 'text.down', 'text.down', 'text.down').text).toBe('draft');
  });

  test('keeps no blank text and no text twice in a row', () => {
    const state = run(newComposer({ width: 20 }), ...sent('same'), ...sent('same'), ...sent('  '));
    expect(state.history).toEqual(['same']);
    expect(state.text).toBe('');
  });
});

test('undo takes back a paste, a deletion and a word typed', () => {
  const typed = run(newComposer({ width: 40 }), ...[...'hello'].map((text) => ({ type: 'insert', text }) as const));
  const pasted = run(typed, { type: 'paste', text: ' and\na paste' });
  const cut = run(pasted, 'text.killStart');
  expect(run(cut, 'text.undo').text).toBe(pasted.text);
  expect(run(cut, 'text.undo', 'text.undo').text).toBe('hello');
  expect(run(cut, 'text.undo', 'text.undo', 'text.undo').text).toBe('');
  expect(run(newComposer({ width: 40 }), 'text.undo').notice).toMatch(/nothing/);
});

describe('much text', () => {
  test('a paste of 5 MB is cut at a megabyte and says so; a half emoji is not kept', () => {
    const state = run(newComposer({ width: 80 }), { type: 'paste', text: `x${'😀'.repeat(2_500_000)}` });
    expect(state.text.length).toBe(MAX_TEXT - 1);
    expect(state.text.isWellFormed()).toBe(true);
    expect(state.notice).toMatch(/at most 1,000,000 characters; the last 4,000,002 were left out/);
    expect(run(state, 'text.left').notice).toBeNull();
    expect(run(state, { type: 'insert', text: 'ab' }).notice).toMatch(/the last 1 were/);
  });
});

test('whatever is typed, rows and cursor agree with the text', () => {
  const action: fc.Arbitrary<ComposerAction> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('insert' as const),
        text: fc.constantFrom('a', ' ', '日', '👩‍👩‍👧', '\u0301', 'word ', '🇫🇷'),
      }),
    },
    fc.record({ type: fc.constant('paste' as const), text: fc.constantFrom('two\r\nlines', '\x1b[A', 'x'.repeat(30)) }),
    fc.record({ type: fc.constant('resize' as const), width: fc.integer({ min: 2, max: 20 }) }),
    fc.constant({ type: 'sent' as const }),
    fc.constantFrom(
      ...(
        [
          'left',
          'right',
          'wordLeft',
          'wordRight',
          'home',
          'end',
          'up',
          'down',
          'backspace',
          'delete',
          'wordBackspace',
          'wordDelete',
          'killStart',
          'killEnd',
          'newline',
          'undo',
        ] as const
      ).map((name) => ({ type: `text.${name}` }) as const),
    ),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let state = newComposer({ width: 8 });
      for (const next of actions) {
        state = composerReducer(state, next);
        expect(state.rows).toEqual(wrapRows(state.text, state.width));
        let end = 0;
        const boundaries = new Set([0, ...graphemes(state.text).map((part) => (end += part.length))]);
        expect(boundaries.has(state.cursor), `${next.type} left the cursor inside a grapheme`).toBe(true);
        const { row, column } = cursorPlace(state);
        expect(row).toBeLessThan(state.rows.length);
        expect(column).toBeLessThan(state.width);
      }
    }),
    { numRuns: 500 },
  );
});
