import stringWidth from 'string-width';

/** One row of wrapped text, as offsets in UTF-16 units: `text.slice(start, end)`. */
export interface Row {
  readonly start: number;
  readonly end: number;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const SPACE = 32;
const PRINTABLE_ASCII = /^[ -~]*$/;
/** Most text repeats few characters outside ASCII, and string-width costs microseconds a call. */
const widths = new Map<string, number>();

/** The graphemes (user-perceived characters) of a text. */
export function graphemes(text: string): string[] {
  return PRINTABLE_ASCII.test(text) ? text.split('') : Array.from(segmenter.segment(text), (part) => part.segment);
}

/** Cells that one grapheme takes: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  const known = widths.get(grapheme);
  if (known !== undefined) return known;
  const width = stringWidth(grapheme);
  if (widths.size > 20_000) widths.clear();
  widths.set(grapheme, width);
  return width;
}

/** Cells that a text without line feeds takes in a terminal. */
export function cellWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The text cut to `width` cells; what was cut shows as `…`. */
export function truncate(text: string, width: number): string {
  if (text.length <= width && PRINTABLE_ASCII.test(text)) return text;
  if (width <= 0) return '';
  let used = 0;
  let fits = 0;
  let at = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) return `${text.slice(0, fits)}…`;
    at += segment.length;
    if (used <= width - 1) fits = at;
  }
  return text;
}

/** The text truncated or padded with spaces to exactly `width` cells. */
export function fitWidth(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncate(text, width);
  const space = ' '.repeat(Math.max(0, width - cellWidth(cut)));
  return align === 'left' ? cut + space : space + cut;
}

/**
 * Wraps text to rows of at most `width` cells: at spaces where there are any, else within a word, never within a
 * grapheme. Spaces at a break stay on the row above, beyond its width if need be. Greedy, and a row depends only on the
 * text from its start: wrapping again from the start of any row gives the same rows, on which `rewrap` builds.
 * `from` must be 0 or the start of a row; at most `limit` rows are made.
 */
export function wrapRows(text: string, width: number, from = 0, limit = Number.POSITIVE_INFINITY): Row[] {
  const rows: Row[] = [];
  for (let start = from; start !== -1 && rows.length < limit; ) {
    const row = { start, end: rowEnd(text, start, Math.max(2, width)) };
    rows.push(row);
    start = nextStart(text, row);
  }
  return rows;
}

/**
 * The rows of `text`, which came of the text with rows `rows` by putting `inserted` units at `at` in place of
 * `removed`. Equal to `wrapRows(text, width)`, but wraps only around the change, so that typing in a megabyte and
 * streaming into a long message cost no more than in a short one.
 */
export function rewrap(
  rows: readonly Row[],
  text: string,
  width: number,
  at: number,
  removed: number,
  inserted: number,
): Row[] {
  const hit = rowAt(rows, at);
  // The change may let the first word of its row fit on the row above, which may then be joined by a mark to its own.
  const first = Math.max(0, hit - 2);
  const from = rows[first]?.start ?? 0;
  const delta = inserted - removed;
  const changedTo = at + inserted;
  const fresh: Row[] = [];
  let position = from;
  let old = hit;
  for (;;) {
    const made = wrapRows(text, width, position, 32);
    for (const row of made) {
      // A row that starts after the change where an old row started: all that follows is as it was.
      if (row.start > changedTo) {
        while ((rows[old]?.start ?? Number.POSITIVE_INFINITY) + delta < row.start) old += 1;
        if ((rows[old]?.start ?? -1) + delta === row.start && rows[old] !== undefined) {
          const rest = rows.slice(old);
          const moved = delta === 0 ? rest : rest.map(({ start, end }) => ({ start: start + delta, end: end + delta }));
          return rows.slice(0, first).concat(fresh, moved);
        }
      }
      fresh.push(row);
    }
    const last = made.at(-1);
    if (!last || made.length < 32) return rows.slice(0, first).concat(fresh);
    position = nextStart(text, last);
    if (position === -1) return rows.slice(0, first).concat(fresh);
  }
}

/** The index of the row that holds an offset; an offset where a row starts belongs to that row. */
export function rowAt(rows: readonly Row[], offset: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where the row after `row` starts, or -1 if it is the last. */
function nextStart(text: string, row: Row): number {
  if (text.charCodeAt(row.end) === 10) return row.end + 1;
  return row.end < text.length ? row.end : -1;
}

/** Where the row that starts at `start` ends: at a line feed, the end of the text, or where `width` makes it break. */
function rowEnd(text: string, start: number, width: number): number {
  const window = text.slice(start, start + width + 1);
  const feed = window.indexOf('\n');
  if (
    feed === -1 ? window.length <= width && PRINTABLE_ASCII.test(window) : PRINTABLE_ASCII.test(window.slice(0, feed))
  ) {
    return start + (feed === -1 ? window.length : feed);
  }
  if (feed === -1 && PRINTABLE_ASCII.test(window)) {
    if (window.charCodeAt(width) === SPACE) return skipSpaces(text, start + width);
    const space = window.lastIndexOf(' ');
    return space === -1 ? start + width : start + space + 1;
  }
  return rowEndOfGraphemes(text, start, width);
}

/** `rowEnd` for text beyond ASCII. Wide characters (CJK) may break on either side. */
function rowEndOfGraphemes(text: string, start: number, width: number): number {
  for (let size = 4 * (width + 1); ; size *= 4) {
    const slice = text.slice(start, start + size);
    const whole = start + size >= text.length;
    let used = 0;
    let at = 0;
    let breakAt = -1;
    for (const { segment } of segmenter.segment(slice)) {
      if (segment === '\n') return start + at;
      // The last grapheme of a slice may go on beyond it.
      if (!whole && at + segment.length === slice.length) break;
      const cells = graphemeWidth(segment);
      if (cells === 2 && at > 0) breakAt = at;
      if (used + cells > width && at > 0) {
        if (segment === ' ') return skipSpaces(text, start + at);
        return start + (breakAt === -1 ? at : breakAt);
      }
      used += cells;
      at += segment.length;
      if (segment === ' ' || cells === 2) breakAt = at;
    }
    if (whole) return text.length;
  }
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  // A space before a combining mark (U+0300 is the first) is one grapheme with it, and no space to break at.
  while (text.charCodeAt(at) === SPACE && !(text.charCodeAt(at + 1) >= 0x300)) at += 1;
  return at;
}
