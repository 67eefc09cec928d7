import { Line, type Segment } from '../components/Line.tsx';
import type { AppState } from '../state/state.ts';

/** Workspace, the three models, and the state of the embedded engine. */
export function Title({ state, workspace, width }: { state: AppState; workspace: string; width: number }) {
  const roles = state.chat.session?.roles;
  const segments: Segment[] = [
    { text: ' foil ', tone: 'strong' },
    { text: ` ${workspace}   `, tone: 'dim' },
    { text: 'sim ', tone: 'dim' },
    { text: `${roles?.simulator ?? '-'}   `, tone: 'user' },
    { text: 'bot ', tone: 'dim' },
    { text: `${roles?.chatbot ?? '-'}   `, tone: 'assistant' },
    { text: 'disc ', tone: 'dim' },
    { text: `${roles?.discriminator ?? 'off'}   ` },
    { text: ENGINE[state.engine.status], tone: state.engine.status === 'failed' ? 'error' : 'dim' },
  ];
  return <Line segments={segments} width={width} />;
}

const ENGINE = {
  idle: '',
  fetching: '○ fetching the model',
  starting: '○ engine starts',
  ready: '● engine',
  failed: '✗ no engine',
} as const;
