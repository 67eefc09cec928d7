import type { Role } from '../session/schema.ts';

/** A chat message on the wire. `end` marks the last turn of a session (our template renders it as an end token). */
export interface ChatMessage {
  readonly role: 'system' | Role;
  readonly content: string;
  readonly end?: true;
}

/** A turn as a prompt sees it. A turn that only ends the session has an empty `content`. */
export interface PromptTurn {
  readonly role: Role;
  readonly content: string;
  readonly end?: boolean | undefined;
}

/**
 * The simulator's prompt for u_t ~ pi(u_t | h_t, c): system text from c, then h_t with the roles **flipped**, because
 * chat models write `assistant`: its own turns are `assistant`, the chatbot's are `user`.
 * @param flip false keeps the roles, for a model that was trained to write `user` turns.
 */
export function simulatorMessages(system: string, turns: readonly PromptTurn[], flip = true): ChatMessage[] {
  return [
    { role: 'system', content: system },
    ...turns.map((turn): ChatMessage => {
      const role = flip ? (turn.role === 'user' ? 'assistant' : 'user') : turn.role;
      return turn.end ? { role, content: turn.content, end: true } : { role, content: turn.content };
    }),
  ];
}

/** The chatbot's prompt: its own system text, never the user's context, which a chatbot does not have. */
export function chatbotMessages(system: string | null, turns: readonly PromptTurn[]): ChatMessage[] {
  const history = turns
    .filter((turn) => turn.content.trim() !== '')
    .map((turn): ChatMessage => ({ role: turn.role, content: turn.content }));
  return system ? [{ role: 'system', content: system }, ...history] : history;
}

/** What a discriminator reads; a setting, since one that can tell the *chatbots* of the two sides apart judges nothing. */
export interface DiscriminatorInput {
  readonly input: 'all' | 'user-turns';
  /** Whether the context c is part of the input, as in Eq. 2. */
  readonly context: boolean;
}

/** What stands for the chatbot's text in `user-turns` input. */
const MASKED_TURN = '...';

/**
 * A discriminator's input: the session with its true roles. White space within a message is folded on both sides, and the
 * end marker is left out: both would give a simulated session away without saying anything about realism.
 */
export function discriminatorMessages(
  contextText: string,
  turns: readonly PromptTurn[],
  { input, context }: DiscriminatorInput,
): ChatMessage[] {
  const history = turns
    .filter((turn) => turn.content.trim() !== '')
    .map(
      (turn): ChatMessage => ({
        role: turn.role,
        content: turn.role === 'assistant' && input === 'user-turns' ? MASKED_TURN : foldSpace(turn.content),
      }),
    );
  return context ? [{ role: 'system', content: contextText }, ...history] : history;
}

export function foldSpace(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
