import { FoilError } from '../../errors.ts';
import type { ChatModel, Discriminator } from '../../ports.ts';
import type { Candidate } from '../../preference/candidates.ts';
import { rank } from '../../preference/candidates.ts';
import { MANUAL_SET, type PreferencePair } from '../../preference/schema.ts';
import { countUserTurns, tip, toTurns } from '../../session/tree.ts';
import { alternatives, zAfter, zBefore } from '../alternatives.ts';
import { deriveSeed } from '../seed.ts';
import type { ConversationState } from './state.ts';
import { commit, judgeBranch } from './turns.ts';
import type { Activity } from './types.ts';

/** Keeps the seeds of alternatives apart from those of turns. */
const ALTERNATIVES_SEED = 0xa17e;

/** Opens the branch through a turn, at its newest tip or at the turn itself. */
export async function goto(state: ConversationState, id: number, exact: boolean): Promise<void> {
  state.node(id);
  await state.change({ ...state.session, head: exact ? id : tip(state.session, id) });
  await judgeBranch(state);
}

/** n alternatives at a user turn, told of as they are judged, then ranked by r with the original among them. */
export async function sampleAlternatives(
  state: ConversationState,
  id: number,
  n: number,
  known: number,
): Promise<void> {
  const node = state.userNode(id);
  const { simulator, discriminator } = await models(state);
  const progress = { sampled: 0, judged: 0 };
  const toJudge = n + (known === 0 ? 1 : 0);
  const activity = (): Activity => ({ kind: 'alternatives', node: id, ...progress, of: n, toJudge });
  await state.during(activity(), async (signal) => {
    const found: Candidate[] = [];
    const request = {
      context: state.session.context,
      contextBudget: state.options.contextBudget,
      history: state.prompt(node.parent),
      original: known === 0 ? { text: node.content, end: node.end === true, by: node.by } : null,
      firstIndex: known,
      n,
      seed: deriveSeed(state.session.seed, id, ALTERNATIVES_SEED + known),
    };
    for await (const event of alternatives(simulator, discriminator, request, signal)) {
      if (event.type === 'sampled') {
        progress.sampled = event.done;
        state.emit({ type: 'activity', activity: activity() });
      } else if (event.type === 'candidate') {
        found.push(event.candidate);
        progress.judged = found.length;
        state.emit({ type: 'activity', activity: activity() });
        state.emit({ type: 'candidates', node: id, candidates: rank(found), previousZ: null, done: false });
      } else {
        const { candidates, previousZ } = event;
        state.emit({ type: 'candidates', node: id, candidates, previousZ, done: true });
      }
    }
  });
}

/** Adds an alternative to the tree and opens it; the original is a turn already, and is only opened. */
export async function continueFrom(state: ConversationState, id: number, candidate: Candidate): Promise<void> {
  const node = state.userNode(id);
  const { text: content, by, end } = candidate;
  if (content === node.content && end === (node.end === true)) return await goto(state, id, true);
  await commit(state, 'user', { content, by, ...(end ? { end } : {}) }, node.parent);
}

/** A new sibling of a turn with another text, judged and opened. */
export async function edit(state: ConversationState, id: number, text: string): Promise<void> {
  const node = state.node(id);
  if (text.trim() === '')
    throw new FoilError('empty-turn', 'an empty message is no turn', { remedy: 'write something' });
  await commit(state, node.role, { content: text, by: { kind: 'human' } }, node.parent);
}

/** z and r of another text at a user turn, as a candidate of index -1; the tree stays as it is. */
export async function rescore(state: ConversationState, id: number, text: string): Promise<void> {
  const node = state.userNode(id);
  const { discriminator } = await models(state);
  await state.during({ kind: 'judging', node: id }, async (signal) => {
    const [context, history] = [state.session.context, state.prompt(node.parent)];
    const z = await zAfter(discriminator, context, history, text, signal);
    const previousZ = discriminator ? await zBefore(discriminator, context, history, signal) : null;
    const r = z === null || previousZ === null ? null : z - previousZ;
    const candidate: Candidate = { index: -1, text, end: false, by: { kind: 'human' }, z, r };
    state.emit({ type: 'candidates', node: id, candidates: [candidate], previousZ, done: true });
  });
}

/** Saves a preference pair of two candidates of one turn. @throws FoilError `same-sides` if they say the same. */
export async function makePair(
  state: ConversationState,
  id: number,
  chosen: Candidate,
  rejected: Candidate,
): Promise<void> {
  const node = state.userNode(id);
  if (chosen.text === rejected.text && chosen.end === rejected.end) {
    throw new FoilError('same-sides', 'both sides of the pair say the same', {
      remedy: 'mark two different candidates',
    });
  }
  const side = ({ text: content, end, r, by }: Candidate) => ({ content, end, r, by });
  const { context, roles, id: session } = state.session;
  const pair: PreferencePair = {
    schema: 1,
    id: state.ports.newId('pair'),
    created: state.ports.clock.now().toISOString(),
    origin: 'manual',
    context,
    history: toTurns(state.path(node.parent)).map(({ role, content }) => ({ role, content })),
    chosen: side(chosen),
    rejected: side(rejected),
    discriminator: roles.discriminator,
    simulator: roles.simulator,
    session,
    t: countUserTurns(state.path(id)),
    decision: 'approved',
  };
  // The session of a pair must be found again, also where nothing was said or judged in it since it was opened.
  await state.ports.sessions.saveLive(state.session);
  await state.ports.pairs.append(MANUAL_SET, [pair]);
  state.emit({ type: 'pair', pair });
}

async function models(
  state: ConversationState,
): Promise<{ simulator: ChatModel; discriminator: Discriminator | null }> {
  const { simulator, discriminator } = state.session.roles;
  return await state.during({ kind: 'loading', model: simulator }, async (signal) => ({
    simulator: await state.ports.models.chatModel(simulator, 'simulator', signal),
    discriminator: discriminator === null ? null : await state.ports.models.discriminator(discriminator, signal),
  }));
}
