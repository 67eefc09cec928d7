import type { LiveSession } from '../../session/schema.ts';
import { continueFrom, edit, goto, makePair, rescore, sampleAlternatives } from './branches.ts';
import type { ConversationState } from './state.ts';
import { judgeBranch, modelTurn, run, say } from './turns.ts';
import type { ConverseCommand } from './types.ts';

/** Commands that wait for their turn; the others act at once, on what is under way. */
export type QueuedCommand = Exclude<ConverseCommand, { type: 'stop' | 'pause' | 'seat' }>;

/** Carries out one command. @throws FoilError, or an AbortError after `stop`. */
export async function handle(state: ConversationState, command: QueuedCommand): Promise<void> {
  switch (command.type) {
    case 'say':
      return await say(state, command.text, command.end === true);
    case 'step':
      return await modelTurn(state);
    case 'run':
      return await run(state);
    case 'retry':
      return state.head()?.partial ? await modelTurn(state) : await judgeBranch(state);
    case 'switch': {
      const { type: _, ...roles } = command;
      await state.change({ ...state.session, roles: { ...state.session.roles, ...roles } });
      return command.discriminator ? await judgeBranch(state) : undefined;
    }
    case 'context':
      await state.change({ ...withoutScores(state.session), context: command.context });
      return await judgeBranch(state);
    case 'goto':
      return await goto(state, command.node, command.exact === true);
    case 'alternatives':
      return await sampleAlternatives(state, command.node, command.n ?? state.options.alternatives, command.known ?? 0);
    case 'continue':
      return await continueFrom(state, command.node, command.candidate);
    case 'edit':
      return await edit(state, command.node, command.text);
    case 'rescore':
      return await rescore(state, command.node, command.text);
    case 'pair':
      return await makePair(state, command.node, command.chosen, command.rejected);
  }
}

/** D conditions on c (Eq. 2): log-odds under another context must not stand beside the new ones. */
function withoutScores(session: LiveSession): LiveSession {
  return { ...session, nodes: session.nodes.map((node) => ({ ...node, scores: {} })) };
}
