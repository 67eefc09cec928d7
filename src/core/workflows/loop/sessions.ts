import { FoilError } from '../../errors.ts';
import type { Session } from '../../session/schema.ts';
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
  const total: Record<string, number> = { sessions: 0 };
  for (const [at, split] of splits.entries()) {
    const corpus = outputs[at]!.name;
    const made = yield* sessionsOf(
      context,
      simulatorName(context, cell.iteration),
      groups.get(split) ?? [],
      corpus,
      settings.seed,
    );
    for (const [what, count] of Object.entries(made)) total[what] = (total[what] ?? 0) + count;
  }
  return { counts: total };
}

/** A corpus of sessions of a simulator on given contexts, with the chatbots that each context meets. */
export async function* sessionsOf(
  context: StageContext,
  simulator: string,
  contexts: readonly Session[],
  corpus: string,
  seed: number,
): AsyncGenerator<LoopEvent, Record<string, number>> {
  const { ports, settings, signal } = context;
  if (contexts.length === 0)
    throw new FoilError('no-contexts', `there are no contexts for ${corpus}`, { remedy: 'see `foil sessions`' });
  const model = await ports.models.chatModel(simulator, 'simulator', signal);
  const chatbots = await ports.chatbots(settings.chatbots, signal);
  const rounds = meetings(contexts, chatbots, settings.chatbots_a_context);
  const planned =
    rounds.reduce((sum, round) => sum + round.contexts.length * round.chatbots.length, 0) * settings.per_context;
  let before = 0;
  const counts: Record<string, number> = {};
  const add = (what: string, count: number) => {
    if (count > 0) counts[what] = (counts[what] ?? 0) + count;
  };
  for (const round of rounds) {
    const journal = await ports.turnJournal(corpus);
    const config = new Map(round.chatbots.map((chatbot) => [chatbot.model.name, chatbot.config]));
    const request = {
      simulator: model,
      chatbots: round.chatbots.map((chatbot) => chatbot.model),
      describe: (name: string) => config.get(name) ?? undefined,
      contexts: round.contexts,
      contextCount: round.contexts.length,
      perContext: settings.per_context,
      seed,
      maxUserTurns: settings.max_user_turns,
      contextBudget: settings.context_budget,
      done: await ports.sessionIds(corpus),
      atOnce: settings.at_once ?? undefined,
    };
    const append = (sessions: readonly Session[]) => ports.sessions.append(corpus, sessions);
    let summary: Summary | null = null;
    for await (const event of simulate(request, { clock: ports.clock, journal, append }, signal)) {
      if (event.type === 'progress') {
        const { finished, skipped } = event.progress;
        yield progress(context, `${corpus}, ${event.progress.turns} turns`, before + finished + skipped, planned);
      } else if (event.type === 'done') summary = event.summary;
    }
    if (!summary) continue;
    before += summary.sessions + summary.skipped;
    for (const [code, count] of Object.entries(summary.failed)) add(code, count);
  }
  add('sessions', before);
  if (before === 0) {
    throw new FoilError('no-sessions', `no session of ${simulator} came to an end`, {
      remedy: `talk to it: foil chat --simulator ${simulator}`,
    });
  }
  return counts;
}

/**
 * Sessions that are given must be of simulator 0, on contexts of their split.
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
      if (simulator === settings.simulator && known) continue;
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

/** Which contexts meet which chatbots: all of them, or one each, in turn. */
function meetings(
  contexts: readonly Session[],
  chatbots: readonly LoopChatbot[],
  each: 'one' | 'all',
): { contexts: readonly Session[]; chatbots: readonly LoopChatbot[] }[] {
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
