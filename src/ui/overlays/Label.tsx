import { fitWidth } from '../../core/text/wrap.ts';
import { Rows } from '../components/Chart.tsx';
import { Frame } from '../components/Frame.tsx';
import type { Segment } from '../components/Line.tsx';
import type { Rect } from '../layout.ts';
import { wrapped } from '../state/runs-view.ts';
import type { Overlay } from '../state/state.ts';
import { saidRows } from './said.ts';

type Sitting = Extract<Overlay, { kind: 'label' }>;

const DONE =
  'All of the sample is labelled. Ctrl+G shows the agreement with annotators; Ctrl+Z takes the last label back.';

/** One message to label: what came before it (of an issue, the whole session), and each category with its key. */
export function Label({ overlay, rect }: { overlay: Sitting; rect: Rect }) {
  const { name, labeller, labelled, of, shown } = overlay;
  const width = rect.width - 2;
  const keys = categoryRows(overlay, width, rect.height - 2 - TEXT_ROWS);
  const height = Math.max(3, rect.height - 2 - keys.length);
  const rows = shown
    ? saidRows(overlay.turns, width - 2)
    : wrapped(DONE, width - 2).map((text): Segment[] => [{ text: ` ${text}` }]);
  const asked = rows.findLastIndex(([first]) => first?.text.startsWith(' ▶'));
  const end =
    shown && overlay.turns.findIndex((turn) => turn.asked) < overlay.turns.length - 1 ? asked + 3 : rows.length;
  const bottom = Math.max(0, Math.min(rows.length, end) - height);
  const top = Math.max(
    0,
    Math.min(rows.length - 1, overlay.top === null ? bottom : bottom + overlay.top - overlay.turns.length),
  );
  return (
    <Frame
      title={`Label ─ ${name}, by ${labeller}`}
      note={
        shown
          ? `${shown.position} · ${labelled} labelled${shown.state === null ? '' : ` · ${shown.state}`}`
          : `${labelled} of ${of}`
      }
      focused
      width={rect.width}
      height={rect.height}
    >
      <Rows rows={rows.slice(top)} width={width} height={height} />
      <Rows rows={keys} width={width} height={keys.length} />
    </Frame>
  );
}

/** Cells that a category has with its key, where that leaves room for the text. */
const CELL = 26;
/** Rows that the session keeps in a small terminal: each category has a place, if need be with less of its name. */
const TEXT_ROWS = 4;

function categoryRows({ keys, shown, taxonomy }: Sitting, width: number, most: number): Segment[][] {
  const columns = Math.max(1, Math.floor(width / CELL), Math.ceil(keys.length / Math.max(1, most)));
  const cell = Math.floor(width / columns);
  const names = new Map(taxonomy.categories.map(({ id, name }) => [id, name]));
  const rows: Segment[][] = [];
  for (let at = 0; at < keys.length; at += columns) {
    rows.push(
      keys.slice(at, at + columns).flatMap(({ key, category }): Segment[] => {
        const on = shown?.draft.includes(category) === true;
        return [
          { text: ` ${on ? '✓' : ' '}${key ?? ' '} `, tone: on ? 'ok' : 'focus' },
          { text: fitWidth(names.get(category) ?? category, cell - 4), tone: on ? 'ok' : 'plain' },
        ];
      }),
    );
  }
  return rows;
}
