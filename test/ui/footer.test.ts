import { describe, expect, test } from 'vitest';
import { cellWidth } from '../../src/core/text/wrap.ts';
import { footerSegments } from '../../src/ui/components/Footer.tsx';
import { NO_FACTS } from '../../src/ui/keys/facts.ts';
import { PLACES, type Place } from '../../src/ui/keys/places.ts';

const footer = (place: Place, width: number) =>
  footerSegments(place, NO_FACTS, width)
    .map(({ text }) => text)
    .join('');

describe('the footer', () => {
  test.each(Object.keys(PLACES) as Place[])('of %s fits, and never without help and palette', (place) => {
    for (const width of [60, 80, 100, 160]) {
      const text = footer(place, width);
      expect(cellWidth(text)).toBeLessThanOrEqual(width);
      expect(text).toMatch(/(?:\?|F1) help {2}(?::|Ctrl\+P|\^P) commands/u);
    }
  });

  test('shows at 80 columns what a sitting and labelling can be left for', () => {
    expect(footer('turing', 80)).toMatch(/ \^N note {2}\^G figures /u);
    expect(footer('label', 80)).toMatch(/ \^G kappa | Ctrl\+G kappa /u);
  });

  test('writes keys whole where all of them fit', () => {
    expect(footer('turing', 160)).toMatch(/Ctrl\+N note {2}Ctrl\+G figures/u);
    expect(footer('turing', 160)).not.toContain('…');
    expect(footer('evaluate.draw', 80)).toMatch(/Ctrl\+S draw it .*Backspace/u);
  });

  test('marks that it left keys out', () => {
    expect(footer('turing', 60)).toMatch(/ {2}… {2}F1 help/u);
    expect(footer('review', 80)).toMatch(/ {2}… {2}\? help/u);
    expect(footer('seats', 80)).not.toContain('…');
  });
});
