import { sigmoid } from '../../core/reward/reward.ts';
import { Frame } from '../components/Frame.tsx';
import { Line, type Segment } from '../components/Line.tsx';
import { Plot } from '../components/Plot.tsx';
import { Box } from '../ink.ts';
import type { AppState } from '../state/state.ts';
import { formatP, formatR, type JudgedTurn, judged } from '../state/view.ts';

interface Props {
  readonly state: AppState;
  readonly width: number;
  readonly height: number;
}

/** p_t and r_t of the open branch: the verdict now, the trajectory, and a table around the selected turn. */
export function Discriminator({ state, width, height }: Props) {
  const session = state.chat.session;
  const inner = { width: width - 2, height: height - 2 };
  const roles = session?.roles ?? state.roles;
  const name = roles?.discriminator ?? null;
  if (!session || name === null) {
    const text = roles && name === null ? 'off: M chooses one' : (name ?? '…');
    return (
      <Frame title="Discriminator" focused={false} width={width} height={height}>
        <Line segments={[{ text: ` ${text}`, tone: 'dim' }]} width={inner.width} />
      </Frame>
    );
  }
  const { turns, missing, lowest, highest } = judged(session);
  const last = turns.at(-1);
  const logitP0 = last ? (session.nodes[last.node]?.scores[name]?.logit_p0 ?? 0) : 0;
  const selected = turns.findIndex((turn) => String(turn.node) === state.chat.transcript.selected);
  const plotHeight = inner.height >= 12 ? 3 : 1;
  const head = verdict(last, missing, state.chat.activity?.kind === 'judging');
  const table = Math.max(0, inner.height - 2 - plotHeight - 1);
  const shown = rowsAround(turns, selected === -1 ? turns.length - 1 : selected, table);
  return (
    <Frame title="Discriminator" focused={false} width={width} height={height}>
      <Line segments={head} width={inner.width} />
      <Line segments={[{ text: ` p_0 ${formatP(sigmoid(logitP0))}  ${name}`, tone: 'dim' }]} width={inner.width} />
      {turns.length > 0 ? (
        <Plot p={turns.map((turn) => turn.p)} r={turns.map((turn) => turn.r)} width={inner.width} height={plotHeight} />
      ) : null}
      {inner.height > 4 && turns.length > 0 ? (
        <Line segments={[{ text: '  t   p_t    r_t', tone: 'dim' }]} width={inner.width} />
      ) : null}
      <Box flexDirection="column">
        {shown.map((turn) => (
          <Line
            key={turn.node}
            segments={tableRow(turn, turn.node === lowest, turn.node === highest, turns[selected]?.node === turn.node)}
            width={inner.width}
          />
        ))}
      </Box>
    </Frame>
  );
}

function verdict(last: JudgedTurn | undefined, missing: number, judging: boolean): Segment[] {
  if (!last) {
    const text = judging ? ' judging …' : missing > 0 ? ' no score yet' : ' no user turn yet';
    return [{ text, tone: 'dim' }];
  }
  const word = last.p >= 0.5 ? 'looks real' : 'looks simulated';
  return [
    { text: ` p ${last.p.toFixed(2)}  `, tone: 'strong' },
    { text: word, tone: last.p >= 0.5 ? 'real' : 'fake' },
    { text: judging ? '  …' : '', tone: 'dim' },
  ];
}

function tableRow(turn: JudgedTurn, lowest: boolean, highest: boolean, selected: boolean): Segment[] {
  return [
    { text: selected ? '▶' : ' ' },
    { text: String(turn.t).padStart(2) },
    { text: turn.p.toFixed(3).padStart(6) },
    { text: formatR(turn.r).padStart(7), tone: turn.r < 0 ? 'fake' : 'real' },
    { text: lowest ? ' ▼ lowest' : highest ? ' ▲ highest' : '', tone: 'strong' },
  ];
}

function rowsAround(turns: readonly JudgedTurn[], at: number, height: number): readonly JudgedTurn[] {
  const first = Math.max(0, Math.min(at - Math.floor(height / 2), turns.length - height));
  return turns.slice(first, first + height);
}
