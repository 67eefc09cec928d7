import { asFoilError, FoilError } from '../../errors.ts';
import type { ChatModel } from '../../ports.ts';
import { hasRiskLanguage } from '../../session/risk.ts';
import type { Author, Role } from '../../session/schema.ts';
import { addTurn, countUserTurns, setNode } from '../../session/tree.ts';
import { judge } from '../judge.ts';
import { deriveSeed } from '../seed.ts';
import { type SpeakRequest, speak } from '../speak.ts';
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
  const request: SpeakRequest = {
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
  };
  // Kept while it still counts as being spoken, so that there is no moment at which neither the stream nor the turn shows.
  const turn = await state.during({ kind: 'speaking', role, model: name }, async (signal) => {
    const [said] = await speak(model, request, signal).catch(async (error: unknown) => {
      if (arrived.trim() !== '') await keep(state, role, { content: arrived.trim(), by, partial: true }, parent);
      throw error;
    });
    if (!said) return null;
    const whole: NewTurn = { content: said.text, by, ...(said.end ? { end: true } : {}) };
    await keep(state, role, whole, parent);
    return whole;
  });
  if (turn) await settle(state, role, turn);
}

interface NewTurn {
  readonly content: string;
  readonly by: Author;
  readonly end?: boolean;
  readonly partial?: boolean;
}

/** Saves a turn, then tells of it, then judges it. */
export async function commit(
  state: ConversationState,
  role: Role,
  turn: NewTurn,
  parent: number | null = state.nextParent(),
): Promise<void> {
  await keep(state, role, turn, parent);
  await settle(state, role, turn);
}

async function keep(state: ConversationState, role: Role, turn: NewTurn, parent: number | null): Promise<void> {
  const added = addTurn(state.session, parent, { role, ...turn, at: state.ports.clock.now().toISOString() });
  await state.change(added.session);
  state.emit({ type: 'turn', node: added.node });
  if (hasRiskLanguage([turn.content]) && !hasRiskLanguage(saidBefore(state, parent))) {
    state.emit({ type: 'notice', text: 'risk language: this session is now marked so, and kept out of demos' });
  }
}

/** What follows a turn that is kept: its score, and the end of the session. */
async function settle(state: ConversationState, role: Role, turn: NewTurn): Promise<void> {
  try {
    if (role === 'user') await judgeBranch(state);
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
