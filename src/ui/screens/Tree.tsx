import { Frame } from '../components/Frame.tsx';
import { List } from '../components/List.tsx';
import type { AppState } from '../state/state.ts';
import { formatP, treeRows } from '../state/view.ts';

/** All branches of the session; the open one is marked with ●. */
export function Tree({ state, width, height }: { state: AppState; width: number; height: number }) {
  const { session, focus, treeSelected } = state.chat;
  const rows = session ? treeRows(session) : [];
  const selected = Math.max(
    0,
    rows.findIndex((row) => row.node === treeSelected),
  );
  return (
    <Frame title="Tree" focused={focus === 'tree'} width={width} height={height}>
      <List
        rows={rows.map((row) => ({
          key: String(row.node),
          segments: [
            { text: `${'  '.repeat(row.depth)}${row.open ? '●' : '○'} ` },
            { text: `${row.name} `, tone: row.role },
            { text: row.p === null ? '' : `p ${formatP(row.p)} `, tone: 'dim' },
            { text: row.text },
          ],
        }))}
        selected={selected}
        width={width - 2}
        height={height - 2}
        empty="no turn yet"
      />
    </Frame>
  );
}
