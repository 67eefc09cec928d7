import type { Context } from '../../core/session/schema.ts';
import { countUserTurns, pathTo } from '../../core/session/tree.ts';
import { Composer } from '../components/Composer.tsx';
import { Frame } from '../components/Frame.tsx';
import { Transcript } from '../components/Transcript.tsx';
import { transcriptCache } from '../control/transcript-cache.ts';
import { Box } from '../ink.ts';
import type { Regions } from '../layout.ts';
import { factsOf } from '../state/keys.ts';
import type { AppState } from '../state/state.ts';
import { transcriptItems } from '../state/view.ts';
import { Discriminator } from './Discriminator.tsx';
import { Status } from './Status.tsx';
import { Tree } from './Tree.tsx';

/** The live session: transcript, discriminator or tree, what is under way, and the composer. */
export function Chat({ state, regions }: { state: AppState; regions: Regions }) {
  const { chat } = state;
  const { transcript, discriminator, composer, status } = regions;
  const facts = factsOf(state);
  const path = chat.session ? pathTo(chat.session) : [];
  return (
    <Box flexDirection="column" width={regions.columns} height={regions.rows - 2}>
      <Box flexDirection={regions.side === 'right' ? 'row' : 'column'}>
        <Frame
          title={`Chat ─ ${SEAT_TITLES[facts.seat]}`}
          note={path.length > 0 ? `t ${countUserTurns(path)}` : ''}
          focused={chat.focus === 'transcript'}
          width={transcript.width}
          height={transcript.height}
        >
          <Transcript
            items={transcriptItems(state)}
            state={chat.transcript}
            width={transcript.width - 2}
            height={transcript.height - 2}
            cache={transcriptCache}
            empty={emptyText(state)}
          />
        </Frame>
        {chat.showTree ? (
          <Tree state={state} width={discriminator.width} height={discriminator.height} />
        ) : (
          <Discriminator state={state} width={discriminator.width} height={discriminator.height} />
        )}
      </Box>
      <Status state={state} width={status.width} height={status.height} />
      <Composer
        state={chat.composer}
        x={composer.x}
        y={composer.y}
        width={composer.width}
        height={composer.height}
        focused={chat.focus === 'composer' && state.overlays.length === 0}
        placeholder={facts.ended ? 'the session has ended: N starts a new one' : PLACEHOLDERS[facts.seat]}
      />
    </Box>
  );
}

const SEAT_TITLES = {
  chatbot: 'you are the chatbot',
  user: 'you are the user',
  watch: 'watching the two models',
} as const;

const PLACEHOLDERS = {
  chatbot: 'your message as the chatbot',
  user: 'your message as the user',
  watch: 'Tab to the panes; s changes seats',
} as const;

function emptyText(state: AppState): string {
  const { engine } = state;
  if (engine.status === 'fetching' || engine.status === 'starting') return engine.detail;
  const { focus, session } = state.chat;
  const summary = session?.context.current_summary;
  const how =
    focus === 'composer' ? 'Write the first message, or Tab and n lets a model begin.' : 'n lets a model begin.';
  if (summary) return `${how}\n\nContext (c shows all of it): ${summary}`;
  return session && isBlank(session.context)
    ? `${how}\n\nThe context is empty: c writes one, or takes that of a session in a corpus.`
    : how;
}

function isBlank({ profile, ...parts }: Context): boolean {
  return [...Object.values(parts), Object.keys(profile)].every((part) => part === null || part.length === 0);
}
