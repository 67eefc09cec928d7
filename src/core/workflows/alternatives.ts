import type { ChatModel, Discriminator } from '../ports.ts';
import { type Candidate, rank } from '../preference/candidates.ts';
import type { PromptTurn } from '../prompt/messages.ts';
import type { Author, Context } from '../session/schema.ts';
import { Channel } from './channel.ts';
import { judge } from './judge.ts';
import { speak } from './speak.ts';

export interface AlternativesRequest {
  readonly context: Context;
  readonly contextBudget?: number | undefined;
  /** h_t: the turns before the user turn in question. */
  readonly history: readonly PromptTurn[];
  /** The text that stands at the turn; null when more samples join alternatives that have it already. */
  readonly original: { text: string; end: boolean; by: Author } | null;
  /** Index of the first candidate; 0 unless more samples join earlier ones. */
  readonly firstIndex?: number;
  /** How many to sample; 8 in the paper. */
  readonly n: number;
  readonly seed: number;
}

export type AlternativesEvent =
  | { readonly type: 'sampled'; readonly done: number; readonly of: number }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  | { readonly type: 'ranked'; readonly candidates: readonly Candidate[]; readonly previousZ: number | null };

/**
 * Alternatives at a user turn (3.5, Preference Dataset Generation): n samples from one prefix in one request, each judged on
 * that same prefix, ranked by r with the original among them.
 */
export async function* alternatives(
  simulator: ChatModel,
  discriminator: Discriminator | null,
  request: AlternativesRequest,
  signal: AbortSignal,
): AsyncGenerator<AlternativesEvent, Candidate[], undefined> {
  const { context, contextBudget, history, n, seed } = request;
  const complete = new Channel<number>();
  const onSaid = (done: number) => complete.push(done);
  const prefix = { role: 'user', context, contextBudget, turns: history } as const;
  const speaking = speak(simulator, { ...prefix, n, seed, onSaid }, signal).finally(() => complete.close());
  // It may fail while whoever reads is busy with an event; it is awaited below.
  speaking.catch(() => undefined);
  for await (const done of complete) yield { type: 'sampled', done, of: n };
  const said = await speaking;

  const previousZ = discriminator ? await zBefore(discriminator, context, history, signal) : null;
  const sampled = said.map((utterance) => ({
    ...utterance,
    by: { kind: 'model' as const, name: simulator.name, seed: utterance.seed, sampling: simulator.sampling },
  }));
  const texts: readonly { text: string; end: boolean; by: Author }[] = [
    ...(request.original ? [request.original] : []),
    ...sampled,
  ];
  const candidates: Candidate[] = [];
  for (const [offset, { text, end, by }] of texts.entries()) {
    const index = (request.firstIndex ?? 0) + offset;
    const twin = candidates.find((other) => other.text === text);
    const z = twin ? twin.z : await zAfter(discriminator, context, history, text, signal);
    const candidate = { index, text, end, by, z, r: z === null || previousZ === null ? null : z - previousZ };
    candidates.push(candidate);
    yield { type: 'candidate', candidate };
  }
  const ranked = rank(candidates);
  yield { type: 'ranked', candidates: ranked, previousZ };
  return ranked;
}

/** z_t with `text` as the next user turn; null without a discriminator or words. */
export async function zAfter(
  discriminator: Discriminator | null,
  context: Context,
  history: readonly PromptTurn[],
  text: string,
  signal: AbortSignal,
): Promise<number | null> {
  if (!discriminator || text.trim() === '') return null;
  return await judge(discriminator, context, [...history, { role: 'user', content: text }], signal);
}

/** z_{t-1}: after the last user turn of h_t, or z_0 if there is none. */
export async function zBefore(
  discriminator: Discriminator,
  context: Context,
  history: readonly PromptTurn[],
  signal: AbortSignal,
): Promise<number> {
  const last = history.findLastIndex((turn) => turn.role === 'user' && turn.content.trim() !== '');
  return last === -1 ? discriminator.logitP0 : await judge(discriminator, context, history.slice(0, last + 1), signal);
}
