import type { Discriminator } from '../../ports.ts';
import type { PromptTurn } from '../../prompt/messages.ts';
import { rewards } from '../../reward/reward.ts';
import type { Context, Session } from '../../session/schema.ts';
import { clauseSpans, type Span, sentenceSpans, without, wordSpans } from '../../text/spans.ts';
import { judge } from '../judge.ts';
import { scoreSession, storedScore } from '../score.ts';

/** A session as a discriminator reads it. */
export interface WhySession {
  readonly context: Context;
  readonly turns: readonly PromptTurn[];
}

/** What a part of a session adds to z: z with it less z without it. Below 0, it gives the simulator away. */
export interface Why {
  /** User turn, from 1. */
  readonly t: number;
  readonly grain: Span['grain'] | 'turn';
  /** Place in the turn's text. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly effect: number;
}

export type WhyEvent =
  /** z of the whole, and how many removals will be judged at most. */
  | { readonly type: 'begin'; readonly z: number; readonly of: number }
  | { readonly type: 'why'; readonly why: Why; readonly done: number; readonly of: number };

/** Removals that are judged for a turn at most, each of which costs one request. */
export const MOST_REMOVALS = 64;

/**
 * Why a user turn looks real or simulated: z_t with each sentence, clause and word of it taken out in turn. Words come last,
 * those of the clauses that matter most first, until `most` removals are judged.
 * @param t from 1. @returns largest effect first, either way. @throws RangeError for a turn that is not there.
 */
export async function* whysOfTurn(
  discriminator: Discriminator,
  { context, turns }: WhySession,
  t: number,
  signal: AbortSignal,
  most: number = MOST_REMOVALS,
): AsyncGenerator<WhyEvent, Why[], undefined> {
  const at = userTurns(turns)[t - 1];
  if (at === undefined) throw new RangeError(`no user turn ${t}`);
  const { content } = turns[at] as PromptTurn;
  const history = turns.slice(0, at);
  const z = await judge(discriminator, context, turns.slice(0, at + 1), signal);
  const coarse = distinct([...sentenceSpans(content), ...clauseSpans(content)]);
  const words = distinct([...coarse, ...wordSpans(content)]).slice(coarse.length);
  const of = Math.min(most, coarse.length + words.length);
  yield { type: 'begin', z, of };
  const found: Why[] = [];
  const remove = async (span: Span): Promise<Why | null> => {
    const rest = without(content, span);
    // a turn of nothing is no turn, and what removes all of it says no more than r_t does
    if (!/\S/u.test(rest)) return null;
    const left = await judge(discriminator, context, [...history, { role: 'user', content: rest }], signal);
    const { grain, start, end } = span;
    return { t, grain, start, end, text: content.slice(start, end), effect: z - left };
  };
  let done = 0;
  for (const list of [() => coarse, () => byClause(words, found)]) {
    for (const span of list()) {
      if (done === of) break;
      done += 1;
      const why = await remove(span);
      if (why === null) continue;
      found.push(why);
      yield { type: 'why', why, done, of };
    }
  }
  return byEffect(found);
}

/**
 * Which user turns make a session look real or simulated: z_T at its last user turn, with each earlier one taken out in turn;
 * the chatbot's turns around it become one. The effect of the last is r_T (Eq. 4).
 * @returns largest effect first, either way; none for a session without user turns.
 */
export async function* whysOfSession(
  discriminator: Discriminator,
  { context, turns }: WhySession,
  signal: AbortSignal,
): AsyncGenerator<WhyEvent, Why[], undefined> {
  const users = userTurns(turns);
  const last = users.at(-1);
  if (last === undefined) return [];
  const read = turns.slice(0, last + 1);
  const z = await judge(discriminator, context, read, signal);
  yield { type: 'begin', z, of: users.length };
  const found: Why[] = [];
  for (const [index, at] of users.entries()) {
    const rest = at === last ? turns.slice(0, (users.at(-2) ?? -1) + 1) : withoutTurn(read, at);
    const left = rest.length === 0 ? discriminator.logitP0 : await judge(discriminator, context, rest, signal);
    const { content } = turns[at] as PromptTurn;
    const why: Why = { t: index + 1, grain: 'turn', start: 0, end: content.length, text: content, effect: z - left };
    found.push(why);
    yield { type: 'why', why, done: index + 1, of: users.length };
  }
  return byEffect(found);
}

/** Places of the user turns with words. */
function userTurns(turns: readonly PromptTurn[]): number[] {
  return turns.flatMap(({ role, content }, at) => (role === 'user' && content.trim() !== '' ? [at] : []));
}

/** Roles alternate: the turns on both sides of the one that goes are of one role, and become one. */
function withoutTurn(turns: readonly PromptTurn[], at: number): PromptTurn[] {
  const [before, after] = [turns[at - 1], turns[at + 1]];
  if (!before || !after) return turns.filter((_, index) => index !== at);
  const joined = { ...before, content: `${before.content}\n${after.content}` };
  return [...turns.slice(0, at - 1), joined, ...turns.slice(at + 2)];
}

/** Each place once, with the coarser grain: a sentence of one clause is not asked about twice. */
function distinct(spans: readonly Span[]): Span[] {
  const seen = new Set<string>();
  return spans.filter(({ start, end }) => {
    const key = `${start}-${end}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Words of the clauses, or sentences, whose removal moves z most, first. */
function byClause(words: readonly Span[], found: readonly Why[]): Span[] {
  const weight = ({ start, end }: Span) =>
    Math.max(0, ...found.filter((why) => why.start <= start && end <= why.end).map(({ effect }) => Math.abs(effect)));
  return [...words].sort((a, b) => weight(b) - weight(a) || a.start - b.start);
}

function byEffect(found: readonly Why[]): Why[] {
  return [...found].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
}

export interface CorpusWhysOptions {
  /** Turns of lowest r of each session that are looked into. */
  readonly perSession: number;
  /** Removals a turn. */
  readonly most: number;
}

export const CORPUS_WHYS: CorpusWhysOptions = { perSession: 1, most: 24 };

/** What was found in one session. */
export interface SessionWhys {
  readonly session: Pick<Session, 'id' | 'meta'>;
  readonly whys: readonly Why[];
}

/**
 * The same over a corpus: at the turns of each session that look most simulated, by stored scores where this discriminator
 * has any, else by scoring. What it gives is grouped by giveawayExhibit.
 */
export async function* whysOfCorpus(
  discriminator: Discriminator,
  sessions: readonly Session[],
  { perSession, most }: CorpusWhysOptions,
  signal: AbortSignal,
): AsyncGenerator<SessionWhys & { readonly done: number; readonly of: number }, void, undefined> {
  for (const [index, session] of sessions.entries()) {
    const { z, logitP0 } = storedScore(session, discriminator) ?? (await scoreSession(discriminator, session, signal));
    const lowest = rewards(z, logitP0)
      .sort((a, b) => a.r - b.r || a.t - b.t)
      .slice(0, perSession);
    const whys: Why[] = [];
    for (const { t } of lowest) {
      for await (const event of whysOfTurn(discriminator, session, t, signal, most)) {
        if (event.type === 'why') whys.push(event.why);
      }
    }
    yield { session, whys, done: index + 1, of: sessions.length };
  }
}
