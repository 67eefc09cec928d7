import type { ChatModel, Discriminator } from '../../ports.ts';
import { RULE_PREFIX } from '../../preference/decisions.ts';
import { lintPair } from '../../preference/lint.ts';
import type { Session } from '../../session/schema.ts';
import { mine } from '../mine/mine.ts';
import { scoreSessions, storedScore } from '../score.ts';
import { deriveSeed } from '../seed.ts';
import { corpusOf, nameOf, progress, type StageContext, type StageWork, simulatorName } from './context.ts';
import { splitsOf } from './needs.ts';
import type { LoopEvent } from './types.ts';

/**
 * Algorithm 1, line 6, first half: r_t of every user turn of this iteration's sessions, under its own discriminator.
 */
export async function* scoreStage(context: StageContext): StageWork {
  const { ports, settings, cell, signal } = context;
  const judge = await ports.models.discriminator(nameOf(context, 'discriminator', cell.iteration), signal);
  const corpora = splitsOf(settings).map((split) => corpusOf(context, cell.iteration, split));
  return { counts: { sessions: yield* scoreCorpora(context, judge, corpora) } };
}

/**
 * Scores of corpora, each on the disk before the next is asked for; those that are there are kept, and count as done from the
 * start.
 * @param only the sessions that are meant; null: all. @returns how many sessions have a score now.
 */
export async function* scoreCorpora(
  context: StageContext,
  judge: Discriminator,
  corpora: readonly string[],
  only: (session: Session) => boolean = () => true,
): AsyncGenerator<LoopEvent, number> {
  const { ports, signal } = context;
  let [done, of] = [0, 0];
  for (const corpus of corpora) {
    for await (const session of ports.sessions.stream(corpus)) {
      if (!only(session)) continue;
      of += 1;
      if (storedScore(session, judge)) done += 1;
    }
  }
  for (const corpus of corpora) {
    const todo = async function* () {
      for await (const session of ports.sessions.stream(corpus)) {
        if (only(session) && !storedScore(session, judge)) yield session;
      }
    };
    const text = `${judge.name} judges ${corpus}`;
    yield progress(context, text, done, of);
    for await (const { score } of scoreSessions(judge, todo(), signal)) {
      await ports.sessions.appendScores(corpus, [score]);
      done += 1;
      yield progress(context, text, done, of);
    }
  }
  return of;
}

/** Keeps the seeds of the iterations apart: each samples its alternatives anew. */
const MINE_SEED = 0x10f;

/** Algorithm 1, lines 6 to 8. Resumes by the journal of mining. */
export async function* mineStage(context: StageContext): StageWork {
  const { ports, settings, cell, outputs, signal } = context;
  const { iteration } = cell;
  const { on, critical, n, rules, limit } = settings.mine;
  const simulator: ChatModel = await ports.models.chatModel(simulatorName(context, iteration), 'simulator', signal);
  const discriminator = await ports.models.discriminator(nameOf(context, 'discriminator', iteration), signal);
  const request = {
    ...{ simulator, discriminator, critical, n, rules },
    corpus: corpusOf(context, iteration, on),
    set: outputs[0]!.name,
    seed: deriveSeed(settings.seed, iteration, MINE_SEED),
    contextBudget: settings.context_budget,
    concurrency: settings.at_once ?? 1,
    limit: limit ?? undefined,
  };
  const work = mine(ports, request, signal);
  for (;;) {
    const next = await work.next();
    if (next.done) {
      const { sessions, critical: turns, sampled, kept } = next.value;
      return { counts: { sessions, turns, sampled, pairs: kept }, figures: next.value };
    }
    const event = next.value;
    if (event.type === 'scored') yield progress(context, `scoring ${request.corpus}`, event.done);
    else if (event.type === 'turn') yield progress(context, 'critical turns', event.done, event.of);
  }
}

/** The reviewer that an auto-approve rule signs as. */
export const RULE_REVIEWER = `${RULE_PREFIX}loop`;

/**
 * The gate. For a person: it is open, and what they decided is counted. By a rule: each pair without a decision of the
 * rule gets
 * one, in the journal of the set, where a person can still overrule it.
 */
export async function* reviewStage(context: StageContext): StageWork {
  const { ports, settings, cell } = context;
  const set = nameOf(context, 'mine', cell.iteration);
  if (settings.review.by === 'rule') {
    const decided = new Set(
      (await ports.pairs.decisions(set)).filter(({ reviewer }) => reviewer === RULE_REVIEWER).map(({ pair }) => pair),
    );
    const pairs = await ports.pairs.list(set, []);
    const { margin, reject } = settings.review.rule;
    for (const [at, pair] of pairs.entries()) {
      if (decided.has(pair.id)) continue;
      const gap = (pair.chosen.r ?? 0) - (pair.rejected.r ?? 0);
      const found = lintPair(pair)
        .map(({ code }) => code)
        .filter((code) => reject.includes(code));
      const against = [...(gap < margin ? [`margin ${gap.toFixed(2)} under ${margin}`] : []), ...new Set(found)];
      await ports.pairs.decide(set, {
        ...{ schema: 1, pair: pair.id, reviewer: RULE_REVIEWER, decision: against.length === 0 ? 'approve' : 'reject' },
        ...{ at: ports.clock.now().toISOString(), ms: null, pass: 1, blind: null },
        note: against.length === 0 ? `margin ${gap.toFixed(2)}` : against.join(', '),
      });
      yield progress(context, 'pairs decided by the rule', at + 1, pairs.length);
    }
  }
  const counts = { approved: 0, rejected: 0, pending: 0 };
  for (const { decision } of await ports.pairs.list(set)) counts[decision] += 1;
  return { counts };
}
