import { cellWidth } from '../../core/text/wrap.ts';
import type { KeyFacts } from '../keys/facts.ts';
import type { Place } from '../keys/places.ts';
import { footerItems } from '../keys/resolve.ts';
import { Line, type Segment } from './Line.tsx';

export interface FooterProps {
  readonly place: Place;
  readonly facts: KeyFacts;
  readonly width: number;
}

/** The keys that work now, most important first; those that do not fit are left out, help and palette never. */
export function Footer({ place, facts, width }: FooterProps) {
  return <Line segments={footerSegments(place, facts, width)} width={width} />;
}

export function footerSegments(place: Place, facts: KeyFacts, width: number): Segment[] {
  const items = footerItems(place, facts).map((item) => ({
    ...item,
    cells: cellWidth(item.sign) + cellWidth(item.label) + 3,
  }));
  const always = new Set(['app.help', 'app.palette']);
  let room = width - items.reduce((sum, item) => sum + (always.has(item.command) ? item.cells : 0), 0);
  const shown = items.filter((item) => {
    if (always.has(item.command)) return true;
    room -= item.cells;
    return room >= 0;
  });
  return shown.flatMap((item, index): Segment[] => [
    { text: index === 0 ? ' ' : '  ' },
    { text: item.sign, tone: 'strong' },
    { text: ` ${item.label}`, tone: 'dim' },
  ]);
}
