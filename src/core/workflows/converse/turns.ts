import { asFoilError, FoilError } from '../../errors.ts';
import type { ChatModel } from '../../ports.ts';
import { hasRiskLanguage } from '../../session/risk.ts';
import type { Author, Role } from '../../session/schema.ts';
import { addTurn, countUserTurns, setNode } from '../../session/tree.ts';
import { judge } from '../judge.ts';
import { deriveSeed } from '../seed.ts';
import { speak, type Utterance } from '../speak.ts';
import type { ConversationState } from './state.ts';

/** A person speaks; if a model has the other seat, it answers. */
export async function say(state: ConversationState, text: string, end: boolean): Promise<void> {
  const role = state.turnOf('human');
  if (state.seats[role] === 'model') {
    throw new FoilError('not-your-turn', `it is the ${role === 'user' ? 'simulator' : 'chatbot'}'s turn`, {
      remedy: 'let it speak (step), or take its seat',
    });
  }
  if (text.trim() === '' && !(end && role === 'user')) {
    throw new FoilError('empty-turn', 'an empty message is no turn', {
      remedy: 'write something, or take back the seat',
    });
  }
  await commit(state, role, { content: text, by: { kind: 'human' }, ...(end ? { end } : {}) });
  if (!end && state.seats[role === 'user' ? 'assistant' : 'user'] === 'model') await modelTurn(state);
}

/** Model turns until a person's turn comes, the session ends, `pause`, or the cap on user turns. */
export async function run(state: ConversationState): Promise<void> {
  state.setRunning(true);
  try {
    while (state.running && !state.head()?.end) {
      const role = state.turnOf('model');
      if (state.seats[role] === 'human') break;
      if (role === 'user' && countUserTurns(state.prompt()) >= state.options.maxUserTurns) {
        state.emit({ type: 'ended', by: 'cap' });
        break;
      }
      await modelTurn(state);
    }
  } finally {
    state.setRunning(false);
  }
}

/** One turn by the model whose turn it is, then its score. What arrived before a failure or a stop is kept as partial. */
export async function modelTurn(state: ConversationState): Promise<void> {
  const role = state.turnOf('model');
  const { roles, seed: sessionSeed, nodes, context } = state.session;
  const name = role === 'user' ? roles.simulator : roles.chatbot;
  const parent = state.nextParent();
  const tries = nodes.filter((node) => node.parent === parent).length;
  const seed = deriveSeed(sessionSeed, (parent ?? -1) + 1, tries);
  const model: ChatModel = await state.during({ kind: 'loading', model: name }, (signal) =>
    state.ports.models.chatModel(name, role === 'user' ? 'simulator' : 'chatbot', signal),
  );
  const by: Author = { kind: 'model', name, seed, sampling: model.sampling };
  let arrived = '';
  let said: Utterance | undefined;
  try {
    [said] = await state.during({ kind: 'speaking', role, model: name }, (signal) =>
      speak(
        model,
        {
          role,
          context,
          contextBudget: state.options.contextBudget,
          turns: state.prompt(parent),
          n: 1,
          seed,
          onDelta: (_, text) => {
            arrived += text;
            state.emit({ type: 'delta', role, text });
          },
          onDropped: (turns) =>
            state.emit({ type: 'notice', text: `${name} does not see the first ${turns} turns: its window is full` }),
        },
        signal,
      ),
    );
  } catch (error) {
    if (arrived.trim() !== '') await commit(state, role, { content: arrived.trim(), by, partial: true }, parent);
    throw error;
  }
  // Not within the `try`: a whole reply whose score is cancelled must not be kept a second time, as a partial one.
  if (said) await commit(state, role, { content: said.text, by, ...(said.end ? { end: true } : {}) }, parent);
}

/** Saves a turn, then tells of it, then judges it. */
export async function commit(
  state: ConversationState,
  role: Role,
  turn: { content: string; by: Author; end?: boolean; partial?: boolean },
  parent: number | null = state.nextParent(),
): Promise<void> {
  const added = addTurn(state.session, parent, { role, ...turn, at: state.ports.clock.now().toISOString() });
  await state.change(added.session);
  state.emit({ type: 'turn', node: added.node });
  if (hasRiskLanguage([turn.content]) && !hasRiskLanguage(saidBefore(state, parent))) {
    state.emit({ type: 'notice', text: 'risk language: this session is now marked so, and kept out of demos' });
  }
  try {
    if (role === 'user' && !turn.partial) await judgeBranch(state);
  } finally {
    if (turn.end) state.emit({ type: 'ended', by: turn.by.kind === 'human' ? 'person' : 'simulator' });
  }
}

function saidBefore(state: ConversationState, id: number | null): string[] {
  return [state.session.context.current_summary ?? '', ...state.path(id).map((node) => node.content)];
}

/**
 * Gives every user turn of the open branch its z_t by the current discriminator; those that have one keep it. A turn that
 * could not be judged is still a turn: the session goes on, and `retry` judges it later. Throws only when it is cancelled,
 * since whoever stops the judging wants nothing else to begin after it.
 */
export async function judgeBranch(state: ConversationState): Promise<void> {
  const name = state.session.roles.discriminator;
  if (name === null) return;
  const missing = state
    .path()
    .filter((node) => node.role === 'user' && !node.partial && node.content.trim() !== '' && !node.scores[name]);
  if (missing.length === 0) return;
  try {
    const discriminator = await state.during({ kind: 'loading', model: name }, (signal) =>
      state.ports.models.discriminator(name, signal),
    );
    for (const node of missing) {
      const z = await state.during({ kind: 'judging', node: node.id }, (signal) =>
        judge(discriminator, state.session.context, state.prompt(node.id), signal),
      );
      const { logitP0: logit_p0, template, engine } = discriminator;
      const score = { z, logit_p0, template, engine };
      const scores = { ...state.session.nodes[node.id]?.scores, [name]: score };
      await state.change(setNode(state.session, node.id, { scores }));
      const r = z - state.zBefore(node, name, discriminator.logitP0);
      state.emit({ type: 'scored', node: node.id, discriminator: name, score, r });
    }
  } catch (error) {
    const known = asFoilError(error);
    if (!known) throw error;
    state.emit({ type: 'error', error: known, retry: true });
  }
}
