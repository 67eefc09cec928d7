import { CONTEXT_PARTS, CONTEXT_PRIORITY, type ContextPart } from '../../core/prompt/context.ts';
import { fitWidth, wrapRows } from '../../core/text/wrap.ts';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { partAsText } from '../control/context-overlay.ts';
import { Box } from '../ink.ts';
import type { Rect } from '../layout.ts';
import type { Overlay } from '../state/state.ts';
import { FilteredList } from './FilteredList.tsx';

type ContextOverlayState = Extract<Overlay, { kind: 'context' }>;

/** Context c by its six components: what each costs, what was cut, and the selected one in full; or a list to pick from. */
export function ContextOverlay({ overlay, rect }: { overlay: ContextOverlayState; rect: Rect }) {
  return overlay.pick ? <Pick pick={overlay.pick} rect={rect} /> : <Parts overlay={overlay} rect={rect} />;
}

const nameOf = (part: ContextPart) => part.replaceAll('_', ' ');
const ROOM = `room goes first to: ${CONTEXT_PRIORITY.map(nameOf).join(', ')}`;

function Parts({ overlay, rect }: { overlay: ContextOverlayState; rect: Rect }) {
  const { draft, rendered, selected } = overlay;
  const width = rect.width - 2;
  const part = CONTEXT_PARTS[selected] ?? 'current_summary';
  const text = partAsText(draft, part) || (part === 'instruction' ? '(the default of the simulator)' : '(empty)');
  const room = wrapRows(ROOM, width - 2);
  const rows = wrapRows(text, width - 2).slice(0, Math.max(1, rect.height - CONTEXT_PARTS.length - 6 - room.length));
  const note = rendered
    ? `${rendered.exact ? '' : 'about '}${rendered.tokens} of ${rendered.budget} tokens`
    : 'counting …';
  return (
    <Frame title="Context c (Appendix A)" note={note} focused width={rect.width} height={rect.height}>
      <Line segments={[{ text: ' component              items   kept  tokens', tone: 'strong' }]} width={width} />
      {CONTEXT_PARTS.map((name, index) => (
        <Line key={name} selected={index === selected} segments={partRow(name, rendered)} width={width} />
      ))}
      {room.map((row) => (
        <Line key={row.start} segments={[{ text: ` ${ROOM.slice(row.start, row.end)}`, tone: 'dim' }]} width={width} />
      ))}
      <Line segments={[{ text: ' ' }]} width={width} />
      <Box flexDirection="column">
        {rows.map((row) => (
          <Line key={row.start} segments={[{ text: ` ${text.slice(row.start, row.end)}` }]} width={width} />
        ))}
      </Box>
    </Frame>
  );
}

function partRow(part: ContextPart, rendered: ContextOverlayState['rendered']): Segment[] {
  const counts = rendered?.parts[part];
  const cut = counts && (counts.kept < counts.items || counts.shortened);
  return [
    { text: ` ${nameOf(part).padEnd(22)}` },
    {
      text: counts
        ? `${String(counts.items).padStart(6)}${String(counts.kept).padStart(7)}${String(counts.tokens).padStart(8)}`
        : '',
    },
    {
      text: !counts || !cut ? '' : counts.shortened ? '  cut short' : `  ${counts.items - counts.kept} left out`,
      tone: 'warn',
    },
  ];
}

function Pick({ pick, rect }: { pick: NonNullable<ContextOverlayState['pick']>; rect: Rect }) {
  return (
    <FilteredList
      title="Take the context of a session"
      note={`${pick.rows.length}`}
      rect={rect}
      query={pick.search}
      typing={pick.searching}
      prompt="/ "
      placeholder="search"
      rows={pick.rows.map((row) => ({
        key: `${row.corpus}/${row.id}`,
        segments: [
          { text: ` ${fitWidth(row.corpus, 15)} `, tone: 'dim' as const },
          { text: `${String(row.userTurns).padStart(3)} turns  `, tone: 'dim' as const },
          { text: row.summary ?? row.opening },
        ],
      }))}
      selected={pick.selected}
      empty="no session matches; `foil import PATH` brings a corpus in"
    />
  );
}
