import { wrapRows } from '../../core/text/wrap.ts';
import type { Why } from '../../core/workflows/evaluate/whys.ts';
import type { Segment } from '../components/Line.tsx';
import type { Tone } from '../theme.ts';

/** Parts of a turn that are marked in it; the rest stands in the list. */
const MARKED = 6;

/** The parts that move z most and lie in no other of them, in the order of the text. */
export function markedParts(whys: readonly Why[], chosen: Why | undefined): Why[] {
  const kept: Why[] = chosen ? [chosen] : [];
  for (const why of whys) {
    if (kept.length === MARKED) break;
    if (kept.every(({ start, end }) => why.end <= start || end <= why.start)) kept.push(why);
  }
  return kept.sort((a, b) => a.start - b.start);
}

export const toneOfEffect = (effect: number): Tone => (effect < 0 ? 'fake' : 'real');
export const signOfEffect = (effect: number): string => (effect < 0 ? '▼' : '▲');

/** The text of a turn with these parts in brackets, ▼ where they make it look simulated, ▲ real; wrapped to `width`. */
export function markedRows(text: string, parts: readonly Why[], chosen: Why | undefined, width: number): Segment[][] {
  const pieces: { text: string; tone: Tone }[] = [];
  let at = 0;
  for (const part of parts) {
    pieces.push({ text: text.slice(at, part.start), tone: 'plain' });
    const tone = part === chosen ? ('selected' as const) : toneOfEffect(part.effect);
    pieces.push({ text: `[${text.slice(part.start, part.end)}]${signOfEffect(part.effect)}`, tone });
    at = part.end;
  }
  pieces.push({ text: text.slice(at), tone: 'plain' });
  const whole = pieces.map((piece) => piece.text).join('');
  return wrapRows(whole, width).map(({ start, end }) => {
    const row: Segment[] = [];
    let from = 0;
    for (const piece of pieces) {
      const to = from + piece.text.length;
      const shown = whole.slice(Math.max(start, from), Math.min(end, to));
      if (from < end && to > start && shown !== '') row.push({ text: shown, tone: piece.tone });
      from = to;
    }
    return row;
  });
}
