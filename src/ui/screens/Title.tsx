import { Line, type Segment } from '../components/Line.tsx';
import { Box } from '../ink.ts';
import type { AppState } from '../state/state.ts';

/** Workspace, the three models, and at the right end the state of the embedded engine, which is never cut off. */
export function Title({ state, workspace, width }: { state: AppState; workspace: string; width: number }) {
  const roles = state.chat.session?.roles ?? state.roles;
  const engine = ENGINE[state.engine.status];
  const segments: Segment[] = [
    { text: ' foil ', tone: 'strong' },
    { text: ` ${workspace}  `, tone: 'dim' },
    { text: 'sim ', tone: 'dim' },
    { text: `${roles?.simulator ?? '…'}  `, tone: 'user' },
    { text: 'bot ', tone: 'dim' },
    { text: `${roles?.chatbot ?? '…'}  `, tone: 'assistant' },
    { text: 'disc ', tone: 'dim' },
    { text: roles ? (roles.discriminator ?? 'off') : '…' },
  ];
  const tone = state.engine.status === 'failed' ? 'error' : 'dim';
  const left = width - (engine === '' ? 0 : engine.length + 2);
  return (
    <Box width={width}>
      <Box width={left}>
        <Line segments={segments} width={left} />
      </Box>
      {engine === '' ? null : <Line segments={[{ text: `  ${engine}`, tone }]} width={engine.length + 2} />}
    </Box>
  );
}

const ENGINE = {
  idle: '',
  fetching: '○ fetching',
  starting: '○ starting',
  ready: '● engine',
  failed: '✗ no engine',
} as const;
