import { scrollable } from '../components/scroll.ts';
import type { Command } from '../keys/table.ts';

/** Where a list command moves the selection; null for other commands. Stops at both ends. */
export function moveIn(command: Command, selected: number, count: number, page: number): number | null {
  const to = (index: number) => Math.max(0, Math.min(count - 1, index));
  switch (command) {
    case 'list.up':
      return to(selected - 1);
    case 'list.down':
      return to(selected + 1);
    case 'list.pageUp':
      return to(selected - page);
    case 'list.pageDown':
      return to(selected + page);
    case 'list.first':
      return to(0);
    case 'list.last':
      return to(count - 1);
    default:
      return null;
  }
}

/** Where a key moves the first row of the frame that scrolls; null for other commands. */
export function scrollIn(command: Command, top: number, page: number): number | null {
  const { tops } = scrollable;
  return moveIn(command.replace('scroll.', 'list.') as Command, Math.min(top, tops - 1), tops, page);
}
