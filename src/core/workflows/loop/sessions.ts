import { FoilError } from '../../errors.ts';
import type { ChatModel } from '../../ports.ts';
import type { Session } from '../../session/schema.ts';
import { countUserTurns } from '../../session/tree.ts';
import { diagnosticsSchema } from '../simulate/diagnostics.ts';
import { simulate } from '../simulate/simulate.ts';
import type { Summary } from '../simulate/types.ts';
import { contextOf, contextsOf, progress, type StageContext, type StageWork, simulatorName } from './context.ts';
import { givenTo, type Split, splitsOf } from './needs.ts';
import type { LoopChatbot, LoopEvent } from './types.ts';

/**
 * Algorithm 1, line 4: sessions of simulator k on the contexts of every split. Resumes by the journals of simulating.
 */
export async function* simulateStage(context: StageContext): StageWork {
  const { settings, cell, outputs } = context;
  const splits = splitsOf(settings);
  const groups = new Map<string, Session[]>();
  for (const split of splits) groups.set(split, await contextsOf(context, split));
  checkDisjoint(groups);
  if (givenTo(settings, cell.iteration, 'simulate')) return { counts: { sessions: await checkGiven(context, groups) } };
  const corpora = splits.map((split, at) => ({ corpus: outputs[at]!.name, contexts: groups.get(split) ?? [] }));
  return { counts: yield* sessionsOf(context, simulatorName(context, cell.iteration), corpora, settings.seed) };
}

/**
 * Corpora of sessions of a simulator on given contexts, with the chatbots that each context meets. Progress counts the sessions
 * of all of them.
 * @returns sessions, and failures by their code. @throws FoilError `no-contexts` or `no-sessions` of a corpus that stays empty.
 */
export async function* sessionsOf(
  context: StageContext,
  simulator: string,
  corpora: readonly { readonly corpus: string; readonly contexts: readonly Session[] }[],
  seed: number,
): AsyncGenerator<LoopEvent, Record<string, number>> {
  const { ports, settings, signal } = context;
  const empty = corpora.find(({ contexts }) => contexts.length === 0);
  if (empty)
    throw new FoilError('no-contexts', `there are no contexts for ${empty.corpus}`, { remedy: 'see `foil sessions`' });
  const model = await ports.models.chatModel(simulator, 'simulator', signal);
  const chatbots = await ports.chatbots(settings.chatbots, signal);
  const meeting = corpora.map(({ corpus, contexts }) => ({
    corpus,
    rounds: meetings(contexts, chatbots, settings.chatbots_a_context),
  }));
  const planned =
    meeting
      .flatMap(({ rounds }) => rounds)
      .reduce((sum, round) => sum + round.contexts.length * round.chatbots.length, 0) * settings.per_context;
  const counts: Record<string, number> = { sessions: 0 };
  let before = 0;
  for (const { corpus, rounds } of meeting) {
    const first = before;
    for (const round of rounds) {
      const summary = yield* roundOf(context, model, round, corpus, seed, [before, planned]);
      before += summary.sessions + summary.skipped;
      for (const [code, count] of Object.entries(summary.failed)) {
        if (count > 0) counts[code] = (counts[code] ?? 0) + count;
      }
    }
    if (before === first) {
      throw new FoilError('no-sessions', `no session of ${simulator} for ${corpus} came to an end`, {
        remedy: `talk to it: foil chat --simulator ${simulator}`,
      });
    }
  }
  return { ...counts, sessions: before };
}

interface Round {
  readonly contexts: readonly Session[];
  readonly chatbots: readonly LoopChatbot[];
}

/** Sessions of contexts that meet the same chatbots; `before` of the `planned` ones are there already. */
async function* roundOf(
  context: StageContext,
  simulator: ChatModel,
  { contexts, chatbots }: Round,
  corpus: string,
  seed: number,
  [before, planned]: readonly [number, number],
): AsyncGenerator<LoopEvent, Pick<Summary, 'sessions' | 'skipped' | 'failed'>> {
  const { ports, settings, signal } = context;
  const journal = await ports.turnJournal(corpus);
  const config = new Map(chatbots.map((chatbot) => [chatbot.model.name, chatbot.config]));
  const request = {
    simulator,
    chatbots: chatbots.map((chatbot) => chatbot.model),
    describe: (name: string) => config.get(name) ?? undefined,
    contexts,
    contextCount: contexts.length,
    perContext: settings.per_context,
    seed,
    maxUserTurns: settings.max_user_turns,
    contextBudget: settings.context_budget,
    done: await ports.sessionIds(corpus),
    atOnce: settings.at_once ?? undefined,
  };
  const append = (sessions: readonly Session[]) => ports.sessions.append(corpus, sessions);
  let summary: Pick<Summary, 'sessions' | 'skipped' | 'failed'> = { sessions: 0, skipped: 0, failed: {} };
  for await (const event of simulate(request, { clock: ports.clock, journal, append }, signal)) {
    if (event.type === 'progress') {
      const { finished, skipped, turns } = event.progress;
      yield progress(context, `${corpus}, ${turns} turns`, before + finished + skipped, planned);
    } else if (event.type === 'done') summary = event.summary;
  }
  return summary;
}

/**
 * Sessions that are given must be of simulator 0, on contexts of their split, under the cap of the loop.
 * @returns how many there are. @throws FoilError `not-of-loop` that names the session.
 */
async function checkGiven(
  { ports, settings, outputs, signal }: StageContext,
  groups: ReadonlyMap<string, readonly Session[]>,
): Promise<number> {
  let count = 0;
  for (const [at, [split, real]] of [...groups].entries()) {
    const corpus = outputs[at]!.name;
    const contexts = new Set(real.map(({ id }) => id));
    for await (const session of ports.sessions.stream(corpus)) {
      signal.throwIfAborted();
      count += 1;
      const { id, origin } = session;
      const known = contexts.has(contextOf(session));
      const simulator = origin === 'real' ? null : origin.simulator;
      if (simulator === settings.simulator && known) {
        checkCap(session, corpus, settings.max_user_turns);
        continue;
      }
      const of = simulator === null ? 'a real one' : `of ${simulator}`;
      throw new FoilError(
        'not-of-loop',
        simulator === settings.simulator
          ? `the context of ${id} in ${corpus} is none of the ${split} sessions ${settings.contexts[split as Split]}`
          : `${id} in ${corpus} is ${of}, and simulator 0 is ${settings.simulator}`,
        {
          remedy: 'give sessions that `foil simulate` made of simulator 0 on these contexts (loop.json: given, limits)',
        },
      );
    }
  }
  return count;
}

/** @throws FoilError `not-of-loop`: later simulators would be compared with this one on shorter, or on longer, sessions. */
function checkCap({ id, turns, meta }: Session, corpus: string, cap: number): void {
  const count = countUserTurns(turns);
  const found = diagnosticsSchema.safeParse(meta['diagnostics']).data;
  if (count === cap || (count < cap && !found?.run_on)) return;
  throw new FoilError(
    'not-of-loop',
    count > cap
      ? `${id} in ${corpus} has ${count} user turns, and max_user_turns of this loop is ${cap}`
      : `${id} in ${corpus} was cut off after ${count} user turns, and max_user_turns of this loop is ${cap}`,
    { remedy: 'set max_user_turns in loop.json to the cap that these sessions were simulated with' },
  );
}

/** Which contexts meet which chatbots: all of them, or one each, in turn. */
function meetings(contexts: readonly Session[], chatbots: readonly LoopChatbot[], each: 'one' | 'all'): Round[] {
  if (each === 'all' || chatbots.length === 1) return [{ contexts, chatbots }];
  return chatbots
    .map((chatbot, at) => ({
      contexts: contexts.filter((_, index) => index % chatbots.length === at),
      chatbots: [chatbot],
    }))
    .filter((round) => round.contexts.length > 0);
}

/** @throws FoilError `shared-context`: D, mining and DPO would then know what they are judged on. */
function checkDisjoint(groups: ReadonlyMap<string, readonly Session[]>): void {
  const seen = new Map<string, string>();
  for (const [split, sessions] of groups) {
    for (const { id, context } of sessions) {
      const key = context.current_summary?.toLowerCase() ?? id;
      const other = seen.get(key) ?? split;
      seen.set(key, other);
      if (other === split) continue;
      throw new FoilError(
        'shared-context',
        `the context of ${id} stands in the ${other} and in the ${split} sessions`,
        {
          remedy: 'split the corpora by context: the same situation must not stand in two of them',
        },
      );
    }
  }
}
