import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText, safeText } from '../../src/core/text/safe.ts';

/** Characters that do harm or hide, mixed with those that make them legitimate. */
const hostile = fc.string({
  unit: fc.constantFrom(
    ...'aZ9 \n\t\r\b\x00\x07\x1b\x7f[]0;31m\\',
    ...'\x9b\x9d\x9c\x90\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2066\u2069\u061c\u2028\u2029\ufeff\ufe0f\u{e0041}\u{e007f}\u{e0001}',
    ...[
      '\ud83d',
      '\udc69',
      '👩',
      '❤',
      '🏴',
      '\u{e0067}',
      '한',
      'क',
      '्',
      'ن',
      'é',
      '\u0301',
      '\u{e0100}',
      '葛',
      '\r\n',
      '\x1b]0;',
      '\x1b[31m',
    ],
  ),
});

const FORBIDDEN =
  /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\u{E0000}-\u{E0066}\u{E0068}-\u{E0FFF}]/u;

describe('safeText', () => {
  test('lets through no control, bidi mark, invisible or lone surrogate, whatever comes in', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
        // Subdivision flags and the variants of Han characters are spelled with characters that else are forbidden.
        const safe = safeText(text)
          .replaceAll(/\u{1F3F4}\u{E0067}\u{E0062}[\u{E0061}-\u{E007A}]{3}\u{E007F}/gu, '')
          .replaceAll(/(\p{Script=Han})[\u{E0100}-\u{E01EF}]/gu, '$1');
        expect(safe).not.toMatch(FORBIDDEN);
        expect(plainText(text)).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u202E\u2066]/u);
      }),
      { numRuns: 2000 },
    );
  });

  test('changes nothing that it has made safe', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
        expect(safeText(safeText(text))).toBe(safeText(text));
        expect(plainText(plainText(text))).toBe(plainText(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['plain ASCII\nin two lines', ''],
    ['naïve café, e\u0301 decomposed', ''],
    ['日本語と한국어 и русский', ''],
    ['family 👩‍❤️‍💋‍👨 flag 🏳️‍🌈 keycap 1️⃣ skin 👍🏽 pirate 🏴‍☠️', ''],
    ['England \u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}', ''],
    ['می\u200cخواهم', ''],
    ['क्\u200dष', ''],
    ['葛\u{E0100}', ''],
    ['›⟨␛⟩ already marked', ''],
  ])('leaves %j alone', (text) => {
    expect(safeText(text)).toBe(text);
    expect(plainText(text)).toBe(text);
  });

  test.each([
    ['\x1b[31mred\x1b[0m', '␛[31mred␛[0m'],
    ['\x1b]0;title\x07', '␛]0;title␇'],
    ['\x1b]52;c;unterminated', '␛]52;c;unterminated'],
    ['\x9b31m 8-bit', '⟨9B⟩31m 8-bit'],
    ['\x9d8;;http://x\x9clink', '⟨9D⟩8;;http://x⟨9C⟩link'],
    ['over\rwrite', 'over␍write'],
    ['a\b\bb\x7f', 'a␈␈b␡'],
    ['tab\there', 'tab    here'],
    ['dos\r\nline', 'dos\nline'],
    ['a\u2028b\u2029c', 'a\nb\nc'],
    ['abc\u202Edef', 'abc⟨202E⟩def'],
    ['a\u200db', 'a⟨200D⟩b'],
    ['zero\u200bwidth', 'zero⟨200B⟩width'],
    ['x\u{E0068}\u{E0069}\u{E007F}', 'x⟨tags: hi·⟩'],
    ['half \ud83d pair', 'half \ufffd pair'],
    ['x\ufe0f\ufe0f', 'x\ufe0f⟨FE0F⟩'],
    [`z${'\u0301'.repeat(1000)}`, `z${'\u0301'.repeat(16)}⟨+984 marks⟩`],
  ])('shows %j', (text, shown) => {
    expect(safeText(text)).toBe(shown);
  });

  test('plainText leaves out what safeText marks', () => {
    expect(plainText('a\x1b[31mb\u202Ec\u{E0041}d\r')).toBe('a[31mbcd');
  });

  test('5 MB of escapes come out whole', () => {
    const marked = safeText('\x1b[31mab\u202e');
    expect(safeText('\x1b[31mab\u202e'.repeat(600_000))).toBe(marked.repeat(600_000));
  });
});
