import type { Role } from '../../core/session/schema.ts';
import { safeText } from '../../core/text/safe.ts';
import { cellWidth, fitWidth, type Row, rewrap, wrapRows } from '../../core/text/wrap.ts';
import type { Tone } from '../theme.ts';
import type { Segment } from './Line.tsx';

/** A turn as the transcript shows it. `text` is as the model wrote it: it is made harmless here. */
export interface TranscriptItem {
  readonly id: string;
  readonly role: Role;
  readonly tone: Tone;
  /** Who speaks, in at most 4 cells. */
  readonly name: string;
  readonly text: string;
  /** At the right end of the turn, such as `p .58  r +0.32 ▲`. */
  readonly footerRight?: { readonly text: string; readonly tone: Tone } | undefined;
  /** What else is to say of it, such as `cut off · R asks again` or `2/3`. */
  readonly flags?: string | undefined;
  /** It is being written now. */
  readonly live?: boolean;
}

/** A mark, the name, a space. */
const GUTTER = 6;
/** Longer turns show their beginning: nobody scrolls through a megabyte, and wrapping it takes a second. */
const MAX_SHOWN = 100_000;
/**
 * A turn that is being written takes rows by fours, blank until used, so that the transcript scrolls a quarter as often.
 * Each scroll repaints every row: at 200 tokens/s, one by one, that is 90 kB/s to the terminal.
 */
const LIVE_STEP = 4;
const MAX_CACHED = 2_000;

interface Wrapped {
  readonly width: number;
  readonly text: string;
  readonly safe: string;
  readonly rows: readonly Row[];
}

/** Wrapped text of the turns seen last, by item id. One belongs to one transcript and outlives its frames. */
export type TranscriptCache = Map<string, Wrapped>;

export function makeTranscriptCache(): TranscriptCache {
  return new Map();
}

/** How an item divides into rows. */
interface Shape {
  readonly wrapped: Wrapped;
  /** Rows of text, then perhaps one that says what is left out, then perhaps the footer, then blank ones. */
  readonly cut: boolean;
  readonly footer: 'none' | 'inline' | 'row';
  readonly total: number;
}

export function itemShape(item: TranscriptItem, width: number, cache: TranscriptCache): Shape {
  const wrapped = wrapItem(item, Math.max(8, width - GUTTER), cache);
  const cut = item.text.length > MAX_SHOWN;
  const footer = footerOf(item, wrapped, cut);
  const used = wrapped.rows.length + (cut ? 1 : 0) + (footer === 'row' ? 1 : 0);
  const total = item.live ? Math.ceil(used / LIVE_STEP) * LIVE_STEP : used;
  return { wrapped, cut, footer, total };
}

function footerOf(item: TranscriptItem, wrapped: Wrapped, cut: boolean): Shape['footer'] {
  if (item.flags) return 'row';
  if (!item.footerRight) return 'none';
  const used = cellWidth(rowText(wrapped, wrapped.rows.length - 1));
  return !cut && used + 2 + cellWidth(item.footerRight.text) <= wrapped.width ? 'inline' : 'row';
}

function rowText(wrapped: Wrapped, index: number): string {
  const row = wrapped.rows[index];
  return row ? wrapped.safe.slice(row.start, row.end).trimEnd() : '';
}

function wrapItem(item: TranscriptItem, width: number, cache: TranscriptCache): Wrapped {
  const known = cache.get(item.id);
  const text = item.text.length > MAX_SHOWN ? item.text.slice(0, MAX_SHOWN) : item.text;
  if (known && known.width === width && known.text === text) return known;
  const wrapped = known && known.width === width && text.startsWith(known.text) ? grow(known, text) : wrap(text, width);
  cache.delete(item.id);
  cache.set(item.id, wrapped);
  if (cache.size > MAX_CACHED) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  return wrapped;
}

function wrap(text: string, width: number): Wrapped {
  const safe = safeText(text);
  return { width, text, safe, rows: wrapRows(safe, width) };
}

/** A turn that got longer: what stands before its last line feed is settled, since no suspect sequence spans one. */
function grow(known: Wrapped, text: string): Wrapped {
  const settled = known.text.lastIndexOf('\n') + 1;
  const tail = known.text.slice(settled);
  const settledSafe = known.safe.length - safeText(tail).length;
  const safe = known.safe.slice(0, settledSafe) + safeText(text.slice(settled));
  const at = safe.startsWith(known.safe) ? known.safe.length : settledSafe;
  const rows = rewrap(known.rows, safe, known.width, at, known.safe.length - at, safe.length - at);
  return { width: known.width, text, safe, rows };
}

/** What one row of an item shows. */
export function rowSegments(
  item: TranscriptItem,
  row: number,
  selected: boolean,
  width: number,
  cache: TranscriptCache,
): Segment[] {
  const { wrapped, cut, footer } = itemShape(item, width, cache);
  const mark: Segment = selected ? { text: '▌', tone: 'focus' } : { text: ' ' };
  const name: Segment =
    row === 0 ? { text: `${fitWidth(item.name, GUTTER - 2)} `, tone: item.tone } : { text: ' '.repeat(GUTTER - 1) };
  if (row < wrapped.rows.length) {
    const text = rowText(wrapped, row);
    const last = row === wrapped.rows.length - 1;
    const segments: Segment[] = [mark, name, { text }];
    if (last && item.live) segments.push({ text: '▍', tone: 'dim' });
    if (last && footer === 'inline' && item.footerRight) {
      const space = wrapped.width - cellWidth(text) - cellWidth(item.footerRight.text);
      segments.push({ text: ' '.repeat(space) }, item.footerRight);
    }
    return segments;
  }
  if (cut && row === wrapped.rows.length) {
    const left = (item.text.length - MAX_SHOWN).toLocaleString('en');
    return [
      mark,
      name,
      { text: `… ${left} more characters; Ctrl+T writes the whole transcript to a file`, tone: 'warn' },
    ];
  }
  if (footer !== 'row' || row !== wrapped.rows.length + (cut ? 1 : 0)) return [mark];
  const right = item.footerRight?.text ?? '';
  const room = Math.max(0, wrapped.width - cellWidth(right));
  return [
    mark,
    name,
    { text: fitWidth(item.flags ?? '', room), tone: 'dim' },
    { text: right, tone: item.footerRight?.tone },
  ];
}
