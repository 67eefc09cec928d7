import { RowsFrame } from '../components/RowsFrame.tsx';
import type { Rect } from '../layout.ts';
import { noteRows, OneExhibit } from '../screens/evaluate/OneExhibit.tsx';
import type { Overlay } from '../state/state.ts';

/** Tables on what a person said, one at a time, or the notes of the one that shows. */
export function Exhibits({ overlay, rect }: { overlay: Extract<Overlay, { kind: 'exhibits' }>; rect: Rect }) {
  const { exhibits, at, notes, simulated } = overlay;
  const exhibit = exhibits[at];
  if (!exhibit) return null;
  const size = { width: rect.width, height: rect.height };
  if (notes === null)
    return <OneExhibit exhibit={exhibit} simulated={simulated} at={overlay} focused wide={false} size={size} />;
  const rows = noteRows(exhibit.notes, rect.width - 2);
  return <RowsFrame title="Notes" note={exhibit.title} rows={rows} top={notes} focused {...size} />;
}
