import { Frame } from '../components/Frame.tsx';
import { Line } from '../components/Line.tsx';
import { List } from '../components/List.tsx';
import { RowsFrame } from '../components/RowsFrame.tsx';
import { SmallTable } from '../components/Table.tsx';
import type { Rect } from '../layout.ts';
import { helpRows } from '../state/help-rows.ts';
import { modelRows, paletteRows, SEATS } from '../state/rows.ts';
import type { AppState, Overlay } from '../state/state.ts';
import { FilteredList } from './FilteredList.tsx';

type Of<K extends Overlay['kind']> = Extract<Overlay, { kind: K }>;

export function Seats({ overlay, rect }: { overlay: Of<'seats'>; rect: Rect }) {
  return (
    <Frame title="Who sits where" focused width={rect.width} height={rect.height}>
      <List
        rows={SEATS.map((seat) => ({
          key: seat.label,
          segments: [{ text: ` ${seat.label.padEnd(22)}` }, { text: seat.help, tone: 'dim' as const }],
        }))}
        selected={overlay.selected}
        width={rect.width - 2}
        height={rect.height - 2}
        empty=""
      />
    </Frame>
  );
}

export function Models({ state, overlay, rect }: { state: AppState; overlay: Of<'models'>; rect: Rect }) {
  const current = state.chat.session?.roles[overlay.role];
  const rows = modelRows(state, overlay.role);
  const chosen = state.models.find(
    (model) => model.kind === overlay.role && model.name === rows[overlay.selected]?.name,
  );
  const figures = chosen?.accuracy ?? [];
  // ink-table draws a rule between rows
  const room = figures.length === 0 ? 0 : 2 * figures.length + 5;
  const shown = room + 3 < rect.height - 2 ? figures : [];
  return (
    <Frame title={`Switch the ${overlay.role}`} note="Tab: next kind" focused width={rect.width} height={rect.height}>
      <List
        rows={rows.map((model) => ({
          key: model.name ?? 'none',
          segments: [
            { text: model.name === current ? ' ● ' : '   ' },
            { text: (model.name ?? 'none').padEnd(24) },
            {
              text: model.unavailable ?? model.summary,
              tone: model.unavailable ? ('warn' as const) : ('dim' as const),
            },
          ],
        }))}
        selected={overlay.selected}
        width={rect.width - 2}
        height={rect.height - 2 - (shown.length === 0 ? 0 : room)}
        empty="no model of this kind"
      />
      {shown.length > 0 ? (
        <>
          <Line
            segments={[
              { text: ' Its card: accuracy at turn t beside shortcuts; if they win, p_t says little.', tone: 'dim' },
            ]}
            width={rect.width - 2}
          />
          <SmallTable rows={shown} />
        </>
      ) : null}
    </Frame>
  );
}

export function Palette({ state, overlay, rect }: { state: AppState; overlay: Of<'palette'>; rect: Rect }) {
  return (
    <FilteredList
      title="Commands"
      rect={rect}
      query={overlay.query}
      prompt=": "
      placeholder="name of a command"
      rows={paletteRows(state).map((row) => ({
        key: `${row.command}`,
        segments: [
          { text: ` ${row.keys.padEnd(18)}`, tone: 'strong' as const },
          { text: row.help, tone: row.reason ? ('dim' as const) : ('plain' as const) },
          { text: row.reason ? `  (${row.reason})` : '', tone: 'dim' as const },
        ],
      }))}
      selected={overlay.selected}
      empty="no such command here"
    />
  );
}

/** The keys of the place below it; scrolls where they are more rows than the screen has. */
export function Help({ state, overlay, rect }: { state: AppState; overlay: Of<'help'>; rect: Rect }) {
  const { width, height } = rect;
  const rows = helpRows(state, width - 2);
  const note = rows.length > height - 2 ? '↑↓ scrolls, Esc closes' : 'Esc closes';
  return (
    <RowsFrame title="Keys that work here" note={note} rows={rows} top={overlay.top} focused {...{ width, height }} />
  );
}
