import { renderContext } from '../../core/prompt/context.ts';
import { safeText } from '../../core/text/safe.ts';
import { type Row, wrapRows } from '../../core/text/wrap.ts';
import type { Place, ShownPair, ShownSide } from '../../core/workflows/review/types.ts';
import type { Segment } from '../components/Line.tsx';
import { makeTranscriptCache, type TranscriptItem } from '../components/transcript.ts';
import { difference, type Span } from './review-diff.ts';

/** A side as it is shown: harmless text, wrapped, with what the other side has not. */
export interface SideText {
  readonly text: string;
  readonly rows: readonly Row[];
  readonly differs: readonly Span[];
}

interface Prepared {
  readonly texts: Readonly<Record<Place, string>>;
  /** Null: the sides have little in common, and nothing is marked. */
  readonly spans: Readonly<Record<Place, readonly Span[]>> | null;
  readonly wrapped: Map<string, readonly Row[]>;
}

/** A shown pair never changes, so what was computed of one holds as long as it lives. */
const prepared = new WeakMap<ShownPair, Prepared>();

/** Longer sides show their beginning: nobody judges a megabyte, and wrapping it takes a second. */
const MAX_SHOWN = 200_000;

function prepare(pair: ShownPair): Prepared {
  const known = prepared.get(pair);
  if (known) return known;
  const texts = { left: shown(pair.left), right: shown(pair.right) };
  const made: Prepared = { texts, spans: difference(texts.left, texts.right), wrapped: new Map() };
  prepared.set(pair, made);
  return made;
}

function shown({ content, end }: ShownSide): string {
  const cut = content.length > MAX_SHOWN;
  const text = safeText(cut ? content.slice(0, MAX_SHOWN) : content);
  const more = cut ? `\n… ${(content.length - MAX_SHOWN).toLocaleString('en')} more characters` : '';
  const ends = end ? `${text === '' ? '' : '\n'}(ends the session here)` : '';
  return text === '' && !end ? '(says nothing)' : `${text}${more}${ends}`;
}

export function sideText(pair: ShownPair, place: Place, width: number): SideText {
  const { texts, spans, wrapped } = prepare(pair);
  const key = `${place}:${width}`;
  let rows = wrapped.get(key);
  if (!rows) {
    rows = wrapRows(texts[place], Math.max(8, width));
    wrapped.set(key, rows);
  }
  return { text: texts[place], rows, differs: spans?.[place] ?? [] };
}

/** The sides have so little in common that nothing is marked. */
export function unrelated(pair: ShownPair): boolean {
  return prepare(pair).spans === null;
}

/** The pieces of a row; what differs is bold and coloured. */
export function sideRow({ text, rows, differs }: SideText, index: number): Segment[] {
  const row = rows[index];
  if (!row) return [];
  const end = row.start + text.slice(row.start, row.end).trimEnd().length;
  const segments: Segment[] = [];
  let at = row.start;
  for (let next = firstAfter(differs, row.start); next < differs.length; next += 1) {
    const span = differs[next] as Span;
    if (span.start >= end) break;
    const from = Math.max(at, span.start);
    const to = Math.min(end, span.end);
    if (from > at) segments.push({ text: text.slice(at, from) });
    segments.push({ text: text.slice(from, to), tone: 'differs' });
    at = to;
  }
  if (at < end) segments.push({ text: text.slice(at, end) });
  return segments;
}

/** The first span that ends after an offset. */
function firstAfter(spans: readonly Span[], offset: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as Span).end <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Wrapped rows of the history, shared by the view and by the commands that scroll. */
export const reviewCache = makeTranscriptCache();

const histories = new WeakMap<ShownPair['history'], TranscriptItem[]>();

/** What the simulator knew, then what was said before the turn that is judged. */
export function historyItems(pair: ShownPair): TranscriptItem[] {
  const known = histories.get(pair.history);
  if (known) return known;
  const id = `${pair.set}/${pair.id}`;
  const text = renderContext({ ...pair.context, instruction: '' }, { instruction: '' }).text;
  const context: TranscriptItem[] =
    text.trim() === '' ? [] : [{ id: `${id}:c`, role: 'assistant', tone: 'dim', name: 'ctx', text: text.trim() }];
  const items = [
    ...context,
    ...pair.history.map(
      ({ role, content }, index): TranscriptItem => ({
        ...{ id: `${id}:${index}`, role, tone: role, name: role === 'user' ? 'user' : 'bot' },
        text: content === '' ? '(says nothing)' : content,
      }),
    ),
  ];
  histories.set(pair.history, items);
  return items;
}
