import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
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

it('a card is shown as YAML from the bundle too, where a CommonJS package that is loaded late has no named exports', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/foil.js', 'models', 'show', 'supporter'], {
    cwd: root,
  });
  expect(stdout).toMatch(/^schema: 1$/mu);
}, 60_000);
