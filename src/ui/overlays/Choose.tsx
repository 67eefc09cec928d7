import { Composer } from '../components/Composer.tsx';
import { Frame } from '../components/Frame.tsx';
import { Line } from '../components/Line.tsx';
import { List } from '../components/List.tsx';
import { Box } from '../ink.ts';
import type { Rect } from '../layout.ts';
import { chooseRows } from '../state/rows.ts';
import { wrapped } from '../state/runs-view.ts';
import type { ChooseOverlay, Overlay } from '../state/state.ts';

/** Options of a field, filtered by what is typed. */
export function Choose({ overlay, rect }: { overlay: ChooseOverlay; rect: Rect }) {
  const width = rect.width - 2;
  const rows = chooseRows(overlay);
  const mark = (value: string) => (overlay.many ? (overlay.marked.includes(value) ? '[x] ' : '[ ] ') : ' ');
  const note = overlay.many ? 'Tab marks, Enter takes them' : 'Enter takes it';
  return (
    <Frame title={overlay.title} note={note} focused width={rect.width} height={rect.height}>
      <Composer
        state={overlay.query}
        x={rect.x + 1}
        y={rect.y + 1}
        width={width}
        height={1}
        focused
        prompt="> "
        placeholder={overlay.free === null ? 'type to filter' : `type to filter, or: ${overlay.free}`}
      />
      <List
        rows={rows.map(({ value, help }) => ({
          key: value,
          segments: [{ text: `${mark(value)}${value}`.padEnd(28) }, { text: `  ${help}`, tone: 'dim' as const }],
        }))}
        selected={overlay.selected}
        width={width}
        height={rect.height - 3}
        empty={overlay.free === null ? 'none matches' : 'none matches; type the path of a file'}
      />
    </Frame>
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
