import { cellWidth } from '../../core/text/wrap.ts';
import { Frame } from '../components/Frame.tsx';
import { Line } from '../components/Line.tsx';
import { Box } from '../ink.ts';
import type { Rect } from '../layout.ts';
import { chooseRows } from '../state/rows.ts';
import { wrapped } from '../state/runs-view.ts';
import type { ChooseOverlay, Overlay } from '../state/state.ts';
import { FilteredList } from './FilteredList.tsx';

/** Options of a field, filtered by what is typed. */
export function Choose({ overlay, rect }: { overlay: ChooseOverlay; rect: Rect }) {
  const { title, many, marked, query, free, selected } = overlay;
  const mark = (value: string) => (many ? (marked.includes(value) ? '[x] ' : '[ ] ') : ' ');
  const rows = chooseRows(overlay);
  const longest = Math.max(0, ...overlay.options.map(({ value }) => cellWidth(value)));
  const names = Math.min(Math.max(mark('').length + longest, 12), Math.floor(rect.width / 2));
  return (
    <FilteredList
      title={title}
      note={many ? 'Tab marks, Enter takes them' : 'Enter takes it'}
      rect={rect}
      query={query}
      prompt="> "
      placeholder={free === null ? 'type to filter' : `type to filter, or: ${free.help}`}
      rows={rows.map(({ value, help }) => ({
        key: value,
        segments: [{ text: `${mark(value)}${value}`.padEnd(names) }, { text: `  ${help}`, tone: 'dim' as const }],
      }))}
      selected={selected}
      empty={free?.file === true ? 'none matches; type the path of a file' : 'none matches'}
    />
  );
}

export function Confirm({ overlay, rect }: { overlay: Extract<Overlay, { kind: 'confirm' }>; rect: Rect }) {
  return (
    <Frame title="Question" note="y yes, n no" focused width={rect.width} height={rect.height}>
      <Line segments={[{ text: ' ' }]} width={rect.width - 2} />
      {wrapped(overlay.question, rect.width - 4).map((text) => (
        <Line key={text} segments={[{ text: ` ${text}`, tone: 'strong' }]} width={rect.width - 2} />
      ))}
    </Frame>
  );
}

/** What something long does; the newest line is the last. */
export function Steps({ overlay, rect }: { overlay: Extract<Overlay, { kind: 'steps' }>; rect: Rect }) {
  const { title, lines, done, up } = overlay;
  const width = rect.width - 2;
  const rows = lines.flatMap((line) => wrapped(line.text, width - 1).map((text) => ({ ...line, text })));
  const end = Math.max(0, rows.length - up);
  const first = Math.max(0, end - (rect.height - 2));
  return (
    <Frame
      title={title}
      note={done ? 'Esc closes' : 'at work; Esc hides it'}
      focused
      width={rect.width}
      height={rect.height}
    >
      <Box flexDirection="column">
        {rows.slice(first, first + rect.height - 2).map(({ text, tone }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines have no identity beyond their place
          <Line key={first + index} segments={[{ text: ` ${text}`, tone }]} width={width} />
        ))}
      </Box>
    </Frame>
  );
}
