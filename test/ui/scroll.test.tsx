import { expect, test } from 'vitest';
import { RowsFrame } from '../../src/ui/components/RowsFrame.tsx';
import { scrollIn } from '../../src/ui/control/lists.ts';
import { renderScreen } from './terminal.ts';

test('from the end of what scrolls the first key up moves, however far down was pressed', async () => {
  const rows = Array.from({ length: 30 }, (_, at) => [{ text: `row ${at}` }]);
  const frame = (top: number, focused = true) => (
    <RowsFrame {...{ title: 'T', rows, top, focused, width: 40, height: 12 }} />
  );
  const screen = await renderScreen(frame(0), { columns: 40, rows: 12 });
  const end = scrollIn('list.last', 0, 5) ?? 0;
  await screen.rerender(frame(end));
  expect(screen.text()).toContain('30 of 30 rows');
  expect(scrollIn('scroll.pageDown', end, 5)).toBe(end);
  await screen.rerender(frame(scrollIn('scroll.up', end, 5) ?? 0));
  expect(screen.text()).toContain('29 of 30 rows');
  expect(scrollIn('scroll.up', 400, 5)).toBe(end - 1);
  expect(scrollIn('scroll.up', 0, 5)).toBe(0);
  screen.unmount();
});
