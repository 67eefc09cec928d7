import { renderContext } from '../../prompt/context.ts';
import { discriminatorMessages } from '../../prompt/messages.ts';
import { sigmoid } from '../../reward/reward.ts';
import type { Session } from '../../session/schema.ts';
import type { BlindText, Truth, TuringItem, TuringSettings } from './types.ts';

/**
 * What a person reads of a session up to user turn t: the very messages that a discriminator gets (white space folded, true
 * roles, the chatbot hidden where the sitting says so), and nothing of where they come from. The context is that of
 * the real session whichever side is shown, so that two sessions of equal text give equal values, byte for byte.
 */
export function blindText(
  session: Pick<Session, 'turns'>,
  { context }: Pick<Session, 'context'>,
  t: number,
  settings: Pick<TuringSettings, 'input' | 'context'>,
): BlindText {
  const upTo = untilUserTurn(session.turns, t);
  const turns = discriminatorMessages('', upTo, { input: settings.input, context: false });
  return {
    // as judge.ts renders it, without the instruction, which says nothing of this person
    context: settings.context
      ? renderContext({ ...context, instruction: null }, { instruction: '' }).text.trim()
      : null,
    turns: turns.map(({ role, content }) => ({ role: role === 'user' ? 'user' : 'assistant', content })),
  };
}

/** The turns up to the user turn t, from 1; an end without words is no turn. */
function untilUserTurn(turns: Session['turns'], t: number): Session['turns'] {
  let seen = 0;
  const at = turns.findIndex(({ role, content }) => role === 'user' && content.trim() !== '' && ++seen === t);
  return at === -1 ? turns : turns.slice(0, at + 1);
}

/** What a session was. Only for sessions about which all guesses of the person are given. */
export function truthOf(session: Session, { corpus, simulator, turns }: TuringItem): Truth {
  const judges = Object.entries(session.scores ?? {}).map(([name, { z }]) => ({
    name,
    p: z.slice(0, turns).map(sigmoid),
  }));
  return { real: simulator === null, simulator, corpus, session: session.id, judges };
}
