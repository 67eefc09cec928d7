import { cellWidth } from '../../core/text/wrap.ts';
import type { KeyFacts } from '../keys/facts.ts';
import type { Place } from '../keys/places.ts';
import { type FooterItem, footerItems } from '../keys/resolve.ts';
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

const ALWAYS = new Set<FooterItem['command']>(['app.help', 'app.palette']);
/** Stands before help where it knows keys that the footer has no room for. */
const MORE = '  …';

/** Where that makes room for more keys, `Ctrl+G` is written `^G`; where some are still left out, `…` says so. */
export function footerSegments(place: Place, facts: KeyFacts, width: number): Segment[] {
  const items = footerItems(place, facts);
  const short = items.map((item) => ({ ...item, sign: item.sign.replaceAll('Ctrl+', '^') }));
  const told = (all: readonly FooterItem[]) => all.filter(isTold).length;
  const written = told(fitting(short, width)) > told(fitting(items, width)) ? short : items;
  const whole = fitting(written, width);
  if (told(whole) === told(items)) return segmentsOf(whole);
  const shown = fitting(written, width - MORE.length);
  const help = shown.findIndex(({ command }) => ALWAYS.has(command));
  return [...segmentsOf(shown.slice(0, help)), { text: MORE, tone: 'dim' }, ...segmentsOf(shown.slice(help), '  ')];
}

/** Whether one would not find the key by oneself: arrows move, and what works everywhere need not stand here. */
function isTold({ command, sign }: FooterItem): boolean {
  return !command.startsWith('app.') && !sign.startsWith('↑');
}

function fitting(items: readonly FooterItem[], width: number): FooterItem[] {
  let room = width - cellsOf(items.filter(({ command }) => ALWAYS.has(command)));
  return items.filter((item) => {
    if (ALWAYS.has(item.command)) return true;
    room -= cellsOf([item]);
    return room >= 0;
  });
}

/** With the space between sign and label, and two around each key. */
function cellsOf(items: readonly FooterItem[]): number {
  return items.reduce((sum, { sign, label }) => sum + cellWidth(sign) + cellWidth(label) + 3, 0);
}

function segmentsOf(items: readonly FooterItem[], before = ' '): Segment[] {
  return items.flatMap((item, index): Segment[] => [
    { text: index === 0 ? before : '  ' },
    { text: item.sign, tone: 'strong' },
    { text: ` ${item.label}`, tone: 'dim' },
  ]);
}
