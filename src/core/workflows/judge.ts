import type { Discriminator } from '../ports.ts';
import { withinWindow } from '../prompt/budget.ts';
import { DEFAULT_CONTEXT_BUDGET, renderContext } from '../prompt/context.ts';
import { discriminatorMessages, type PromptTurn } from '../prompt/messages.ts';
import type { Context } from '../session/schema.ts';

/**
 * z_t = logit D(real | h_t, c) at the end of the last turn, which must be a user turn with words.
 * Turns that do not fit the discriminator's window are left out, oldest first.
 */
export async function judge(
  discriminator: Discriminator,
  context: Context,
  turns: readonly PromptTurn[],
  signal: AbortSignal,
): Promise<number> {
  const { window, input } = discriminator;
  // As in fitContext, a context takes at most half of the window, so that h_t has room.
  const budget = window === null ? DEFAULT_CONTEXT_BUDGET : Math.min(DEFAULT_CONTEXT_BUDGET, Math.floor(window / 2));
  // The default instruction, whoever simulates: real and simulated sessions must be read with the same text.
  const system = input.context ? renderContext({ ...context, instruction: null }, { budget }).text : '';
  const room = window === null ? null : window - Math.ceil(new TextEncoder().encode(system).length / 3) - 32;
  return await withinWindow(turns, room, (fit) =>
    discriminator.score(discriminatorMessages(system, fit, input), signal),
  );
}

/** z_1..z_T of a session, one after every user turn as it is known; each costs only its new tokens on a caching engine. */
export async function* judgeSession(
  discriminator: Discriminator,
  context: Context,
  turns: readonly PromptTurn[],
  signal: AbortSignal,
): AsyncGenerator<{ index: number; z: number }, void, undefined> {
  for (const [index, turn] of turns.entries()) {
    if (turn.role !== 'user' || turn.content.trim() === '') continue;
    yield { index, z: await judge(discriminator, context, turns.slice(0, index + 1), signal) };
  }
}
