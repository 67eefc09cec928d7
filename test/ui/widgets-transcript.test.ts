import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellWidth } from '../../src/core/text/wrap.ts';
import {
  makeTranscriptCache,
  moveTranscript,
  START_TRANSCRIPT,
  type TranscriptItem,
  type TranscriptMove,
  type TranscriptState,
  transcriptWindow,
} from '../../src/ui/components/transcript.ts';

const item = (index: number, text = `turn ${index}`, more: Partial<TranscriptItem> = {}): TranscriptItem => ({
  id: `n${index}`,
  role: index % 2 === 0 ? 'user' : 'assistant',
  tone: index % 2 === 0 ? 'user' : 'assistant',
  name: index % 2 === 0 ? 'sim' : 'bot',
  text,
  ...more,
});
const session = (turns: number) => Array.from({ length: turns }, (_, index) => item(index));

/** A transcript that is looked at and moved, as the screen does it. */
function open(items: TranscriptItem[], width = 40, height = 6) {
  const cache = makeTranscriptCache();
  const view = {
    items,
    state: START_TRANSCRIPT as TranscriptState,
    move(...moves: TranscriptMove[]) {
      for (const move of moves) view.state = moveTranscript(view.items, view.state, { width, height, cache }, move);
      return view;
    },
    window: () => transcriptWindow(view.items, view.state, width, height, cache),
    lines: () =>
      view.window().rows.map((row) =>
        row.segments
          .map((segment) => segment.text)
          .join('')
          .trimEnd(),
      ),
  };
  return view;
}

describe('what shows', () => {
  test('a short session from the top', () => {
    expect(open(session(2)).lines()).toEqual([' sim  turn 0', ' bot  turn 1']);
    expect(open([]).window()).toEqual({ rows: [], firstIndex: -1, lastIndex: -1, atBottom: true });
  });

  test('the end of a long one, and new turns as they come', () => {
    const view = open(session(10), 40, 3);
    expect(view.lines()).toEqual([' bot  turn 7', ' sim  turn 8', ' bot  turn 9']);
    view.items = [...view.items, item(10, 'new')];
    expect(view.lines().at(-1)).toBe(' sim  new');
  });

  test('scores stand on the last row where there is room, else below, with what else is to say', () => {
    const footerRight = { text: 'p .58  r +0.32 ▲', tone: 'real' as const };
    expect(open([item(0, 'short', { footerRight })]).lines()).toEqual([' sim  short             p .58  r +0.32 ▲']);
    expect(open([item(0, 'a text that leaves no room for it', { footerRight })]).lines()).toEqual([
      ' sim  a text that leaves no room for it',
      '                        p .58  r +0.32 ▲',
    ]);
    expect(open([item(0, 'x', { footerRight, flags: 'cut off' })]).lines()[1]).toBe(
      '      cut off           p .58  r +0.32 ▲',
    );
  });

  test('hostile text is harmless, and never wider than the window', () => {
    const text = '\x1b[2J日本語\u202e\t'.repeat(40);
    const { rows } = open([item(0, text)], 33, 20).window();
    for (const row of rows) {
      const line = row.segments.map((segment) => segment.text).join('');
      expect(cellWidth(line)).toBeLessThanOrEqual(33);
      expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  });

  test('a message of 5 MB shows its beginning, and says what is left', () => {
    const view = open([item(0, 'some words of text '.repeat(275_000)), item(1)], 80, 20).move('top');
    expect(view.lines()[0]).toMatch(/^ sim {2}some words/);
    expect(view.move('bottom').lines().at(-2)).toMatch(/… 5,125,000 more characters; Ctrl\+T/);
  });
});

describe('scrolling', () => {
  test('stops following when one scrolls up, and follows again at the bottom', () => {
    const view = open(session(10), 40, 3).move('up');
    expect(view.lines()).toEqual([' sim  turn 6', ' bot  turn 7', ' sim  turn 8']);
    view.items = [...view.items, item(10), item(11)];
    expect(view.lines()[0]).toBe(' sim  turn 6');
    expect(view.window().atBottom).toBe(false);
    view.move('pageDown', 'pageDown', 'pageDown');
    expect(view.state.anchor).toBeNull();
    view.items = [...view.items, item(12)];
    expect(view.lines().at(-1)).toBe(' sim  turn 12');
  });

  test('by pages, to both ends, and no further', () => {
    const view = open(session(10), 40, 4).move('pageUp');
    expect(view.lines()[0]).toBe(' bot  turn 3');
    expect(view.move('top').lines()[0]).toBe(' sim  turn 0');
    expect(view.move('up', 'pageUp').lines()[0]).toBe(' sim  turn 0');
    expect(view.move('bottom').lines().at(-1)).toBe(' bot  turn 9');
  });

  test('keeps its place when the width changes and rows above grow', () => {
    const items = Array.from({ length: 20 }, (_, index) => item(index, `turn ${index} ${'words '.repeat(20)}`));
    const cache = makeTranscriptCache();
    const state = moveTranscript(items, START_TRANSCRIPT, { width: 60, height: 6, cache }, { select: 'n10' });
    const { rows } = transcriptWindow(items, state, 30, 6, cache);
    expect(rows[0]?.key.startsWith('n10:')).toBe(true);
  });

  test('a live turn that gets its own id does not throw the view to the end', () => {
    const view = open([
      ...session(4),
      item(4, 'word '.repeat(100), { id: 'live', live: true }),
      item(5, 'y '.repeat(200)),
    ]);
    view.move('pageUp', 'pageUp', 'pageUp');
    const before = view.state.anchor?.id === 'live' ? view.lines().slice(1, 4) : null;
    expect(before).not.toBeNull();
    view.items = view.items.map((entry) => (entry.id === 'live' ? { ...entry, id: 'n4', live: false } : entry));
    expect(view.lines().slice(1, 4)).toEqual(before);
  });
});

describe('selecting', () => {
  test('starts at the last turn, walks turns or user turns, and stops at the ends', () => {
    const view = open(session(10));
    expect(view.move('previous').state.selected).toBe('n9');
    expect(view.move('previousUser').state.selected).toBe('n8');
    expect(view.move('previousUser').state.selected).toBe('n6');
    expect(view.move('next').state.selected).toBe('n7');
    expect(view.move('nextUser', 'nextUser').state.selected).toBe('n8');
    expect(view.move('top').state.selected).toBe('n0');
    expect(view.move('previous').state.selected).toBe('n0');
    expect(open(session(10)).move('previousUser').state.selected).toBe('n8');
    expect(open(session(10)).move('next').state.selected).toBe('n9');
    expect(open([]).move('previous', 'next', 'up', 'top', { select: 'n1' }).state).toEqual(START_TRANSCRIPT);
  });

  test('marks every row of the turn, and only those', () => {
    const view = open([item(0), item(1, 'two rows of text that do not fit on one row')]).move({ select: 'n1' });
    expect(view.lines()).toEqual([' sim  turn 0', '▌bot  two rows of text that do not fit', '▌     on one row']);
  });

  test('what is selected always shows', () => {
    const moves = fc.array(
      fc.constantFrom<TranscriptMove>(
        'up',
        'down',
        'pageUp',
        'pageDown',
        'top',
        'bottom',
        'previous',
        'next',
        'previousUser',
        'nextUser',
        { select: 'n3' },
      ),
      { maxLength: 30 },
    );
    const texts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(moves, texts, fc.integer({ min: 1, max: 9 }), (path, lengths, height) => {
        const view = open(
          lengths.map((length, index) => item(index, 'word '.repeat(length))),
          30,
          height,
        );
        for (const move of path) {
          view.move(move);
          const { rows, atBottom } = view.window();
          const total = open(view.items, 30, 10_000).lines().length;
          expect(rows.length).toBe(Math.min(height, total));
          if (view.state.selected !== null)
            expect(rows.some((row) => row.key.startsWith(`${view.state.selected}:`))).toBe(true);
          if (view.state.anchor === null) expect(atBottom).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('a turn that streams wraps as it would whole, whatever the pieces', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'word ',
      'a',
      '\n',
      '\r\n',
      '\r',
      '👩',
      '\u200d',
      '\ud83d',
      '\udc69',
      '日本',
      '\u0301',
      '\x1b[1m',
      '\u{e0041}',
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const view = open([], 24, 50);
      let text = '';
      for (const part of parts) {
        text += part;
        view.items = [item(0, text, { live: true })];
        expect(view.lines()).toEqual(open([item(0, text, { live: true })], 24, 50).lines());
      }
    }),
    { numRuns: 400 },
  );
});

test('a turn that streams scrolls the transcript by fours, and shows all of it when it is done', () => {
  const view = open(session(20), 40, 12);
  const tops = new Set<string>();
  for (let words = 1; words <= 80; words += 1) {
    view.items = [...session(20), item(20, 'words '.repeat(words), { live: true })];
    tops.add(view.lines()[0] ?? '');
    expect(view.lines().join('\n')).toContain('words▍');
  }
  expect(tops.size).toBe(4);
  view.items = [...session(20), item(20, 'words '.repeat(80))];
  expect(view.lines().at(-1)).toBe('      words words words words words');
});
