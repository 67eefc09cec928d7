/**
 * Model text is hostile: it can hold terminal escapes, marks that reorder or hide text, and characters that smuggle
 * more. `safeText` turns each such character into a visible mark and leaves the rest of its sequence as the plain text
 * that it then is (`ESC[31m` shows as `␛[31m`). Nothing is parsed, so nothing can be parsed wrongly, and a researcher
 * sees exactly what the model wrote.
 *
 * Marks: C0 and DEL as their Unicode pictures (␛ ␇ ␍ ␡), other characters as ⟨code point⟩, runs of Unicode tag
 * characters as ⟨tags: the ASCII they spell⟩. Line and paragraph separators and CR LF become line feeds, tabs four
 * spaces, lone surrogates U+FFFD.
 */
export function safeText(text: string): string {
  return clean(text, (character) => mark(character));
}

/** The same for text that a person types or pastes: what `safeText` marks is left out. */
export function plainText(text: string): string {
  return clean(text, () => '');
}

/**
 * C0 but LF, DEL and C1; line and paragraph separators; surrogates; all that Unicode says not to show (bidi controls,
 * zero-width characters, joiners, variation selectors, tags) and interlinear annotation. Some of these are legitimate
 * in places (see `keep`).
 */
const SUSPECT = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u{FFF9}-\u{FFFB}]/u;

/** More marks than this on one base are no language; a single cell could hold megabytes of them. */
const MAX_MARKS = 16;
const MARK_RUN = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu');
/** England, Scotland and Wales: the only emoji that are spelled with tag characters (Unicode TR 51, ED-14a). */
const TAG_FLAG =
  /\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}/uy;
const BEFORE_JOINER_EMOJI = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u{FE0F}|\u{20E3})$/u;
const AFTER_JOINER_EMOJI = /^\p{Extended_Pictographic}/u;
/** Scripts whose spelling needs ZWJ and ZWNJ (Unicode 17, section 23.2). */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Nko}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u;

function clean(input: string, replace: (character: string) => string): string {
  let text = input;
  if (SUSPECT.test(text)) {
    text = text
      .toWellFormed()
      .replaceAll('\r\n', '\n')
      .replace(/[\u2028\u2029]/g, '\n')
      .replaceAll('\t', '    ');
    text = scan(text, replace);
  }
  return text.replace(
    MARK_RUN,
    (run, kept: string) => kept + (replace('\u{300}') && `⟨+${[...run].length - MAX_MARKS} marks⟩`),
  );
}

function scan(text: string, replace: (character: string) => string): string {
  const finder = new RegExp(SUSPECT, 'gu');
  let out = '';
  let tail = '';
  let from = 0;
  for (let match = finder.exec(text); match; match = finder.exec(text)) {
    const character = match[0];
    const length = tagFlagAt(text, match.index);
    if (length > 0) {
      finder.lastIndex = match.index + length;
      continue;
    }
    // What stands before it counts as it will stand there, marks and all.
    const before = from === match.index ? tail : lastCharacter(text, match.index);
    if (keep(character, before, text.slice(match.index + 1, match.index + 3))) continue;
    let end = match.index + character.length;
    let mark = replace(character);
    if (isTag(character)) {
      while (end < text.length && isTag(String.fromCodePoint(text.codePointAt(end) ?? 0))) end += 2;
      if (mark !== '') mark = `⟨tags: ${spelled(text.slice(match.index, end))}⟩`;
    }
    out += text.slice(from, match.index) + mark;
    tail = mark === '' ? before : mark.slice(-1);
    from = end;
    finder.lastIndex = end;
  }
  return out + text.slice(from);
}

/** The length of the tags of a flag whose black flag stands just before `index`; 0 if there is none. */
function tagFlagAt(text: string, index: number): number {
  if (index < 2) return 0;
  TAG_FLAG.lastIndex = index - 2;
  return TAG_FLAG.test(text) ? TAG_FLAG.lastIndex - index : 0;
}

function isTag(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0xe0000 && code <= 0xe007f;
}

function spelled(tags: string): string {
  return [...tags]
    .map((tag) => (tag.codePointAt(0) ?? 0) - 0xe0000)
    .map((code) => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '·'))
    .join('');
}

/** Whether a suspect character does its proper work between what stands before and after it. */
function keep(character: string, before: string, after: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x200d && BEFORE_JOINER_EMOJI.test(before) && AFTER_JOINER_EMOJI.test(after)) return true;
  if (code === 0x200c || code === 0x200d) return JOINING.test(before);
  if (code >= 0xfe00 && code <= 0xfe0f) return before !== '' && !/[\s\p{C}\p{M}]/u.test(before);
  if (code >= 0xe0100 && code <= 0xe01ef) return /\p{Script=Han}/u.test(before);
  if (code >= 0x180b && code <= 0x180f && code !== 0x180e) return /\p{Script=Mongolian}/u.test(before);
  return false;
}

function lastCharacter(text: string, index: number): string {
  const unit = text.charCodeAt(index - 1);
  const low = unit >= 0xdc00 && unit <= 0xdfff;
  return text.slice(Math.max(0, index - (low ? 2 : 1)), index);
}

function mark(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `⟨${code.toString(16).toUpperCase().padStart(2, '0')}⟩`;
}
