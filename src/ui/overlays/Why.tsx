import { sigmoid } from '../../core/reward/reward.ts';
import { fitWidth } from '../../core/text/wrap.ts';
import type { Why } from '../../core/workflows/evaluate/whys.ts';
import { Rows } from '../components/Chart.tsx';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { List } from '../components/List.tsx';
import type { Rect } from '../layout.ts';
import type { Overlay } from '../state/state.ts';
import { formatP, formatR } from '../state/view.ts';
import { markedParts, markedRows, signOfEffect, toneOfEffect } from '../state/why.ts';

/** Why a user turn looks real or simulated: what each part of it adds to the log-odds, in the text and as a list. */
export function WhyOverlay({ overlay, rect }: { overlay: Extract<Overlay, { kind: 'why' }>; rect: Rect }) {
  const { text, t, z, whys, done, of, state, selected, discriminator } = overlay;
  const width = rect.width - 2;
  const chosen = whys[selected];
  const marked = markedRows(text, markedParts(whys, chosen), chosen, width - 2).map((row) => [{ text: ' ' }, ...row]);
  const shown = Math.min(marked.length, Math.max(3, Math.floor(rect.height * 0.4)));
  const note =
    state === 'asking'
      ? `${done} of ${of || '…'} parts taken out; Ctrl+C stops`
      : state === 'stopped'
        ? 'stopped'
        : `${whys.length} parts`;
  const most = Math.max(0.01, ...whys.map(({ effect }) => Math.abs(effect)));
  return (
    <Frame title={`Why ─ turn ${t}, ${discriminator}`} note={note} focused width={rect.width} height={rect.height}>
      <Line
        segments={[
          {
            text:
              z === null
                ? ' asking …'
                : ` z ${formatR(z)}, p ${formatP(sigmoid(z))}: ${z < 0 ? 'looks simulated' : 'looks real'}`,
            tone: 'strong',
          },
        ]}
        width={width}
      />
      <Rows rows={marked} width={width} height={shown} />
      <Line
        segments={[
          {
            text: '  change of z   part: below 0 it gives the simulator away, above 0 it makes the turn look real',
            tone: 'dim',
          },
        ]}
        width={width}
      />
      <List
        rows={whys.map((why) => ({ key: `${why.start}-${why.end}`, segments: row(why, most) }))}
        selected={selected}
        width={width}
        height={rect.height - 4 - shown}
        empty={
          state === 'asking'
            ? 'taking out sentences, clauses, then words …'
            : 'the turn has no part that can be taken out'
        }
      />
    </Frame>
  );
}

/** Cells of the longest bar. */
const BAR = 8;

function row(why: Why, most: number): Segment[] {
  const { effect, grain, text } = why;
  const bar = '█'.repeat(Math.round((Math.abs(effect) / most) * BAR));
  return [
    {
      text: ` ${formatR(effect).padStart(6)} ${signOfEffect(effect)} ${fitWidth(bar, BAR)} `,
      tone: toneOfEffect(effect),
    },
    { text: grain.padEnd(9), tone: 'dim' },
    { text: text.replaceAll('\n', ' ⏎ ') },
  ];
}
