import { countUserTurns, pathTo } from '../../core/session/tree.ts';
import { wrapRows } from '../../core/text/wrap.ts';
import { Line } from '../components/Line.tsx';
import { Box } from '../ink.ts';
import type { AppState } from '../state/state.ts';
import { alternativesProgress } from '../state/view.ts';
import type { Tone } from '../theme.ts';

/** Rows that a long message may take: an error names place and remedy, and must be readable at 80 columns. */
const MAX_ROWS = 4;

/** What is under way, else the last message, else how the engine comes along. */
function statusOf(state: AppState): { text: string; tone: Tone } {
  const { activity, running: talking } = state.chat;
  if (state.leaving && state.message) return state.message;
  if (activity) {
    const tail = talking ? ' · running, r pauses' : '';
    switch (activity.kind) {
      case 'loading':
        return {
          text: `loading ${activity.model} … ${state.engine.status === 'ready' ? '' : state.engine.detail}`,
          tone: 'dim',
        };
      case 'speaking':
        return { text: `${activity.model} writes …${tail}  (Ctrl+C stops)`, tone: 'dim' };
      case 'judging':
        return { text: `judging ${turnOf(state, activity.node)} …${tail}`, tone: 'dim' };
      case 'alternatives':
        return { text: `alternatives: ${alternativesProgress(activity)}  (Ctrl+C stops)`, tone: 'dim' };
    }
  }
  const lines = [state.loop.running?.line, state.evaluate.running?.line].filter((line) => line !== undefined);
  const running = lines.length === 0 ? undefined : lines.join(' · ');
  if (running !== undefined) {
    const { message } = state;
    return { text: message ? `${running} ─ ${message.text}` : running, tone: message?.tone ?? 'dim' };
  }
  if (state.message) return state.message;
  const coming = state.engine.status === 'fetching' || state.engine.status === 'starting';
  return { text: coming ? state.engine.detail : ' ', tone: 'dim' };
}

/** Which user turn of the open branch a node is: `t 3 of 13`. */
function turnOf(state: AppState, node: number): string {
  const { session } = state.chat;
  if (!session) return '';
  const [t, last] = [countUserTurns(pathTo(session, node)), countUserTurns(pathTo(session))];
  return `t ${t} of ${Math.max(t, last)}`;
}

/** Rows that the status takes at this width, for the layout. */
export function statusRows(state: AppState, columns: number): number {
  return Math.max(1, Math.min(MAX_ROWS, wrapRows(statusOf(state).text, columns - 1).length));
}

/** The status, wrapped over `height` rows. */
export function Status({ state, width, height }: { state: AppState; width: number; height: number }) {
  const { text, tone } = statusOf(state);
  const rows = wrapRows(text, width - 1).slice(0, height);
  return (
    <Box flexDirection="column" width={width} height={height}>
      {rows.map((row) => (
        <Line
          key={row.start}
          segments={[{ text: ` ${text.slice(row.start, row.end).trimEnd()}`, tone }]}
          width={width}
        />
      ))}
    </Box>
  );
}
