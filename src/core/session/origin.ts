import { FoilError } from '../errors.ts';
import type { Origin, Session } from './schema.ts';

/** Name of both sides of sessions that somebody made up: they are no more real than a model's. */
const WRITTEN = 'hand-written';

/** The chatbot that a source names in `meta`, from the most exact to the vaguest; null if it names none. */
export function chatbotOf(meta: Session['meta']): string | null {
  for (const key of ['assistant_config', 'assistant_model', 'assistant_kind']) {
    const value = meta[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

/**
 * Whether a person or a model wrote the user turns, by `meta.user_kind`: `human`, `llm`, or `written` (made up by hand).
 * @param simulator what sessions without `user_kind` are said to come from; without it they count as real.
 */
export function originOf(meta: Session['meta'], simulator?: string): Origin {
  const kind = meta['user_kind'];
  const chatbot = chatbotOf(meta) ?? 'unknown';
  if (kind === undefined || kind === null) return simulator === undefined ? 'real' : { simulator, chatbot };
  if (kind === 'human') return 'real';
  if (kind === 'written') return { simulator: WRITTEN, chatbot: WRITTEN };
  if (kind === 'llm') {
    const model = meta['user_model'];
    return { simulator: typeof model === 'string' && model !== '' ? model : 'llm', chatbot };
  }
  throw new FoilError(
    'bad-record',
    `user_kind is ${JSON.stringify(kind)}, but only "human", "llm" and "written" are known`,
    {
      where: { field: 'meta.user_kind' },
      remedy: 'correct the field, or take it out',
    },
  );
}
