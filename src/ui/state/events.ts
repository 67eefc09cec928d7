import { formatError } from '../../core/errors.ts';
import { rank } from '../../core/preference/candidates.ts';
import type { ConverseEvent } from '../../core/workflows/converse/types.ts';
import { composerReducer } from '../components/composer.ts';
import { type AppState, changeOverlay } from './state.ts';

/** Reduces what happened in the session into what is shown. Pure. */
export function reduceEvent(state: AppState, event: ConverseEvent): AppState {
  const chat = (change: Partial<AppState['chat']>): AppState => ({ ...state, chat: { ...state.chat, ...change } });
  switch (event.type) {
    case 'session':
      return chat({ session: event.session, live: null });
    case 'seats':
      return chat({ seats: event.seats, running: event.running });
    case 'activity':
      // What was streamed goes with the activity: the turn itself is in the session by then, whole or partial.
      return chat({ activity: event.activity, ...(event.activity?.kind === 'speaking' ? {} : { live: null }) });
    case 'delta':
      return chat({ live: { role: event.role, text: (state.chat.live?.text ?? '') + event.text } });
    case 'turn':
      return { ...state, message: null };
    case 'scored':
      return state;
    case 'candidates':
      return changeOverlay(state, 'alternatives', (overlay) => {
        if (overlay.node !== event.node) return overlay;
        const next = Math.max(0, ...overlay.candidates.map((candidate) => candidate.index + 1));
        // An edited text comes without an index of its own and takes the next one.
        const fresh = event.candidates.map((candidate) =>
          candidate.index === -1 ? { ...candidate, index: next } : candidate,
        );
        const kept = overlay.candidates.filter((old) => !fresh.some((candidate) => candidate.index === old.index));
        const candidates = rank([...kept, ...fresh]);
        return { ...overlay, candidates, previousZ: event.previousZ ?? overlay.previousZ, done: event.done };
      });
    case 'pair':
      return {
        ...state,
        message: { tone: 'ok', text: `preference pair saved (t ${event.pair.t}): pairs/manual.jsonl` },
      };
    case 'ended':
      return { ...state, message: { tone: 'strong', text: ENDINGS[event.by] } };
    case 'notice':
      return { ...state, message: { tone: 'warn', text: event.text } };
    case 'error': {
      const text = formatError(event.error).replaceAll('\n', ' ');
      const failed = changeOverlay(state, 'alternatives', (overlay) => ({ ...overlay, done: true }));
      const key = state.chat.focus === 'composer' ? 'Tab, then R retries' : 'R retries';
      const kept = { ...failed, chat: { ...failed.chat, composer: unsaid(state, event.error.code) } };
      return { ...kept, message: { tone: 'error', text: event.retry ? `${key}: ${text}` : text } };
    }
  }
}

/** The composer with the text again that was sent and not said, since it is not the person's turn; else as it is. */
function unsaid({ chat }: AppState, code: string): AppState['chat']['composer'] {
  const text = chat.composer.history.at(-1);
  const refused = code === 'not-your-turn' || code === 'session-over';
  if (!refused || text === undefined || chat.composer.text !== '') return chat.composer;
  const said = chat.session?.nodes.some(({ by, content }) => by.kind === 'human' && content === text.trim());
  return said ? chat.composer : composerReducer(chat.composer, { type: 'set', text });
}

const ENDINGS = {
  simulator: 'the simulated user ended the session',
  person: 'you ended the session',
  cap: 'stopped at the cap on user turns (max_user_turns in foil.yaml); n goes on',
} as const;
