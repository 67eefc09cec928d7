import { cellWidth, fitWidth } from '../../core/text/wrap.ts';
import type { Segment } from '../components/Line.tsx';
import { helpSections } from '../keys/resolve.ts';
import { factsOf, placeOf } from './keys.ts';
import { wrapped } from './runs-view.ts';
import type { AppState } from './state.ts';

/** The keys of the place below the help, those that work now and why the others do not: nothing is cut at any width. */
export function helpRows(state: AppState, width: number): Segment[][] {
  const below: AppState = { ...state, overlays: state.overlays.filter((other) => other.kind !== 'help') };
  const sections = helpSections(placeOf(below), factsOf(below));
  const widest = Math.max(...sections.flatMap(({ rows }) => rows.map(({ keys }) => cellWidth(keys))));
  const left = Math.min(widest, Math.floor(width * 0.32));
  return sections.flatMap(({ title, rows }) => [
    [{ text: ` ${title}`, tone: 'strong' as const }],
    ...rows.flatMap(({ keys, help, reason }): Segment[][] => {
      const signs = wrapped(keys, left);
      const said = wrapped(reason === null ? help : `${help} (now: ${reason})`, width - left - 5);
      return Array.from({ length: Math.max(signs.length, said.length) }, (_, index) => [
        { text: `   ${fitWidth(signs[index] ?? '', left)} ` },
        { text: said[index] ?? '', tone: reason === null ? 'plain' : 'dim' },
      ]);
    }),
  ]);
}
