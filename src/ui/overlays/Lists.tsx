import { Rows } from '../components/Chart.tsx';
import { Composer } from '../components/Composer.tsx';
import { Frame } from '../components/Frame.tsx';
import { Line } from '../components/Line.tsx';
import { List } from '../components/List.tsx';
import { SmallTable } from '../components/Table.tsx';
import type { Rect } from '../layout.ts';
import { helpRows } from '../state/help-rows.ts';
import { modelRows, paletteRows, SEATS } from '../state/rows.ts';
import type { AppState, Overlay } from '../state/state.ts';

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
  const width = rect.width - 2;
  return (
    <Frame title="Commands" focused width={rect.width} height={rect.height}>
      <Composer
        state={overlay.query}
        x={rect.x + 1}
        y={rect.y + 1}
        width={width}
        height={1}
        focused
        prompt=": "
        placeholder="name of a command"
      />
      <List
        rows={paletteRows(state).map((row) => ({
          key: `${row.command}`,
          segments: [
            { text: ` ${row.keys.padEnd(18)}`, tone: 'strong' as const },
            { text: row.help, tone: row.reason ? ('dim' as const) : ('plain' as const) },
            { text: row.reason ? `  (${row.reason})` : '', tone: 'dim' as const },
          ],
        }))}
        selected={overlay.selected}
        width={width}
        height={rect.height - 3}
        empty="no such command"
      />
    </Frame>
  );
}

/** The keys of the place below it; scrolls where they are more rows than the screen has. */
export function Help({ state, overlay, rect }: { state: AppState; overlay: Of<'help'>; rect: Rect }) {
  const rows = helpRows(state, rect.width - 2);
  const height = rect.height - 2;
  const top = Math.max(0, Math.min(overlay.top, rows.length - height));
  const part =
    rows.length > height ? `${Math.min(rows.length, top + height)} of ${rows.length} rows, ↑↓ scrolls; ` : '';
  return (
    <Frame title="Keys that work here" note={`${part}Esc closes`} focused width={rect.width} height={rect.height}>
      <Rows rows={rows.slice(top)} width={rect.width - 2} height={height} />
    </Frame>
  );
}
