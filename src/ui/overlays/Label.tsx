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
  const keys = categoryRows(overlay, width);
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

/** Cells of a category with its key. */
const CELL = 26;

function categoryRows({ keys, shown, taxonomy }: Sitting, width: number): Segment[][] {
  const columns = Math.max(1, Math.floor(width / CELL));
  const names = new Map(taxonomy.categories.map(({ id, name }) => [id, name]));
  const rows: Segment[][] = [];
  for (let at = 0; at < keys.length; at += columns) {
    rows.push(
      keys.slice(at, at + columns).flatMap(({ key, category }): Segment[] => {
        const on = shown?.draft.includes(category) === true;
        return [
          { text: ` ${on ? '[x]' : '   '}${key ?? ' '} `, tone: on ? 'ok' : 'focus' },
          { text: fitWidth(names.get(category) ?? category, CELL - 6), tone: on ? 'ok' : 'plain' },
        ];
      }),
    );
  }
  return rows;
}
