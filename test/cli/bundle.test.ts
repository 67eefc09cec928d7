import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { NARROW } from '../../scripts/bundle.mjs';

describe("the bundle's short cut for the width of text", () => {
  const narrow = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((text) =>
    NARROW.test(text),
  );

  it('covers what the screens are drawn with, and nothing that is not one cell wide', () => {
    for (const text of ['Chat', '┌─┐│└┘', '▁▂▃▄▅▆▇█', '…', '·', '▲▼●', '←↑→↓', 'é', '⣿'])
      expect(NARROW.test(text), text).toBe(true);
    for (const text of ['日', '👍', '©', '®', '\u00ad', '\u200d', '\ufe0f', '\x1b', '\n', 'e\u0301'])
      expect(NARROW.test(text), text).toBe(false);
    expect(narrow.filter((text) => stringWidth(text) !== 1)).toEqual([]);
  });

  it('agrees with string-width on any text that it takes', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...narrow)), (parts) => {
        const text = parts.join('');
        expect(stringWidth(text)).toBe(text.length);
      }),
    );
  });
});
