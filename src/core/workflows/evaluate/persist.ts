import { contextIdOf } from '../../evaluate/behaviour/annotations.ts';
import type { Continued } from '../../evaluate/judges/persistence.ts';
import type { ChatModel, Discriminator } from '../../ports.ts';
import type { Candidate } from '../../preference/candidates.ts';
import type { MinedTurn } from '../../preference/mined.ts';
import type { PromptTurn } from '../../prompt/messages.ts';
import type { Session } from '../../session/schema.ts';
import { judge } from '../judge.ts';
import { deriveSeed, seedOf } from '../seed.ts';
import { speak } from '../speak.ts';

export interface PersistRequest {
  readonly simulator: ChatModel;
  readonly chatbot: ChatModel;
  readonly discriminator: Discriminator;
  /** Kept turns of a mined set with the sessions that they are of; turns that were dropped have nothing to compare. */
  readonly turns: readonly { readonly session: Session; readonly mined: MinedTurn }[];
  /** User turns to go on for. */
  readonly ahead: number;
  readonly seed: number;
  readonly contextBudget?: number | undefined;
}

export type PersistEvent = {
  readonly type: 'continued';
  readonly continued: Continued;
  readonly done: number;
  readonly of: number;
};

/** Keeps these seeds apart from those of simulating and mining the same sessions. */
const PERSIST_SEED = 0x9e51;

/**
 * Goes on from the chosen and from the rejected alternative of each mined turn, chatbot and simulator by turns, with the same
 * seeds on both sides, and judges every user turn: whether the gain that a pair teaches is still there later.
 */
export async function* continueAlternatives(
  request: PersistRequest,
  signal: AbortSignal,
): AsyncGenerator<PersistEvent, Continued[], undefined> {
  const kept = request.turns.filter(({ mined }) => mined.outcome.kept);
  const all: Continued[] = [];
  for (const [index, { session, mined }] of kept.entries()) {
    const { outcome, t, candidates } = mined;
    if (!outcome.kept) continue;
    const at = userTurnIndex(session, t);
    const sides: number[][] = [];
    for (const wanted of [outcome.chosen, outcome.rejected]) {
      const candidate = candidates.find((one) => one.index === wanted);
      if (!candidate) throw new RangeError(`no candidate ${wanted} at ${session.id}, t ${t}`);
      sides.push(await goOn(request, session, session.turns.slice(0, at), candidate, t, signal));
    }
    const [chosen = [], rejected = []] = sides;
    const continued = { session: session.id, context: contextIdOf(session), chosen, rejected };
    all.push(continued);
    yield { type: 'continued', continued, done: index + 1, of: kept.length };
  }
  return all;
}

/** z at the alternative, and after each further user turn until the simulator ends the session. */
async function goOn(
  { simulator, chatbot, discriminator, ahead, seed, contextBudget }: PersistRequest,
  { id, context }: Session,
  history: readonly PromptTurn[],
  { text, end, z }: Candidate,
  t: number,
  signal: AbortSignal,
): Promise<number[]> {
  if (z === null) return [];
  const out = [z];
  const turns: PromptTurn[] = [
    ...history.map(({ role, content }) => ({ role, content })),
    { role: 'user', content: text },
  ];
  for (let k = 1; k <= ahead && !end; k += 1) {
    const seeds = [0, 1].map((side) => deriveSeed(seed, seedOf(id), t, k, side, PERSIST_SEED));
    const [reply] = await speak(chatbot, { role: 'assistant', context, turns, n: 1, seed: seeds[0] ?? 0 }, signal);
    if (!reply || reply.text === '') break;
    turns.push({ role: 'assistant', content: reply.text });
    const request = { role: 'user', context, contextBudget, turns, n: 1, seed: seeds[1] ?? 0 } as const;
    const [said] = await speak(simulator, request, signal);
    if (!said || said.text === '') break;
    turns.push({ role: 'user', content: said.text });
    out.push(await judge(discriminator, context, turns, signal));
    if (said.end) break;
  }
  return out;
}

function userTurnIndex({ id, turns }: Session, t: number): number {
  let seen = 0;
  const at = turns.findIndex(({ role, content }) => role === 'user' && content.trim() !== '' && ++seen === t);
  if (at === -1) throw new RangeError(`session ${id} has no user turn ${t}`);
  return at;
}
