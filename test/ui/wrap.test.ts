import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellWidth, fitWidth, graphemes, rewrap, rowAt, truncate, wrapRows } from '../../src/core/text/wrap.ts';

const prose = fc.string({
  unit: fc.constantFrom(
    ...'aaabcdefgh      \n',
    'word',
    ' a ',
    '日',
    '本',
    '👩‍👩‍👧',
    'e\u0301',
    '\u0301',
    '👍🏽',
    'supercalifragilistic',
  ),
  maxLength: 120,
});
const shown = (text: string, width: number) => wrapRows(text, width).map((row) => text.slice(row.start, row.end));

describe('wrapRows', () => {
  test.each([
    ['the quick brown fox', 10, ['the quick ', 'brown fox']],
    ['the quick  brown', 9, ['the quick  ', 'brown']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['to abcdefghij', 6, ['to ', 'abcdef', 'ghij']],
    ['a\n\nb\n', 5, ['a', '', 'b', '']],
    ['', 5, ['']],
    ['日本語テスト', 5, ['日本', '語テ', 'スト']],
    ['ab日本', 5, ['ab日', '本']],
    ['👩‍👩‍👧👩‍👩‍👧', 3, ['👩‍👩‍👧', '👩‍👩‍👧']],
  ])('%j in %i cells', (text, width, rows) => {
    expect(shown(text, width)).toEqual(rows);
  });

  test('rows cover the text, fit the width but for spaces at a break, and split no grapheme', () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 2, max: 30 }), (text, width) => {
        const rows = wrapRows(text, width);
        let at = 0;
        for (const row of rows) {
          expect(row.start).toBe(at);
          const line = text.slice(row.start, row.end);
          expect(cellWidth(line.trimEnd())).toBeLessThanOrEqual(width);
          at = text[row.end] === '\n' ? row.end + 1 : row.end;
        }
        expect(at).toBe(text.length);
        const boundaries = new Set<number>([0]);
        let end = 0;
        for (const part of graphemes(text)) {
          end += part.length;
          boundaries.add(end);
        }
        for (const row of rows) expect(boundaries.has(row.start)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('rewrap after any change gives what wrapping anew gives', () => {
    fc.assert(
      fc.property(
        prose,
        prose,
        fc.nat(),
        fc.nat({ max: 30 }),
        fc.integer({ min: 2, max: 30 }),
        (text, more, place, cut, width) => {
          const at = place % (text.length + 1);
          const removed = Math.min(cut, text.length - at);
          const changed = text.slice(0, at) + more + text.slice(at + removed);
          const rows = rewrap(wrapRows(text, width), changed, width, at, removed, more.length);
          expect(rows).toEqual(wrapRows(changed, width));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('a long text can be wrapped in part, and a place in it found', () => {
    const long = '日本語のテキスト '.repeat(60_000);
    const rows = wrapRows(long, 80);
    expect(wrapRows(long, 80, 0, 5)).toEqual(rows.slice(0, 5));
    expect(rowAt(rows, rows[777]?.start ?? 0)).toBe(777);
  });
});

describe('cells', () => {
  test('truncate and fitWidth count cells, not characters', () => {
    expect(truncate('hello', 5)).toBe('hello');
    expect(truncate('hello!', 5)).toBe('hell…');
    expect(truncate('日本語', 5)).toBe('日本…');
    expect(truncate('日本語', 6)).toBe('日本語');
    expect(fitWidth('日本', 6)).toBe('日本  ');
    expect(fitWidth('7', 3, 'right')).toBe('  7');
    fc.assert(
      fc.property(prose, fc.integer({ min: 1, max: 20 }), (text, width) => {
        expect(cellWidth(fitWidth(text.replaceAll('\n', ''), width))).toBe(width);
      }),
    );
  });
});
